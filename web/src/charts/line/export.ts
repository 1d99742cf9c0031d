// A chart as a file: the same painter, another pen, the title above.

import { CanvasPen, fitCanvas, type Pen } from "../pen";
import { SvgPen } from "../svgpen";
import { readTheme } from "../theme";
import { looksOf } from "./looks";
import type { LineInput } from "./model";
import { layOut, paintChart } from "./paint";
import type { Domains } from "./ranges";

const PNG_RATIO = 2;
const TITLE_PX = 24;

/** Everything a picture depends on, at one moment. */
export interface Still {
  readonly input: LineInput;
  readonly size: { readonly width: number; readonly height: number };
  readonly domains: Domains;
}

export function chartSvg(still: Still): string {
  const theme = readTheme(still.input.themeVersion);
  const { width, height } = still.size;
  const measure = canvasPen(document.createElement("canvas"), theme.font);
  measure.begin(1, 1);
  const pen = new SvgPen(theme.font, (text) => measure.measure(text));
  drawTitle(pen, still);
  pen.move(0, TITLE_PX, () => drawStill(pen, still));
  return pen.finish(width, height + TITLE_PX);
}

export function chartPng(still: Still): Promise<Blob> {
  const theme = readTheme(still.input.themeVersion);
  const canvas = document.createElement("canvas");
  const { width, height } = still.size;
  fitCanvas(canvas, { width, height: height + TITLE_PX }, PNG_RATIO);
  const pen = canvasPen(canvas, theme.font);
  pen.begin(width, height + TITLE_PX);
  drawTitle(pen, still);
  pen.context.translate(0, TITLE_PX);
  drawStill(pen, still);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob) resolve(blob);
      else reject(new Error("the browser could not write this chart as PNG"));
    }, "image/png");
  });
}

function canvasPen(canvas: HTMLCanvasElement, font: string): CanvasPen {
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("this browser gave no 2D canvas");
  return new CanvasPen(context, PNG_RATIO, font);
}

function drawTitle(pen: Pen, { input, size }: Still): void {
  const theme = readTheme(input.themeVersion);
  const box = { left: 0, top: 0, width: size.width, height: size.height + TITLE_PX };
  pen.rect(box, theme.panel);
  pen.text(input.title, 12, 14, { color: theme.fg, align: "left", isBold: true });
}

function drawStill(pen: Pen, { input, size, domains }: Still): void {
  const theme = readTheme(input.themeVersion);
  const looks = looksOf(input, theme, pen.ratio);
  const layout = layOut(pen, size, looks, domains, input.options);
  paintChart(pen, theme, layout, looks, input.options);
}

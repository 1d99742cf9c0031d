// What follows the pointer: crosshair, lit run, dots, the range being dragged. It has its own
// canvas, so that moving the pointer never redraws the curves.

import { hitAt } from "../../data/hover";
import { toPixel, type Range } from "../../data/scale";
import type { Hover } from "../link";
import { crisp, type CanvasPen } from "../pen";
import { paintStripOverlay } from "../points/strip";
import type { ChartTheme } from "../theme";
import { NAMED_COUNT_MAX, type Look, type Looks } from "./looks";
import { drawBand, type Layout } from "./paint";
import { trace } from "./trace";

export interface Drag {
  readonly axis: "x" | "y";
  /** Pixels on that axis. */
  readonly range: Range;
}

const HALO_PX = 5;
const LIT_PX = 2;
const DOT_PX = 3;

export function paintOverlay(
  pen: CanvasPen,
  theme: ChartTheme,
  layout: Layout,
  looks: Looks,
  hover: Hover,
  drag: Drag | null,
): void {
  const { plot } = layout;
  pen.begin(layout.width, layout.height);
  if (layout.strip !== null) return paintStripOverlay(pen, theme, layout, layout.strip, hover);
  if (drag !== null) drawDrag(pen, theme, layout, drag);
  const lit = hover.run === null ? [] : looks.all.filter((l) => l.series.run === hover.run);
  if (looks.all.length > 1) {
    pen.clip(plot, () => {
      for (const look of lit) drawLit(pen, theme, layout, look);
    });
  }
  if (hover.x === null) return;
  const x = toPixel(layout.x, hover.x);
  if (!(x >= plot.left - 1 && x <= plot.left + plot.width + 1)) return;
  const at = crisp(x, pen.ratio);
  pen.segment(at, plot.top, at, plot.top + plot.height, {
    color: theme.fg2,
    width: 1,
    alpha: 0.55,
  });
  drawDots(pen, theme, layout, looks, lit, hover.x);
}

/** A grey run that is lit stands out in the colour of text. */
export function inkOf(theme: ChartTheme, look: Pick<Look, "color">): string {
  return look.color === theme.rest ? theme.fg : look.color;
}

function drawLit(pen: CanvasPen, theme: ChartTheme, layout: Layout, look: Look): void {
  const { series } = look;
  drawBand(pen, layout, look);
  const halo = trace(series, series.y, layout.x, layout.y, HALO_PX / 2);
  pen.polyline(halo.points, halo.size, { color: theme.panel, width: HALO_PX, alpha: 0.75 });
  const { points, size } = trace(series, series.y, layout.x, layout.y, 1 / pen.ratio);
  pen.polyline(points, size, { color: inkOf(theme, look), width: LIT_PX, dash: look.dash });
}

function drawDots(
  pen: CanvasPen,
  theme: ChartTheme,
  layout: Layout,
  looks: Looks,
  lit: readonly Look[],
  x: number,
): void {
  const { plot } = layout;
  const named = looks.highlighted.length > 0 ? looks.highlighted : looks.all;
  const dotted = named.length <= NAMED_COUNT_MAX ? named : [];
  for (const look of [...dotted.filter((one) => !lit.includes(one)), ...lit]) {
    const hit = hitAt(look.series, x);
    if (hit === null) continue;
    const px = toPixel(layout.x, hit.x);
    const py = toPixel(layout.y, hit.y);
    const isInside =
      px >= plot.left - 1 &&
      px <= plot.left + plot.width + 1 &&
      py >= plot.top - 1 &&
      py <= plot.top + plot.height + 1;
    if (!isInside) continue;
    pen.disc(px, py, DOT_PX + 1.5, theme.panel);
    pen.disc(px, py, lit.includes(look) ? DOT_PX + 0.5 : DOT_PX, inkOf(theme, look));
  }
}

function drawDrag(pen: CanvasPen, theme: ChartTheme, { plot }: Layout, drag: Drag): void {
  const [a, b] = drag.range;
  const stroke = { color: theme.accent, width: 1 };
  if (drag.axis === "x") {
    const box = {
      left: Math.min(a, b),
      width: Math.abs(b - a),
      top: plot.top,
      height: plot.height,
    };
    pen.rect(box, theme.accent, 0.12);
    for (const x of drag.range) {
      const at = crisp(x, pen.ratio);
      pen.segment(at, plot.top, at, plot.top + plot.height, stroke);
    }
    return;
  }
  const box = { left: plot.left, width: plot.width, top: Math.min(a, b), height: Math.abs(b - a) };
  pen.rect(box, theme.accent, 0.12);
  for (const y of drag.range) {
    const at = crisp(y, pen.ratio);
    pen.segment(plot.left, at, plot.left + plot.width, at, stroke);
  }
}

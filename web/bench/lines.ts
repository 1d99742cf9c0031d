// Times of the line kernel, from the call to rasterised pixels: a pixel is read back after each
// painting, because a canvas only notes what to draw until somebody looks.

import { mountLine, ChartLink, DEFAULT_OPTIONS, type LineInput } from "../src/charts/line/kernel";
import type { LineKernel } from "../src/charts/line/kernel";
import type { Series } from "../src/data/series";
import { curve } from "./curves";

export interface Timing {
  readonly firstMs: number;
  readonly zoomMs: number;
  readonly hoverMs: number;
}

interface Panel {
  readonly host: HTMLElement;
  readonly chart: LineKernel;
  readonly input: LineInput;
}

function addPanel(
  width: number,
  height: number,
  series: readonly Series[],
  link: ChartLink,
): Panel {
  const host = document.createElement("div");
  host.style.cssText = `position:absolute;left:0;top:0;width:${width}px;height:${height}px`;
  document.body.append(host);
  const chart = mountLine(host);
  const input = { title: "loss", series, options: DEFAULT_OPTIONS, link, themeVersion: "light" };
  return { host, chart, input };
}

function settle({ host }: Panel): void {
  for (const canvas of host.querySelectorAll("canvas")) {
    canvas.getContext("2d")?.getImageData(0, 0, 1, 1);
  }
}

function timed(panels: readonly Panel[], act: (panel: Panel) => void): number {
  const start = performance.now();
  for (const panel of panels) {
    act(panel);
    panel.chart.paint();
  }
  for (const panel of panels) settle(panel);
  return performance.now() - start;
}

function measure(
  panelCount: number,
  seriesCount: number,
  pointCount: number,
  [width, height]: readonly [number, number],
): Timing {
  const panels: Panel[] = [];
  const link = new ChartLink();
  for (let p = 0; p < panelCount; p++) {
    const series = Array.from({ length: seriesCount }, (_, i) =>
      curve(p * 1000 + i, `run-${i}`, pointCount, { noise: 0.08, stride: 1 }),
    );
    panels.push(addPanel(width, height, series, link));
  }
  const firstMs = timed(panels, ({ chart, input }) => chart.update(input));
  link.setZoom([pointCount * 0.2, pointCount * 0.6]);
  const zoomMs = timed(panels, () => undefined);
  const hoverMs = timed(panels, ({ chart }) => chart.pointAt(width / 2, height / 2));
  for (const { chart, host } of panels) {
    chart.destroy();
    host.remove();
  }
  return { firstMs, zoomMs, hoverMs };
}

const CASES: Record<string, () => Timing> = {
  "8 x 10,000": () => measure(1, 8, 10_000, [1200, 600]),
  "100 x 2,000": () => measure(1, 100, 2000, [1200, 600]),
  "1,000 x 1,000": () => measure(1, 1000, 1000, [1200, 600]),
  "24 panels x 50 x 500": () => measure(24, 50, 500, [400, 220]),
  "24 panels x 8 x 2,000": () => measure(24, 8, 2000, [400, 220]),
  "1 x 1,000,000": () => measure(1, 1, 1_000_000, [1200, 600]),
};

Object.assign(window, {
  benchCases: Object.keys(CASES),
  bench: (name: string): Timing | undefined => CASES[name]?.(),
});

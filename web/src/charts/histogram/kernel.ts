// Histograms over steps: a heat map of all steps, and beside it the bars of one, on one axis of
// values. `mountHistogram(host, { onStep })`, then `update`, then `destroy`, as the line chart.

import {
  densityRows,
  stepColumns,
  stepRange,
  valueRange,
  type HistogramStep,
} from "../../data/histogram";
import { formatNumber } from "../../data/format";
import { makeScale, toPixel, toValue, type Scale } from "../../data/scale";
import { drawXAxis, drawYAxis, labelWidth, xTicks, yTicks } from "../axes";
import { inkRamp } from "../density/raster";
import { CanvasPen, crisp, fitCanvas, type Box } from "../pen";
import { cancelPaint, requestPaint, type Paintable } from "../scheduler";
import { readTheme, type ChartTheme } from "../theme";

export interface HistogramInput {
  readonly title: string;
  /** Ascending by step. */
  readonly steps: readonly HistogramStep[];
  /** Index into `steps` of the one shown as bars. */
  readonly selected: number;
  readonly themeVersion: unknown;
}

export interface HistogramEvents {
  /** The pointer chose the step with this index. */
  readonly onStep?: (index: number) => void;
}

const MARGIN_PX = { top: 8, right: 8, bottom: 22, left: 44 } as const;
const BARS_SHARE = 0.28;
const BARS_GAP_PX = 12;
/** Steps of the colour ramp. */
const LEVEL_COUNT = 255;

export function mountHistogram(host: HTMLElement, events: HistogramEvents = {}): HistogramKernel {
  return new HistogramKernel(host, events);
}

export class HistogramKernel implements Paintable {
  readonly #canvas = document.createElement("canvas");
  readonly #stop = new AbortController();
  readonly #sizes: ResizeObserver;
  #input: HistogramInput | null = null;
  #heat: { readonly box: Box; readonly x: Scale } | null = null;

  constructor(
    private readonly host: HTMLElement,
    private readonly events: HistogramEvents,
  ) {
    this.#canvas.style.cssText = "position:absolute;inset:0;width:100%;height:100%;display:block";
    this.#canvas.setAttribute("role", "img");
    host.append(this.#canvas);
    if (getComputedStyle(host).position === "static") host.style.position = "relative";
    this.#sizes = new ResizeObserver(() => requestPaint(this));
    this.#sizes.observe(host);
    const { signal } = this.#stop;
    host.addEventListener("pointerdown", (event) => this.#choose(event), { signal });
    host.addEventListener(
      "pointermove",
      (event) => {
        if (event.buttons === 1) this.#choose(event);
      },
      { signal },
    );
  }

  update(input: HistogramInput): void {
    this.#input = input;
    this.#canvas.setAttribute("aria-label", sentence(input));
    requestPaint(this);
  }

  destroy(): void {
    cancelPaint(this);
    this.#stop.abort();
    this.#sizes.disconnect();
    this.#canvas.remove();
  }

  paint(): void {
    const input = this.#input;
    const { clientWidth: width, clientHeight: height } = this.host;
    if (input === null || width === 0) return;
    const theme = readTheme(input.themeVersion);
    const ratio = window.devicePixelRatio || 1;
    fitCanvas(this.#canvas, { width, height }, ratio);
    const context = this.#canvas.getContext("2d");
    if (context === null) throw new Error("this browser gave no 2D canvas");
    const pen = new CanvasPen(context, ratio, theme.font);
    pen.begin(width, height);
    this.#draw(pen, theme, input, width, height);
  }

  #draw(
    pen: CanvasPen,
    theme: ChartTheme,
    input: HistogramInput,
    width: number,
    height: number,
  ): void {
    const range = valueRange(input.steps);
    this.#heat = null;
    if (range === null) {
      const style = { color: theme.fg2, align: "center" } as const;
      pen.text("No finite values", width / 2, height / 2, style);
      return;
    }
    const { top, right, bottom } = MARGIN_PX;
    const inner = height - top - bottom;
    const only = input.steps.length === 1 ? input.steps[0] : undefined;
    if (only) {
      drawColumns(pen, theme, { left: 12, top, width: width - 20, height: inner }, range, only);
      return;
    }
    const y = makeScale("linear", range, [top + inner, top]);
    const ticks = yTicks(y);
    const left = Math.max(MARGIN_PX.left, labelWidth(pen, ticks) + 14);
    const whole = width - left - right;
    const barsWidth = Math.round(whole * BARS_SHARE);
    const heat: Box = { left, top, width: whole - barsWidth - BARS_GAP_PX, height: inner };
    const bars: Box = { left: width - right - barsWidth, top, width: barsWidth, height: inner };
    drawYAxis(pen, theme, { left, top, width: whole, height: inner }, y, ticks);
    const x = makeScale("linear", stepRange(input.steps), [heat.left, heat.left + heat.width]);
    drawHeat(pen, theme, heat, input.steps, range);
    drawXAxis(pen, theme, heat, x, xTicks(x, "step"));
    this.#heat = { box: heat, x };
    const chosen = input.steps[input.selected];
    if (!chosen) return;
    drawCursor(pen, theme, heat, toPixel(x, chosen.step));
    drawBars(pen, theme, bars, y, chosen);
  }

  #choose(event: PointerEvent): void {
    if (this.#heat === null || this.#input === null || event.button > 0) return;
    const { box, x } = this.#heat;
    const at = event.clientX - this.host.getBoundingClientRect().left;
    if (at < box.left || at > box.left + box.width) return;
    const step = toValue(x, at);
    const gaps = this.#input.steps.map((one) => Math.abs(one.step - step));
    this.events.onStep?.(gaps.indexOf(Math.min(...gaps)));
  }
}

function drawHeat(
  pen: CanvasPen,
  theme: ChartTheme,
  box: Box,
  steps: readonly HistogramStep[],
  range: readonly [number, number],
): void {
  const width = Math.max(1, Math.round(box.width * pen.ratio));
  const height = Math.max(1, Math.round(box.height * pen.ratio));
  const image = new ImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const ramp = inkRamp(theme.density, LEVEL_COUNT, LEVEL_COUNT);
  const rows = steps.map((one) => densityRows(one, range, height));
  const full = busyDensity(rows);
  stepColumns(steps, stepRange(steps), width).forEach((index, column) => {
    const densities = rows[index]!;
    for (let row = 0; row < height; row++) {
      const share = Math.min(1, densities[row]! / full);
      if (share > 0)
        pixels[row * width + column] = ramp[Math.max(1, Math.round(share * LEVEL_COUNT))]!;
    }
  });
  pen.image(image, box);
}

/** The density that 99 % of the covered rows stay below: one narrow step must not pale the rest. */
function busyDensity(rows: readonly Float64Array[]): number {
  const covered: number[] = [];
  const stride = Math.max(1, Math.floor((rows.length * (rows[0]?.length ?? 0)) / 20_000));
  for (const row of rows)
    for (let i = 0; i < row.length; i += stride) if (row[i]! > 0) covered.push(row[i]!);
  covered.sort((a, b) => a - b);
  return covered[Math.floor(covered.length * 0.99)] ?? 1;
}

function drawCursor(pen: CanvasPen, theme: ChartTheme, box: Box, x: number): void {
  const at = crisp(x, pen.ratio);
  const bottom = box.top + box.height;
  pen.segment(at, box.top, at, bottom, { color: theme.panel, width: 3, alpha: 0.7 });
  pen.segment(at, box.top, at, bottom, { color: theme.fg, width: 1 });
}

function drawBars(
  pen: CanvasPen,
  theme: ChartTheme,
  box: Box,
  y: Scale,
  { edges, counts }: HistogramStep,
): void {
  const densities = perWidth({ edges, counts });
  const most = Math.max(...densities);
  const base = crisp(box.left, pen.ratio);
  densities.forEach((density, bin) => {
    const top = toPixel(y, edges[bin + 1]!);
    const bottom = toPixel(y, edges[bin]!);
    const gap = bottom - top > 3 ? 1 : 0;
    const bar = {
      left: base,
      top,
      width: (density / most) * (box.width - 4),
      height: bottom - top - gap,
    };
    if (density > 0) pen.rect({ ...bar, width: Math.max(1, bar.width) }, theme.accent, 0.85);
  });
  pen.segment(base, box.top, base, box.top + box.height, {
    color: theme.lineStrong,
    width: 1 / pen.ratio,
  });
}

/** One histogram alone: upright bars over an axis of values. */
function drawColumns(
  pen: CanvasPen,
  theme: ChartTheme,
  box: Box,
  range: readonly [number, number],
  one: HistogramStep,
): void {
  const x = makeScale("linear", range, [box.left, box.left + box.width]);
  const densities = perWidth(one);
  const most = Math.max(...densities);
  densities.forEach((density, bin) => {
    if (!(density > 0)) return;
    const left = toPixel(x, one.edges[bin]!);
    const right = toPixel(x, one.edges[bin + 1]!);
    const height = Math.max(1, (density / most) * (box.height - 4));
    const gap = right - left > 3 ? 1 : 0;
    const bar = { left, top: box.top + box.height - height, width: right - left - gap, height };
    pen.rect(bar, theme.accent, 0.85);
  });
  drawXAxis(pen, theme, box, x, xTicks(x, "number"));
}

/** Counts per unit of width: bins of different width compare by their area. */
function perWidth({ edges, counts }: Pick<HistogramStep, "edges" | "counts">): number[] {
  return counts.map((count, bin) => count / (edges[bin + 1]! - edges[bin]!));
}

function sentence({ title, steps, selected }: HistogramInput): string {
  const range = valueRange(steps);
  if (range === null) return `${title}: no finite values.`;
  const [from, to] = [formatNumber(range[0]), formatNumber(range[1])];
  const chosen = steps[selected];
  const total = chosen?.counts.reduce((sum, count) => sum + count, 0) ?? 0;
  return (
    `Histograms of ${title} at ${steps.length} ${steps.length === 1 ? "step" : "steps"}, ` +
    `values from ${from} to ${to}. Step ${chosen?.step ?? 0} holds ${formatNumber(total)} values.`
  );
}

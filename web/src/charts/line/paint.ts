// The picture of a line chart through a pen: grid, bands, density, lines, marks, labels.

import { toPixel, type Range, type Scale } from "../../data/scale";
import { elide } from "../../data/format";
import type { Tick } from "../../data/ticks";
import { makeScale } from "../../data/scale";
import { visibleRange, type Series } from "../../data/series";
import { drawXAxis, drawYAxis, labelWidth, xTicks, yTicks } from "../axes";
import { DensityRaster } from "../density/raster";
import type { Box, Pen } from "../pen";
import { toRgb, type ChartTheme } from "../theme";
import { NAMED_COUNT_MAX, type Look, type Looks } from "./looks";
import type { LineOptions } from "./model";
import { trace, traceBand } from "./trace";

const MARGIN_TOP_PX = 8;
const MARGIN_RIGHT_PX = 12;
const MARGIN_BOTTOM_PX = 22;
/** Plots of a column of panels line up as long as their labels are not wider than this. */
const MARGIN_LEFT_MIN_PX = 44;
const END_LABEL_SHARE = 0.22;
const END_LABEL_MAX_PX = 132;
const END_LABEL_PLOT_MIN_PX = 300;
const RAW_ALPHA = 0.22;
const REST_ALPHA = 0.55;
const BAND_ALPHA = 0.16;

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly plot: Box;
  readonly x: Scale;
  readonly y: Scale;
  readonly xTicks: readonly Tick[];
  readonly yTicks: readonly Tick[];
}

export function layOut(
  pen: Pen,
  size: { readonly width: number; readonly height: number },
  looks: Looks,
  domains: { readonly x: Range; readonly y: Range },
  options: LineOptions,
): Layout {
  const xKind = options.isLogX ? "log" : "linear";
  const yKind = options.isLogY ? "log" : "linear";
  const top = MARGIN_TOP_PX;
  const height = Math.max(20, size.height - top - MARGIN_BOTTOM_PX);
  const y = makeScale(yKind, domains.y, [top + height, top]);
  const ticks = yTicks(y);
  const left = Math.max(MARGIN_LEFT_MIN_PX, labelWidth(pen, ticks) + 14);
  const right = MARGIN_RIGHT_PX + endLabelWidth(pen, looks, size.width);
  const width = Math.max(20, size.width - left - right);
  const x = makeScale(xKind, domains.x, [left, left + width]);
  return {
    width: size.width,
    height: size.height,
    plot: { left, top, width, height },
    x,
    y,
    xTicks: xTicks(x, options.xKind),
    yTicks: ticks,
  };
}

/** The lines that are named at their end; none where there are too many or too little room. */
function namedLooks(looks: Looks): readonly Look[] {
  const named = looks.highlighted.length > 0 ? looks.highlighted : looks.all;
  return named.length <= NAMED_COUNT_MAX && looks.all.length > 1 ? named : [];
}

function endLabelWidth(pen: Pen, looks: Looks, width: number): number {
  const named = namedLooks(looks);
  if (width < END_LABEL_PLOT_MIN_PX || named.length === 0) return 0;
  let widest = 0;
  for (const look of named) widest = Math.max(widest, pen.measure(look.label));
  return Math.ceil(Math.min(widest + 20, END_LABEL_MAX_PX, width * END_LABEL_SHARE));
}

export interface Painted {
  /** True when at least one curve had more points than pixel columns can tell apart. */
  readonly isReduced: boolean;
  readonly density: DensityRaster | null;
}

export function paintChart(
  pen: Pen,
  theme: ChartTheme,
  layout: Layout,
  looks: Looks,
  options: LineOptions,
): Painted {
  const { plot } = layout;
  if (looks.all.length === 0) {
    const [x, y] = [layout.width / 2, layout.height / 2];
    pen.text("No points yet", x, y, { color: theme.fg2, align: "center" });
    return { isReduced: false, density: null };
  }
  drawYAxis(pen, theme, plot, layout.y, layout.yTicks);
  let isReduced = false;
  let density: DensityRaster | null = null;
  pen.clip({ ...plot, top: plot.top - 2, height: plot.height + 3 }, () => {
    if (options.hasBands) drawBands(pen, layout, looks);
    if (looks.isDensity) density = drawDensity(pen, theme, layout, looks);
    else isReduced = drawLines(pen, layout, looks.rest, REST_ALPHA);
    isReduced = drawLines(pen, layout, looks.highlighted) || isReduced;
    drawMarks(pen, layout, looks);
  });
  drawXAxis(pen, theme, plot, layout.x, layout.xTicks);
  drawEndLabels(pen, theme, layout, looks);
  return { isReduced: isReduced || looks.isDensity, density };
}

function drawBands(pen: Pen, layout: Layout, looks: Looks): void {
  for (const look of looks.all) {
    for (const outline of traceBand(look.series, layout.x, layout.y, 1 / pen.ratio)) {
      pen.area(outline, look.color, BAND_ALPHA);
    }
  }
}

/** Draws curves, raw ones behind; wide ones last so that they stay on top. */
function drawLines(pen: Pen, layout: Layout, looks: readonly Look[], alpha = 1): boolean {
  const columnWidth = 1 / pen.ratio;
  let isReduced = false;
  for (const { series, color } of looks) {
    if (!series.raw) continue;
    const { points, size } = trace(series.raw, series.raw.y, layout.x, layout.y, columnWidth);
    pen.polyline(points, size, { color, width: columnWidth, alpha: RAW_ALPHA });
  }
  const inOrder = looks.some((look) => look.isStrong)
    ? [...looks].sort((a, b) => Number(a.isStrong) - Number(b.isStrong))
    : looks;
  for (const { series, color, width, dash } of inOrder) {
    const traced = trace(series, series.y, layout.x, layout.y, columnWidth);
    isReduced ||= traced.isReduced;
    pen.polyline(traced.points, traced.size, { color, width, dash, alpha });
  }
  return isReduced;
}

function drawDensity(pen: Pen, theme: ChartTheme, layout: Layout, looks: Looks): DensityRaster {
  const { plot } = layout;
  const { ratio } = pen;
  const width = Math.max(1, Math.round(plot.width * ratio));
  const height = Math.max(1, Math.round(plot.height * ratio));
  const raster = new DensityRaster(width, height, looks.hasHues);
  const x: Scale = { ...layout.x, start: 0, end: width };
  const y: Scale = { ...layout.y, start: height, end: 0 };
  for (const { series, color } of looks.rest) {
    const { points, size } = trace(series, series.y, x, y, 1);
    raster.add(points, size, looks.hasHues ? toRgb(color) : undefined);
  }
  raster.finish();
  const ink = looks.highlighted.length > 0 ? theme.densityRest : theme.density;
  const left = Math.round(plot.left * ratio) / ratio;
  const top = Math.round(plot.top * ratio) / ratio;
  pen.image(raster.toImage(ink), { left, top, width: width / ratio, height: height / ratio });
  return raster;
}

const MARK_PX = 3;
/** Marks past this number would be a bar of colour; the footer gives the count. */
const MARK_COUNT_MAX = 2000;

/** NaN as a cross, infinities as arrow heads, on the edge of the plot where they happened. */
function drawMarks(pen: Pen, layout: Layout, looks: Looks): void {
  const { plot, x } = layout;
  const bottom = plot.top + plot.height - MARK_PX - 1;
  const top = plot.top + MARK_PX;
  let count = 0;
  for (const look of [...looks.highlighted, ...looks.rest]) {
    const drawn = { NaN: -Infinity, Infinity: -Infinity, "-Infinity": -Infinity };
    for (const [at, kind] of look.series.marks) {
      const px = toPixel(x, at);
      if (!(px >= plot.left && px <= plot.left + plot.width)) continue;
      // A row of NaN is a row of crosses side by side, not a bar.
      if (px < drawn[kind] + 3 * MARK_PX) continue;
      drawn[kind] = px;
      if (count++ > MARK_COUNT_MAX) return;
      const m = MARK_PX;
      const points =
        kind === "NaN"
          ? [
              px - m,
              bottom - m,
              px + m,
              bottom + m,
              NaN,
              NaN,
              px - m,
              bottom + m,
              px + m,
              bottom - m,
            ]
          : kind === "Infinity"
            ? [px - m, top + m, px, top - m, px + m, top + m]
            : [px - m, bottom - m, px, bottom + m, px + m, bottom - m];
      const stroke = { color: look.color, width: 1.5 };
      pen.polyline(Float32Array.from(points), points.length, stroke);
    }
  }
}

interface EndLabel {
  readonly look: Look;
  readonly y: number;
  at: number;
}

const END_LABEL_GAP_PX = 13;

function drawEndLabels(pen: Pen, theme: ChartTheme, layout: Layout, looks: Looks): void {
  const { plot } = layout;
  const room = layout.width - (plot.left + plot.width) - 19;
  if (room < 24 || layout.width < END_LABEL_PLOT_MIN_PX) return;
  const labels: EndLabel[] = [];
  for (const look of namedLooks(looks)) {
    const y = lastPixel(look.series, layout);
    if (!Number.isNaN(y)) labels.push({ look, y, at: y });
  }
  spread(labels, plot.top + 5, plot.top + plot.height - 5);
  const left = plot.left + plot.width + 8;
  for (const { look, y, at } of labels) {
    pen.polyline(Float32Array.of(left - 7, y, left, at, left + 6, at), 6, {
      color: look.color,
      width: look.isStrong ? 2 : 1,
    });
    pen.text(fitted(pen, look.label, room - 4), left + 9, at, {
      color: look.isStrong ? theme.fg : theme.fg2,
      align: "left",
      isBold: look.isStrong,
    });
  }
}

/** Height of the last finite point in view, kept inside the plot. */
function lastPixel(series: Series, { x, y, plot }: Layout): number {
  const [first, end] = visibleRange(series, x.min, x.max);
  for (let i = end - 1; i >= first; i--) {
    if (series.x[i]! + series.xOrigin > x.max) continue;
    const pixel = toPixel(y, series.y[i]! + series.yOrigin);
    if (pixel - pixel === 0) return Math.max(plot.top, Math.min(plot.top + plot.height, pixel));
  }
  return NaN;
}

/** Moves labels apart, each as little as it can, without leaving [min, max]. */
function spread(labels: EndLabel[], min: number, max: number): void {
  labels.sort((a, b) => a.y - b.y);
  let floor = min;
  for (const label of labels) {
    label.at = Math.max(label.y, floor);
    floor = label.at + END_LABEL_GAP_PX;
  }
  let ceiling = max;
  for (let i = labels.length - 1; i >= 0; i--) {
    const label = labels[i]!;
    label.at = Math.min(label.at, ceiling);
    ceiling = label.at - END_LABEL_GAP_PX;
  }
}

function fitted(pen: Pen, text: string, width: number): string {
  if (pen.measure(text) <= width) return text;
  for (let length = text.length - 1; length > 2; length--) {
    const short = elide(text, length);
    if (pen.measure(short) <= width) return short;
  }
  return "…";
}

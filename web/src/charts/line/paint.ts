// The picture of a line chart through a pen: grid, bands, density, lines, marks, labels.

import { formatNumber } from "../../data/format";
import { makeScale, toPixel, type Scale } from "../../data/scale";
import { extentOf } from "../../data/series";
import type { Tick } from "../../data/ticks";
import { drawXAxis, drawYAxis, labelWidth, xTicks, yTicks } from "../axes";
import { DensityRaster } from "../density/raster";
import type { Box, Pen } from "../pen";
import { layOutStrip, paintStrip, type Strip } from "../points/strip";
import { toRgb, type ChartTheme } from "../theme";
import { drawEndLabels, placeEndLabels, type EndLabels } from "./endlabels";
import type { Look, Looks } from "./looks";
import type { LineOptions } from "./model";
import type { Domains } from "./ranges";
import { xValueText } from "./readout";
import { trace, traceBand } from "./trace";

const MARGIN_TOP_PX = 8;
const MARGIN_RIGHT_PX = 12;
const MARGIN_BOTTOM_PX = 22;
/** Plots of a column of panels line up as long as their labels are not wider than this. */
const MARGIN_LEFT_MIN_PX = 44;
const RAW_ALPHA = 0.22;
const REST_ALPHA = 0.55;
const BAND_ALPHA = 0.16;
/** More bands than this lie on each other: each is fainter, and the lit one stands out. */
const BANDS_FULL_MAX = 4;

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly plot: Box;
  readonly x: Scale;
  readonly y: Scale;
  readonly xTicks: readonly Tick[];
  readonly yTicks: readonly Tick[];
  readonly endLabels: EndLabels;
  /** Rows instead of lines: `y`, the scale of the values, then runs along the plot. */
  readonly strip: Strip | null;
}

export function layOut(
  pen: Pen,
  size: { readonly width: number; readonly height: number },
  looks: Looks,
  domains: Domains,
  options: LineOptions,
): Layout {
  if (looks.isStrip) return layOutStrip(pen, size, looks, domains, options);
  const xKind = options.isLogX ? "log" : "linear";
  const yKind = options.isLogY ? "log" : "linear";
  const top = MARGIN_TOP_PX;
  const height = Math.max(20, size.height - top - MARGIN_BOTTOM_PX);
  const y = makeScale(yKind, domains.y, [top + height, top]);
  const ticks = domains.soleY === null ? yTicks(y) : [soleTick(domains.soleY)];
  const left = Math.max(MARGIN_LEFT_MIN_PX, labelWidth(pen, ticks) + 14);
  const room = size.width - left - MARGIN_RIGHT_PX;
  const endLabels = placeEndLabels(pen, looks, makeScale(xKind, domains.x, [0, 1]), y, room);
  const width = Math.max(20, room - endLabels.width);
  const x = makeScale(xKind, domains.x, [left, left + width]);
  return {
    width: size.width,
    height: size.height,
    plot: { left, top, width, height },
    x,
    y,
    xTicks:
      domains.soleX === null
        ? xTicks(x, options.xKind)
        : [{ value: domains.soleX, label: xValueText(domains.soleX, options.xKind) }],
    yTicks: ticks,
    endLabels,
    strip: null,
  };
}

function soleTick(value: number): Tick {
  return { value, label: formatNumber(value).replaceAll("-", "\u2212") };
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
  if (layout.strip !== null) {
    paintStrip(pen, theme, layout, layout.strip);
    return { isReduced: false, density: null };
  }
  if (looks.all.length === 0) {
    const [x, y] = [layout.width / 2, layout.height / 2];
    pen.text("No points yet", x, y, { color: theme.fg2, align: "center" });
    return { isReduced: false, density: null };
  }
  drawYAxis(pen, theme, plot, layout.y, layout.yTicks);
  let isReduced = false;
  let density: DensityRaster | null = null;
  pen.clip(inkBox(layout, looks), () => {
    if (options.hasBands) drawBands(pen, layout, looks);
    if (looks.isDensity) density = drawDensity(pen, theme, layout, looks);
    else isReduced = drawLines(pen, layout, looks.rest, REST_ALPHA);
    isReduced = drawLines(pen, layout, looks.highlighted) || isReduced;
    drawMarks(pen, layout, looks);
  });
  drawXAxis(pen, theme, plot, layout.x, layout.xTicks);
  drawEndLabels(pen, theme, layout.plot, layout.endLabels);
  return { isReduced: isReduced || looks.isDensity, density };
}

const DOT_ROOM_PX = 3;

/** Where curves may leave ink: a dot on the edge of the data is whole, zoomed curves end there. */
function inkBox({ plot, x, y }: Layout, looks: Looks): Box {
  const isWhole = looks.all.every(({ series }) => {
    const extent = extentOf(series);
    return extent.xMin >= x.min && extent.xMax <= x.max;
  });
  const isTall = looks.all.every(({ series }) => extentOf(series).yMin >= y.min);
  const side = isWhole ? DOT_ROOM_PX : 0;
  return {
    left: plot.left - side,
    width: plot.width + 2 * side,
    top: plot.top - 2,
    height: plot.height + 2 + (isTall ? DOT_ROOM_PX : 1),
  };
}

function drawBands(pen: Pen, layout: Layout, looks: Looks): void {
  const alpha = BAND_ALPHA * Math.min(1, Math.max(0.3, BANDS_FULL_MAX / looks.all.length));
  for (const look of looks.all) drawBand(pen, layout, look, alpha);
}

export function drawBand(pen: Pen, layout: Layout, look: Look, alpha = BAND_ALPHA): void {
  for (const outline of traceBand(look.series, layout.x, layout.y, 1 / pen.ratio)) {
    pen.area(outline, look.color, alpha);
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
  for (const { series, color, width, dash, alpha: own } of inOrder) {
    const traced = trace(series, series.y, layout.x, layout.y, columnWidth);
    isReduced ||= traced.isReduced;
    pen.polyline(traced.points, traced.size, { color, width, dash, alpha: alpha * own });
  }
  return isReduced;
}

function drawDensity(pen: Pen, theme: ChartTheme, layout: Layout, looks: Looks): DensityRaster {
  const { plot } = layout;
  const { ratio } = pen;
  const width = Math.max(1, Math.round(plot.width * ratio));
  const height = Math.max(1, Math.round(plot.height * ratio));
  const raster = new DensityRaster(width, height, looks.hasHues ? "hue" : "count");
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

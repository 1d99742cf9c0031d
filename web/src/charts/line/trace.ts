// From a column of a series to the polyline on the plot. Scratch arrays are shared by all
// charts: painting is synchronous, and a thousand curves must not make a thousand arrays.

import { decimate, outlines, pointsCapacity, type Points } from "../../data/decimate";
import { project, type Scale } from "../../data/scale";
import { extentOf, visibleRange, type Column, type Series } from "../../data/series";

let px = new Float32Array(4096);
let py = new Float32Array(4096);
let pz = new Float32Array(4096);
let out: Points = new Float32Array(pointsCapacity(4096));

function reserve(count: number): void {
  if (px.length >= count) return;
  const size = Math.ceil(count * 1.5);
  px = new Float32Array(size);
  py = new Float32Array(size);
  pz = new Float32Array(size);
  out = new Float32Array(pointsCapacity(size));
}

export interface Trace {
  /** Valid until the next trace. */
  readonly points: Points;
  readonly size: number;
  /** Points that the pixel columns swallowed. */
  readonly isReduced: boolean;
}

/** The polyline of `column` (y, low or high of `series`). */
export function trace(
  series: Series,
  column: Column,
  x: Scale,
  y: Scale,
  columnWidth: number,
): Trace {
  const range = visibleRange(series, x.min, x.max);
  const count = range[1] - range[0];
  reserve(count);
  project(x, series.x, series.xOrigin, range, px);
  project(y, column, series.yOrigin, range, py);
  if (isFarOut(series, y)) clampToCanvas(py, count);
  const size = decimate(px, py, count, columnWidth, out);
  return { points: out, size, isReduced: isReduced(count, size) };
}

/** Whether fewer points are drawn than have a place; gaps on either side do not count. */
function isReduced(count: number, size: number): boolean {
  if (size >= 2 * count) return false;
  let placed = 0;
  for (let i = 0; i < count; i++) if (py[i]! - py[i]! === 0 && px[i]! - px[i]! === 0) placed++;
  let drawn = 0;
  for (let i = 0; i < size; i += 2) if (out[i]! === out[i]!) drawn++;
  return drawn < placed;
}

/** The outlines of the band between `low` and `high`. */
export function traceBand(series: Series, x: Scale, y: Scale, columnWidth: number): Points[] {
  const { low, high } = series;
  if (!low || !high) return [];
  const range = visibleRange(series, x.min, x.max);
  const count = range[1] - range[0];
  reserve(count);
  project(x, series.x, series.xOrigin, range, px);
  project(y, low, series.yOrigin, range, py);
  project(y, high, series.yOrigin, range, pz);
  return outlines(px, py, pz, count, columnWidth);
}

/** Canvas coordinates lose their precision, or are dropped, far outside the picture. */
const FAR_PX = 30_000;

function isFarOut(series: Series, y: Scale): boolean {
  const extent = extentOf(series);
  const reach = ((y.max - y.min) * FAR_PX) / Math.abs(y.end - y.start);
  return y.kind === "linear" && (extent.yMax > y.max + reach || extent.yMin < y.min - reach);
}

function clampToCanvas(pixels: Float32Array, count: number): void {
  for (let i = 0; i < count; i++) {
    const value = pixels[i]!;
    if (value > FAR_PX) pixels[i] = FAR_PX;
    else if (value < -FAR_PX) pixels[i] = -FAR_PX;
  }
}

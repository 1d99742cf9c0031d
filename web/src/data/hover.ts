// What is under the cursor: for one x the value of each series, and the series nearest in y.
// One binary search per series, so a thousand curves cost microseconds.

import { project, toPixel, type Scale } from "./scale";
import { extentOf, lowerBound, type Series } from "./series";

export interface Hit {
  /** Index of the point in its series. */
  readonly index: number;
  readonly x: number;
  readonly y: number;
}

/** Index of the finite point nearest in x, or -1; unsorted series are searched through. */
export function nearestIndex(series: Series, x: number): number {
  const { length } = series.x;
  if (length === 0) return -1;
  if (!extentOf(series).isSorted) return nearestByScan(series, x);
  const at = lowerBound(series.x, series.xOrigin, x);
  let right = at;
  while (right < length && !Number.isFinite(series.y[right]!)) right++;
  let left = at - 1;
  while (left >= 0 && !Number.isFinite(series.y[left]!)) left--;
  if (right >= length) return left;
  if (left < 0) return right;
  const target = x - series.xOrigin;
  return target - series.x[left]! <= series.x[right]! - target ? left : right;
}

function nearestByScan(series: Series, x: number): number {
  const target = x - series.xOrigin;
  let best = -1;
  let bestGap = Infinity;
  for (let i = 0; i < series.x.length; i++) {
    const gap = Math.abs(series.x[i]! - target);
    if (gap < bestGap && Number.isFinite(series.y[i]!)) {
      best = i;
      bestGap = gap;
    }
  }
  return best;
}

/**
 * The point that speaks for `x`: the nearer of its two neighbours. Null inside a gap, and
 * further outside a series than its points are apart.
 */
export function hitAt(series: Series, x: number): Hit | null {
  const index = nearestIndex(series, x);
  if (index < 0 || !isInReach(series, index, x)) return null;
  return {
    index,
    x: series.x[index]! + series.xOrigin,
    y: series.y[index]! + series.yOrigin,
  };
}

function isInReach(series: Series, index: number, x: number): boolean {
  const extent = extentOf(series);
  const { length } = series.x;
  const spacing = length > 1 ? (extent.xMax - extent.xMin) / (length - 1) : 0;
  const gap = Math.abs(series.x[index]! + series.xOrigin - x);
  if (gap <= spacing * 2) return true;
  if (!extent.isSorted) return false;
  const at = lowerBound(series.x, series.xOrigin, x);
  return at > 0 && at < length && (index === at || index === at - 1);
}

/** A series does not speak for an x further than this from its own ends. */
const REACH_PX = 24;

export interface Nearest {
  readonly series: number;
  readonly hit: Hit;
  readonly distancePx: number;
}

/** The series whose drawn line passes closest to the pixel (x, y), among those in reach. */
export function nearestSeries(
  all: readonly Series[],
  xScale: Scale,
  yScale: Scale,
  xPixel: number,
  yPixel: number,
  xValue: number,
): Nearest | null {
  let best: Nearest | null = null;
  for (let s = 0; s < all.length; s++) {
    const series = all[s]!;
    const hit = hitAt(series, xValue);
    if (hit === null || Math.abs(toPixel(xScale, hit.x) - xPixel) > reach(series, xScale)) continue;
    const distancePx = distanceTo(series, hit, xScale, yScale, xPixel, yPixel);
    if (best === null || distancePx < best.distancePx) best = { series: s, hit, distancePx };
  }
  return best;
}

/** Sparse series reach half-way to their next point; dense ones only a little past their ends. */
function reach(series: Series, xScale: Scale): number {
  if (series.x.length < 2) return Infinity;
  const extent = extentOf(series);
  const width = Math.abs(toPixel(xScale, extent.xMax) - toPixel(xScale, extent.xMin));
  return Math.max(REACH_PX, width / (series.x.length - 1));
}

const WINDOW = 8;
const windowX = new Float32Array(2 * WINDOW + 1);
const windowY = new Float32Array(2 * WINDOW + 1);

/** Distance in pixels from the cursor to the polyline around the hit. */
function distanceTo(
  series: Series,
  hit: Hit,
  xScale: Scale,
  yScale: Scale,
  xPixel: number,
  yPixel: number,
): number {
  const first = Math.max(0, hit.index - WINDOW);
  const end = Math.min(series.x.length, hit.index + WINDOW + 1);
  project(xScale, series.x, series.xOrigin, [first, end], windowX);
  project(yScale, series.y, series.yOrigin, [first, end], windowY);
  let best = Infinity;
  for (let i = 0; i < end - first; i++) {
    const hasNext = i + 1 < end - first && !Number.isNaN(windowY[i + 1]!);
    const distance = hasNext
      ? segmentDistance(windowX[i]!, windowY[i]!, windowX[i + 1]!, windowY[i + 1]!, xPixel, yPixel)
      : Math.hypot(windowX[i]! - xPixel, windowY[i]! - yPixel);
    if (distance < best) best = distance;
  }
  return best;
}

function segmentDistance(
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  px: number,
  py: number,
): number {
  const dx = x2 - x1;
  const dy = y2 - y1;
  const length = dx * dx + dy * dy;
  const part =
    length === 0 ? 0 : Math.max(0, Math.min(1, ((px - x1) * dx + (py - y1) * dy) / length));
  return Math.hypot(x1 + part * dx - px, y1 + part * dy - py);
}

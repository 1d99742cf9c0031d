// Which part of x and y a chart shows, and how many points lie outside.

import { isFlat, padded, usableDomain, type Range, type ScaleKind } from "../../data/scale";
import { extentOf, loggedOf, visibleRange, withRaw } from "../../data/series";
import type { Column, Series } from "../../data/series";

/** Part of the height left free above and below the curves. */
const ROOM_Y = 0.05;
const SAMPLE_MAX = 20_000;

/** What a chart shows of its data, and the values that need no range. */
export interface Domains {
  readonly x: Range;
  readonly y: Range;
  /** The one x of all points, the one value of all points: an axis names just that. */
  readonly soleX: number | null;
  readonly soleY: number | null;
}

export function xDomain(all: readonly Series[], kind: ScaleKind): Range {
  const extent = xExtent(all, kind);
  if (extent === null) return kind === "log" ? [1, 10] : [0, 1];
  return usableDomain(kind, extent);
}

/** The x of all points when they share one, else null. */
export function soleX(all: readonly Series[], kind: ScaleKind): number | null {
  const extent = xExtent(all, kind);
  return extent !== null && isFlat(extent) ? extent[0] : null;
}

function xExtent(all: readonly Series[], kind: ScaleKind): Range | null {
  let min = Infinity;
  let max = -Infinity;
  for (const series of withRaw(all)) {
    const extent = extentOf(series);
    min = Math.min(min, kind === "log" ? extent.xMinPositive : extent.xMin);
    max = Math.max(max, extent.xMax);
  }
  return min <= max ? [min, max] : null;
}

export interface YDomain {
  readonly range: Range;
  /** The value of all points in view when they share one, else null. */
  readonly sole: number | null;
  /** True when the outlier-robust range is narrower than all data. */
  readonly hasOutliers: boolean;
}

export function yDomain(
  all: readonly Series[],
  view: Range,
  kind: ScaleKind,
  isRobust: boolean,
): YDomain {
  const full = fullRange(withRaw(all), view, kind);
  if (full === null) {
    return { range: kind === "log" ? [0.1, 1] : [0, 1], sole: null, hasOutliers: false };
  }
  const bulk = bulkRange(all.map(loggedOf), view, kind, full);
  const range = isRobust && bulk !== null ? bulk : full;
  return {
    range: roomy(kind, usableDomain(kind, range)),
    sole: isFlat(full) ? full[0] : null,
    hasOutliers: bulk !== null,
  };
}

/** Room above and below, but never a piece below zero where nothing is below zero. */
function roomy(kind: ScaleKind, range: Range): Range {
  const [min, max] = padded(kind, range, ROOM_Y);
  return kind === "linear" && range[0] >= 0 && min < 0 ? [0, max] : [min, max];
}

const EVERYTHING: Range = [-Infinity, Infinity];

/** The range of all values in the x range `view` that lie inside `fence`. */
function fullRange(
  all: readonly Series[],
  [xMin, xMax]: Range,
  kind: ScaleKind,
  [fenceMin, fenceMax]: Range = EVERYTHING,
): Range | null {
  let min = Infinity;
  let max = -Infinity;
  for (const series of all) {
    const extent = extentOf(series);
    const yMin = kind === "log" ? extent.yMinPositive : extent.yMin;
    const isInFence = yMin >= fenceMin && extent.yMax <= fenceMax;
    if (isInFence && extent.xMin >= xMin && extent.xMax <= xMax) {
      min = Math.min(min, yMin);
      max = Math.max(max, extent.yMax);
      continue;
    }
    const [first, end] = visibleRange(series, xMin, xMax);
    for (const column of columnsOf(series)) {
      for (let i = first; i < end; i++) {
        const x = series.x[i]! + series.xOrigin;
        if (x < xMin || x > xMax) continue;
        const y = column[i]! + series.yOrigin;
        if (y < fenceMin || y > fenceMax) continue;
        if (y < min && (kind === "linear" || y > 0)) min = y;
        if (y > max) max = y;
      }
    }
  }
  return min <= max ? [min, max] : null;
}

function columnsOf(series: Series): Column[] {
  return [series.y, series.low, series.high].filter((column) => column !== undefined);
}

/** Points further from the middle 96 % than this many times its own height are outliers. */
const FENCE_HEIGHTS = 2;

/**
 * The range of all points but the outliers, so that the high start of a loss stays; null when
 * that would cut less than a third off, because then nothing is gained by hiding points.
 */
function bulkRange(
  all: readonly Series[],
  [xMin, xMax]: Range,
  kind: ScaleKind,
  full: Range,
): Range | null {
  let total = 0;
  for (const series of all) total += series.y.length;
  const stride = Math.max(1, Math.floor(total / SAMPLE_MAX));
  const sample = new Float64Array(Math.ceil(total / stride) + all.length);
  let size = 0;
  for (const series of all) {
    const [first, end] = visibleRange(series, xMin, xMax);
    for (let i = first; i < end; i += stride) {
      const y = series.y[i]! + series.yOrigin;
      if (y - y !== 0 || (kind === "log" && y <= 0)) continue;
      sample[size++] = kind === "log" ? Math.log(y) : y;
    }
  }
  if (size < 20) return null;
  const sorted = sample.subarray(0, size).sort();
  const low = sorted[Math.floor(size * 0.02)]!;
  const high = sorted[Math.ceil(size * 0.98) - 1]!;
  const room = (high - low) * FENCE_HEIGHTS;
  const isLog = kind === "log";
  const fence: Range = isLog
    ? [Math.exp(low - room), Math.exp(high + room)]
    : [low - room, high + room];
  const bulk = fullRange(all, [xMin, xMax], kind, fence);
  if (bulk === null) return null;
  const heightOf = ([min, max]: Range): number => isLog ? Math.log(max) - Math.log(min) : max - min;
  return heightOf(bulk) > 0 && heightOf(bulk) * 1.5 <= heightOf(full) ? bulk : null;
}

export interface Outside {
  readonly above: number;
  readonly below: number;
  /** Values at or below zero, which a log axis cannot show. */
  readonly unplaced: number;
}

/** Points in the x range that the y range leaves out. */
export function countOutside(
  all: readonly Series[],
  [xMin, xMax]: Range,
  [yMin, yMax]: Range,
  kind: ScaleKind,
): Outside {
  let above = 0;
  let below = 0;
  let unplaced = 0;
  for (const series of all.map(loggedOf)) {
    const extent = extentOf(series);
    if (extent.yMin >= yMin && extent.yMax <= yMax) continue;
    const [first, end] = visibleRange(series, xMin, xMax);
    for (let i = first; i < end; i++) {
      const x = series.x[i]! + series.xOrigin;
      if (x < xMin || x > xMax) continue;
      const y = series.y[i]! + series.yOrigin;
      if (y > yMax) above++;
      else if (kind === "log" && y <= 0) unplaced++;
      else if (y < yMin) below++;
    }
  }
  return { above, below, unplaced };
}

/** The range that holds both: axes of a live chart grow under the pointer, they never shrink. */
export function grown(held: Range | null, next: Range): Range {
  return held === null ? next : [Math.min(held[0], next[0]), Math.max(held[1], next[1])];
}

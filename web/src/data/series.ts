// One curve as columns. Points are never turned into objects: a value is `origin + column[i]`, so
// that steps above 16.7 million and epoch times keep their precision in four-byte offsets.

export type Column = Float32Array | Float64Array;

export type NonFinite = "NaN" | "Infinity" | "-Infinity";

/** A value that has no place on the y axis: where it happened, and what it was. */
export type Mark = readonly [x: number, kind: NonFinite];

export interface Series {
  /** Run id, or the id of a group of runs when the curve is a band. */
  readonly run: string;
  readonly key: string;
  readonly label: string;
  /** x value = xOrigin + x[i]. Ascending, except where steps go back or x is another metric. */
  readonly x: Column;
  readonly xOrigin: number;
  /** y value = yOrigin + y[i]; NaN is a gap. The smoothed curve, when `raw` is there. */
  readonly y: Column;
  readonly yOrigin: number;
  /** The logged curve behind a smoothed one. It has an x of its own. */
  readonly raw?: Series;
  /** Lower and upper edge of a band, on the same x. */
  readonly low?: Column;
  readonly high?: Column;
  /** Points in view in the store, not only those sent. */
  readonly pointCount: number;
  readonly nonfiniteCount: number;
  /** True when every stored point in view was sent. */
  readonly isExact: boolean;
  readonly marks: readonly Mark[];
  /** Number of runs behind a group curve. */
  readonly runCount?: number;
}

/** What a chart must know of a series before it can place it; found in one pass. */
export interface Extent {
  readonly xMin: number;
  readonly xMax: number;
  readonly yMin: number;
  readonly yMax: number;
  /** Smallest values above zero, for log axes; Infinity when there are none. */
  readonly xMinPositive: number;
  readonly yMinPositive: number;
  readonly finiteCount: number;
  readonly isSorted: boolean;
}

/** What was logged: of a smoothed curve the raw one behind it. */
export function loggedOf(series: Series): Series {
  return series.raw ?? series;
}

/** All curves to be drawn, raw ones behind smoothed ones included. */
export function withRaw(all: readonly Series[]): Series[] {
  return all.flatMap((series) => (series.raw ? [series.raw, series] : [series]));
}

const extents = new WeakMap<Series, Extent>();

/** The extent of a series, its band included; computed once per series object. */
export function extentOf(series: Series): Extent {
  let extent = extents.get(series);
  if (extent === undefined) {
    extent = measure(series);
    extents.set(series, extent);
  }
  return extent;
}

function measure(series: Series): Extent {
  const { x, xOrigin } = series;
  let xMin = Infinity;
  let xMax = -Infinity;
  let xMinPositive = Infinity;
  let isSorted = true;
  let previous = -Infinity;
  for (let i = 0; i < x.length; i++) {
    const value = x[i]!;
    if (value < previous) isSorted = false;
    previous = value;
    if (value < xMin) xMin = value;
    if (value > xMax) xMax = value;
    const whole = value + xOrigin;
    if (whole > 0 && whole < xMinPositive) xMinPositive = whole;
  }
  const y = { min: Infinity, max: -Infinity, positive: Infinity, count: 0 };
  widen(y, series.y, series.yOrigin);
  const finiteCount = y.count;
  for (const column of [series.low, series.high]) {
    if (column) widen(y, column, series.yOrigin);
  }
  return {
    xMin: xMin + xOrigin,
    xMax: xMax + xOrigin,
    yMin: y.min,
    yMax: y.max,
    xMinPositive,
    yMinPositive: y.positive,
    finiteCount,
    isSorted,
  };
}

interface Span {
  min: number;
  max: number;
  positive: number;
  count: number;
}

function widen(span: Span, column: Column, origin: number): void {
  let { min, max, positive, count } = span;
  for (let i = 0; i < column.length; i++) {
    const value = column[i]! + origin;
    if (value - value !== 0) continue; // NaN and infinities: they have marks, not places
    count++;
    if (value < min) min = value;
    if (value > max) max = value;
    if (value > 0 && value < positive) positive = value;
  }
  span.min = min;
  span.max = max;
  span.positive = positive;
  span.count = count;
}

/** Index of the first x that is not below `value`, in an ascending column. */
export function lowerBound(column: Column, origin: number, value: number): number {
  const target = value - origin;
  let low = 0;
  let high = column.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (column[middle]! < target) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index range [first, end) of the points needed to draw [xMin, xMax], one neighbour each side. */
export function visibleRange(series: Series, xMin: number, xMax: number): [number, number] {
  if (!extentOf(series).isSorted) return [0, series.x.length];
  const first = lowerBound(series.x, series.xOrigin, xMin);
  let end = lowerBound(series.x, series.xOrigin, xMax);
  while (end < series.x.length && series.x[end]! + series.xOrigin <= xMax) end++;
  return [Math.max(0, first - 1), Math.min(series.x.length, end + 1)];
}

// Histograms over steps as one picture: columns are steps, rows are values, darkness is the
// share of values per unit of width. Bins of different steps need not agree.

import type { Range } from "./scale";

export interface HistogramStep {
  readonly step: number;
  /** n + 1 ascending edges; empty when the array held no finite value. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
  /** Values that are in no bin. */
  readonly nan?: number;
  readonly infinite?: number;
}

/** The values that all steps together cover; null when no step has a bin. */
export function valueRange(steps: readonly HistogramStep[]): Range | null {
  let min = Infinity;
  let max = -Infinity;
  for (const { edges } of steps) {
    if (edges.length < 2) continue;
    min = Math.min(min, edges[0]!);
    max = Math.max(max, edges[edges.length - 1]!);
  }
  return min < max ? [min, max] : null;
}

/** Share of values per unit of width, for each of `rowCount` rows from the top value down. */
export function densityRows(one: HistogramStep, [min, max]: Range, rowCount: number): Float64Array {
  const rows = new Float64Array(rowCount);
  const total = one.counts.reduce((sum, count) => sum + count, 0);
  if (!(total > 0)) return rows;
  const rowWidth = (max - min) / rowCount;
  one.counts.forEach((count, bin) => {
    const low = one.edges[bin]!;
    const high = one.edges[bin + 1]!;
    const density = count / total / (high - low);
    const first = Math.max(0, Math.floor((max - high) / rowWidth));
    const last = Math.min(rowCount - 1, Math.floor((max - low) / rowWidth));
    for (let row = first; row <= last; row++) {
      // A row takes the part of the bin that it overlaps, so that narrow bins keep their mass.
      const top = Math.min(high, max - row * rowWidth);
      const bottom = Math.max(low, max - (row + 1) * rowWidth);
      if (top > bottom) rows[row]! += (density * (top - bottom)) / rowWidth;
    }
  });
  return rows;
}

/** Index of the step in each of `columnCount` columns; a step reaches half-way to the next. */
export function stepColumns(
  steps: readonly HistogramStep[],
  [min, max]: Range,
  columnCount: number,
): Int32Array {
  const columns = new Int32Array(columnCount);
  let index = 0;
  for (let column = 0; column < columnCount; column++) {
    const step = min + ((column + 0.5) / columnCount) * (max - min);
    while (
      index + 1 < steps.length &&
      Math.abs(steps[index + 1]!.step - step) <= Math.abs(steps[index]!.step - step)
    ) {
      index++;
    }
    columns[column] = index;
  }
  return columns;
}

/** The range of x that gives the first and last step as much room as their neighbours. */
export function stepRange(steps: readonly HistogramStep[]): Range {
  const first = steps[0]?.step ?? 0;
  const last = steps.at(-1)?.step ?? first;
  const room = steps.length > 1 ? (last - first) / (steps.length - 1) / 2 : 0.5;
  return [first - room, last + room];
}

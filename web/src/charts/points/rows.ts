// Metrics that have one value per run, such as a final score: a row for each run, highest first.

import { extentOf, type Series } from "../../data/series";

/** True when at least one series has a point, and none has, or lost, a second one. */
export function isStrip(all: readonly Series[]): boolean {
  let finite = 0;
  for (const series of all) {
    const { finiteCount } = extentOf(series);
    if (finiteCount + series.marks.length > 1) return false;
    finite += finiteCount;
  }
  return finite > 0;
}

export interface PointRow {
  readonly series: Series;
  /** Where the point was logged, on the x axis of a line chart. */
  readonly x: number;
  /** NaN for a run whose one value is not finite. */
  readonly value: number;
  /** What stands for a value that is not finite: "NaN", "Infinity". */
  readonly mark: string | null;
  /** Edges of a group's band; NaN for single runs. */
  readonly low: number;
  readonly high: number;
}

/** One row per series that has a point, highest value first, values without a place last. */
export function pointRows(all: readonly Series[]): PointRow[] {
  const rows: PointRow[] = [];
  for (const series of all) {
    const index = series.y.findIndex((y) => y - y === 0);
    const mark = series.marks[0];
    if (index >= 0) {
      const at = (column: typeof series.low): number => (column?.[index] ?? NaN) + series.yOrigin;
      const x = series.x[index]! + series.xOrigin;
      const [value, low, high] = [at(series.y), at(series.low), at(series.high)];
      rows.push({ series, x, value, mark: null, low, high });
    } else if (mark) {
      rows.push({ series, x: mark[0], value: NaN, mark: mark[1], low: NaN, high: NaN });
    }
  }
  return rows.sort((a, b) => rank(b) - rank(a));
}

function rank(row: PointRow): number {
  return row.mark === null ? row.value : -Infinity;
}

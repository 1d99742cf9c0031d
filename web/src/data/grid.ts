/** A confusion matrix as the screen needs it: sparse cells, sums, and what a cell is worth. */

export type Measure = "count" | "row" | "column";

export interface Cells {
  classes: string[];
  /** Places of the true and of the predicted class, and the count, of each cell that is not 0. */
  rows: number[];
  columns: number[];
  counts: number[];
}

/** The part of the matrix in view: its first row and column, and how many of each. */
export interface Window {
  row: number;
  column: number;
  size: number;
}

export class Grid {
  readonly classes: readonly string[];
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  readonly counts: readonly number[];
  readonly rowSums: Float64Array;
  readonly columnSums: Float64Array;
  readonly #at = new Map<number, number>();
  readonly #place: Map<string, number>;
  readonly #most = new Map<Measure, { right: number; wrong: number }>();

  constructor({ classes, rows, columns, counts }: Cells) {
    this.classes = classes;
    this.rows = rows;
    this.columns = columns;
    this.counts = counts;
    this.rowSums = new Float64Array(classes.length);
    this.columnSums = new Float64Array(classes.length);
    this.#place = new Map(classes.map((label, at) => [label, at]));
    for (let k = 0; k < counts.length; k++) {
      const [row = 0, column = 0, count = 0] = [rows[k], columns[k], counts[k]];
      this.rowSums[row] = (this.rowSums[row] ?? 0) + count;
      this.columnSums[column] = (this.columnSums[column] ?? 0) + count;
      this.#at.set(row * classes.length + column, count);
    }
  }

  get size(): number {
    return this.classes.length;
  }

  count(row: number, column: number): number {
    return this.#at.get(row * this.size + column) ?? 0;
  }

  placeOf(label: string | null): number | null {
    return label === null ? null : (this.#place.get(label) ?? null);
  }

  /** The count, or its share of the row or column. */
  value(row: number, column: number, measure: Measure): number {
    return this.#share(row, column, this.count(row, column), measure);
  }

  /** The same of a cell by its place in the lists. */
  worth(k: number, measure: Measure): number {
    return this.#share(this.rows[k] ?? 0, this.columns[k] ?? 0, this.counts[k] ?? 0, measure);
  }

  /**
   * The values on the diagonal and off it that have the strongest colour. A mistake is measured
   * against a tenth of the right answers at least: few mistakes do not look like many.
   */
  most(measure: Measure): { right: number; wrong: number } {
    const known = this.#most.get(measure);
    if (known) return known;
    const most = { right: 0, wrong: 0 };
    for (let k = 0; k < this.counts.length; k++) {
      const kind = this.rows[k] === this.columns[k] ? "right" : "wrong";
      most[kind] = Math.max(most[kind], Math.abs(this.worth(k, measure)));
    }
    most.wrong = Math.max(most.wrong, most.right / 10);
    this.#most.set(measure, most);
    return most;
  }

  #share(row: number, column: number, count: number, measure: Measure): number {
    if (measure === "count") return count;
    const whole = (measure === "row" ? this.rowSums[row] : this.columnSums[column]) ?? 0;
    return whole === 0 ? 0 : count / whole;
  }
}

/** The cell one step from another; the first cell when none is chosen. */
export function step(
  grid: Grid,
  from: { row: number; column: number } | null,
  [down, right]: readonly [number, number],
): { row: number; column: number } {
  if (!from) return { row: 0, column: 0 };
  const within = (at: number) => Math.max(0, Math.min(grid.size - 1, at));
  return { row: within(from.row + down), column: within(from.column + right) };
}

/** Zoom by a factor around a cell, and stay inside the matrix. */
export function zoom(grid: Grid, view: Window, factor: number, around: { row: number; column: number }): Window {
  const size = Math.max(Math.min(4, grid.size), Math.min(grid.size, view.size * factor));
  const scale = size / view.size;
  return inside(grid, {
    row: around.row - (around.row - view.row) * scale,
    column: around.column - (around.column - view.column) * scale,
    size,
  });
}

export function inside(grid: Grid, view: Window): Window {
  const within = (at: number) => Math.max(0, Math.min(grid.size - view.size, at));
  return { row: within(view.row), column: within(view.column), size: view.size };
}

/** The window moved so that a cell is in it. */
export function showing(grid: Grid, view: Window, at: { row: number; column: number }): Window {
  const toward = (first: number, cell: number) =>
    cell < first ? cell : cell + 1 > first + view.size ? cell + 1 - view.size : first;
  return inside(grid, { ...view, row: toward(view.row, at.row), column: toward(view.column, at.column) });
}

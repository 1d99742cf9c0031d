import { expect, test } from "vitest";
import { Grid, inside, showing, step, zoom } from "./grid";

const grid = new Grid({ classes: ["a", "b", "c"], rows: [0, 0, 1, 2], columns: [0, 1, 1, 0], counts: [3, 1, 4, 2] });

test("a cell is worth its count, or its share of row or column", () => {
  expect(grid.value(0, 1, "count")).toBe(1);
  expect(grid.value(0, 1, "row")).toBe(0.25);
  expect(grid.value(0, 1, "column")).toBe(0.2);
  expect(grid.value(2, 2, "column")).toBe(0);
  expect(grid.most("count")).toEqual({ right: 4, wrong: 2 });
  const good = new Grid({ classes: ["a", "b"], rows: [0, 0], columns: [0, 1], counts: [50, 1] });
  expect(good.most("count")).toEqual({ right: 50, wrong: 5 });
});

test("steps stay inside and start at the first cell", () => {
  expect(step(grid, null, [1, 0])).toEqual({ row: 0, column: 0 });
  expect(step(grid, { row: 2, column: 1 }, [1, -1])).toEqual({ row: 2, column: 0 });
});

test("zooming keeps the cell under the pointer where it is", () => {
  const big = new Grid({ classes: Array.from({ length: 100 }, (_, n) => `${n}`), rows: [], columns: [], counts: [] });
  const view = zoom(big, { row: 0, column: 0, size: 100 }, 0.5, { row: 50, column: 20 });
  expect(view).toEqual({ row: 25, column: 10, size: 50 });
  expect(inside(big, { row: 90, column: -5, size: 50 })).toEqual({ row: 50, column: 0, size: 50 });
  expect(showing(big, view, { row: 80, column: 5 })).toEqual({ row: 31, column: 5, size: 50 });
});

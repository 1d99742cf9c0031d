import { expect, test } from "vitest";
import { Grid } from "../../data/grid";
import { isGood, rasterize, strength } from "./raster";

const ink = { ground: [255, 255, 255], right: [0, 0, 255], wrong: [255, 0, 0] } as const;

test("a single mistake among 1,000 classes is still a coloured pixel", () => {
  const classes = Array.from({ length: 1000 }, (_, n) => `${n}`);
  const grid = new Grid({ classes, rows: [501], columns: [13], counts: [1] });
  const { side, data } = rasterize(grid, "count", { row: 0, column: 0, size: 1000 }, ink, 300);
  expect(side).toBe(300);
  const coloured = Array.from({ length: side * side }, (_, k) => k).filter((k) => data[k * 4 + 1] !== 255);
  expect(coloured).toEqual([Math.floor(501 * 0.3) * 300 + Math.floor(13 * 0.3)]);
});

test("more right answers and fewer mistakes are good", () => {
  expect([isGood(true, 2), isGood(true, -2), isGood(false, -1), isGood(false, 1)]).toEqual([true, false, true, false]);
  expect(strength(0, 5)).toBe(0);
  expect(strength(5, 5)).toBe(1);
});

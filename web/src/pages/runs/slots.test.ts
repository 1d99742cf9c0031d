import { expect, test } from "vitest";
import { rowInSlot, windowOf } from "./slots";

test("the slots of a window hold each of its rows exactly once", () => {
  for (const first of [0, 1, 7, 99_960]) {
    const rows = Array.from({ length: 40 }, (_, slot) => rowInSlot(slot, first, 40));
    expect(rows.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => first + i));
  }
});

test("scrolling by one row changes one slot", () => {
  const at = (first: number) => Array.from({ length: 30 }, (_, slot) => rowInSlot(slot, first, 30));
  const [before, after] = [at(500), at(501)];
  expect(after.filter((row, i) => row !== before[i])).toEqual([530]);
});

test("the window never leaves the table", () => {
  expect(windowOf(0, 560, 28, 5)).toEqual({ first: 0, slots: 5 });
  const end = windowOf(28 * 100_000, 560, 28, 100_000);
  expect(end.first + end.slots).toBe(100_000);
});

import { expect, test } from "vitest";
import { byEnd, orderTrials, type Trials } from "./trials";

const trials: Trials = {
  number: [0, 1, 2, 3, 4],
  state: ["pruned", "complete", "failed", "reused", "running"],
  run: ["a", "b", null, "c", "d"],
  values: [[null, 0.5, null, 0.9, null]],
};
const all = { states: [], runs: null };

test("what runs comes first, then the best, and pruned and failed trials stand apart", () => {
  expect(orderTrials(trials, all, "max", null, () => null)).toEqual([4, 3, 1, 0, 2]);
  expect(orderTrials(trials, all, "min", null, () => null)).toEqual([4, 1, 3, 0, 2]);
});

test("states and a brush leave trials out", () => {
  expect(orderTrials(trials, { states: ["pruned", "failed"], runs: null }, "max", null, () => null)).toEqual([0, 2]);
  expect(orderTrials(trials, { states: [], runs: new Set(["b", "d"]) }, "max", null, () => null)).toEqual([4, 1]);
});

test("a missing value is last in both directions", () => {
  const value = (place: number) => trials.values[0]?.[place];
  expect(orderTrials(trials, all, "max", { column: "value 0", isDown: true }, value)).toEqual([3, 1, 0, 2, 4]);
  expect(orderTrials(trials, all, "max", { column: "value 0", isDown: false }, value)).toEqual([1, 3, 0, 2, 4]);
});

test("trials in the order of their ends", () => {
  expect(byEnd([5, null, 3, 5])).toEqual([2, 0, 3]);
});

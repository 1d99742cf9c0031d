import { expect, test } from "vitest";
import { readEvaluate, writeEvaluate } from "./evaluateview";

test("a view survives its address", () => {
  const view = {
    ...readEvaluate(""), step: 3, order: "confusion" as const, truth: "a&b", predicted: "", wrong: true,
    column: "ink", value: "1 to 2", page: 2, threshold: 0.5, other: "abc", change: "broken" as const,
  };
  expect(readEvaluate(writeEvaluate(view))).toEqual(view);
});

test("the plain view has an empty address, and nonsense is the plain view", () => {
  expect(writeEvaluate(readEvaluate(""))).toBe("");
  expect(readEvaluate("?step=x&order=size&page=-4&threshold=&sort=__proto__")).toEqual(readEvaluate(""));
});

import { describe, expect, it } from "vitest";
import type { Verdict } from "../api/types";
import { numbersOf } from "./verdicts";

const VERDICT: Verdict = {
  outcome: "exact",
  because: "",
  metrics: 2,
  points: 100,
  relative: 0,
  worst: null,
  differing: [],
  is_deterministic: null,
  replicates: 0,
  predictions_equal: null,
  left_out: [],
};

describe("the numbers behind a verdict", () => {
  it("say how much was compared and how far apart it is", () => {
    expect(numbersOf(VERDICT)).toEqual(["2 metrics, 100 points compared", "all of them bitwise equal"]);
    const off = { ...VERDICT, metrics: 1, points: 1, relative: 3.1e-13, worst: "loss" };
    expect(numbersOf(off)).toEqual([
      "1 metric, 1 point compared",
      "largest relative difference 3.1e-13 (loss)",
    ]);
  });

  it("do not repeat what decided it", () => {
    expect(numbersOf({ ...VERDICT, because: "2 metrics, 100 points" })).toEqual([
      "all of them bitwise equal",
    ]);
  });

  it("tell what the judgement rests on", () => {
    const noisy = { ...VERDICT, relative: null, is_deterministic: false, replicates: 5, predictions_equal: 0.99, left_out: ["time"] };
    expect(numbersOf(noisy).slice(1)).toEqual([
      "99 % of predictions equal",
      "re-runs differ among themselves",
      "interval from 5 runs with other seeds",
      "not compared: time",
    ]);
  });
});

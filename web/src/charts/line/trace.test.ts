import { describe, expect, it } from "vitest";
import { curve } from "../../../bench/curves";
import { makeScale } from "../../data/scale";
import { trace } from "./trace";

const y = makeScale("linear", [0, 4], [200, 0]);

describe("trace", () => {
  it("says that it left points out only when it did, gaps or not", () => {
    const x = makeScale("linear", [0, 1000], [0, 400]);
    const few = curve(1, "a", 100, { gap: [0.3, 0.5] });
    expect(trace(few, few.y, x, y, 1).isReduced).toBe(false);
    const many = curve(1, "a", 5000, { stride: 0.2 });
    expect(trace(many, many.y, x, y, 1).isReduced).toBe(true);
  });

  it("draws a zoomed part with one neighbour on each side", () => {
    const series = curve(2, "b", 100, { stride: 1 });
    const x = makeScale("linear", [50.5, 52.5], [0, 100]);
    const { points, size } = trace(series, series.y, x, y, 1);
    expect([...points.subarray(0, size)].filter((_, i) => i % 2 === 0)).toEqual([-25, 25, 75, 125]);
  });

  it("keeps far outliers finite, so that no browser drops the line", () => {
    const series = { ...curve(3, "c", 3), y: Float64Array.of(1, 1e300, 2) };
    const { points, size } = trace(series, series.y, makeScale("linear", [0, 20], [0, 90]), y, 1);
    expect([...points.subarray(0, size)].every(Number.isFinite)).toBe(true);
    expect(size).toBe(6);
  });
});

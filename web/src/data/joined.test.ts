import { describe, expect, it } from "vitest";
import { joinCurves } from "./joined";
import type { Series } from "./series";

function series(run: string, x: number[], y: number[], origin = 0): Series {
  return {
    run,
    key: "loss",
    label: run,
    x: Float32Array.from(x),
    xOrigin: origin,
    y: Float64Array.from(y),
    yOrigin: 0,
    pointCount: x.length,
    nonfiniteCount: 0,
    isExact: true,
    marks: [],
  };
}

describe("a joined curve", () => {
  it("is the earlier runs one after the other and the step to the child", () => {
    const joined = joinCurves(
      [series("a", [0, 10], [5, 4]), series("b", [20, 30], [3, 2])],
      series("c", [1, 11], [1, 0.5], 39),
    );
    expect([...(joined?.x ?? [])]).toEqual([0, 10, 20, 30, 40]);
    expect([...(joined?.y ?? [])]).toEqual([5, 4, 3, 2, 1]);
    expect(joined).toMatchObject({ run: "b", pointCount: 4, xOrigin: 0, isExact: true });
  });

  it("ends with the earlier runs when the child has no point, or none after them", () => {
    expect(joinCurves([series("a", [0, 10], [5, 4])], undefined)?.x).toHaveLength(2);
    expect(joinCurves([series("a", [0, 10], [5, 4])], series("c", [3], [1]))?.x).toHaveLength(2);
  });

  it("skips what is not finite on its way to the child", () => {
    const joined = joinCurves([series("a", [0], [5])], series("c", [1, 2], [NaN, 3]));
    expect([...(joined?.x ?? [])]).toEqual([0, 2]);
  });

  it("is nothing without points before the fork", () => {
    expect(joinCurves([], series("c", [1], [1]))).toBeNull();
    expect(joinCurves([series("a", [], [])], series("c", [1], [1]))).toBeNull();
  });
});

import { describe, expect, it } from "vitest";
import { curve, randomFrom } from "../../bench/curves";
import { hitAt, nearestIndex, nearestSeries } from "./hover";
import { makeScale, toPixel } from "./scale";
import type { Series } from "./series";

function seriesOf(x: number[], y: number[], xOrigin = 0): Series {
  return { ...curve(1, "a", 1), x: Float32Array.from(x), y: Float64Array.from(y), xOrigin };
}

describe("nearestIndex", () => {
  it("finds what a full search finds, for any x", () => {
    const random = randomFrom(5);
    const x = Array.from({ length: 300 }, () => Math.fround(random() * 1000)).sort((a, b) => a - b);
    const series = seriesOf(x, x);
    for (let i = 0; i < 500; i++) {
      const at = random() * 1200 - 100;
      const gaps = x.map((value) => Math.abs(value - at));
      expect(gaps[nearestIndex(series, at)]).toBeCloseTo(Math.min(...gaps), 6);
    }
  });

  it("keeps whole steps apart far beyond float32 by its origin", () => {
    const series = seriesOf([0, 1, 2, 3], [10, 11, 12, 13], 1_790_000_000_000);
    expect(hitAt(series, 1_790_000_000_002)).toEqual({ index: 2, x: 1_790_000_000_002, y: 12 });
  });

  it("skips NaN points and searches unsorted series through", () => {
    expect(nearestIndex(seriesOf([0, 1, 2], [5, NaN, 7]), 1.1)).toBe(2);
    expect(nearestIndex(seriesOf([5, 1, 9], [1, 2, 3]), 1.2)).toBe(1);
    expect(nearestIndex(seriesOf([], []), 1)).toBe(-1);
  });
});

describe("hitAt", () => {
  it("says nothing inside a gap or far outside the series", () => {
    const x = Array.from({ length: 101 }, (_, i) => i);
    const y = x.map((value) => (value > 30 && value < 60 ? NaN : value));
    const series = seriesOf(x, y);
    expect(hitAt(series, 45)).toBeNull();
    expect(hitAt(series, 30.2)?.y).toBe(30);
    expect(hitAt(series, 130)).toBeNull();
    expect(hitAt(series, 101)?.y).toBe(100);
  });
});

describe("nearestSeries", () => {
  it("takes the line that passes closest to the pointer, between its points too", () => {
    const flat = seriesOf([0, 100], [1, 1]);
    const steep = seriesOf([0, 100], [0, 10]);
    const x = makeScale("linear", [0, 100], [0, 1000]);
    const y = makeScale("linear", [0, 10], [500, 0]);
    const at = (value: number, pixel: number): number | undefined =>
      nearestSeries([flat, steep], x, y, toPixel(x, value), pixel, value)?.series;
    expect(at(50, toPixel(y, 5.1))).toBe(1);
    expect(at(50, toPixel(y, 1.2))).toBe(0);
  });
});

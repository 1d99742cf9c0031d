import { describe, expect, it } from "vitest";
import { makeScale, padded, project, toPixel, toValue, usableDomain } from "./scale";

describe("scale", () => {
  it("goes to pixels and back, linear and log", () => {
    for (const kind of ["linear", "log"] as const) {
      const scale = makeScale(kind, [0.001, 50], [300, 20]);
      for (const value of [0.001, 0.5, 7, 50]) {
        expect(toValue(scale, toPixel(scale, value))).toBeCloseTo(value, 9);
      }
      expect(toPixel(scale, 0.001)).toBeCloseTo(300);
      expect(toPixel(scale, 50)).toBeCloseTo(20);
    }
  });

  it("projects a column as it places single values, from its origin", () => {
    const column = Float32Array.of(0, 1, 2.5);
    for (const kind of ["linear", "log"] as const) {
      const scale = makeScale(kind, [1e6, 1e6 + 3], [0, 900]);
      const out = new Float32Array(3);
      project(scale, column, 1e6, [0, 3], out);
      column.forEach((value, i) => expect(out[i]).toBeCloseTo(toPixel(scale, 1e6 + value), 1));
    }
  });

  it("has no place for values at or below zero on a log axis", () => {
    const out = new Float32Array(3);
    project(makeScale("log", [0.1, 10], [0, 100]), Float64Array.of(-1, 0, 1), 0, [0, 3], out);
    expect([...out].map(Number.isNaN)).toEqual([true, true, false]);
  });

  it("places the smallest and the largest float on one axis", () => {
    const log = makeScale("log", padded("log", [1e-300, 1e300], 0.05), [0, 100]);
    expect(Math.abs(toPixel(log, 1) - 50)).toBeLessThan(2); // room ends where floats end
    expect(toValue(log, toPixel(log, 1e280)) / 1e280).toBeCloseTo(1, 6);
    const out = new Float32Array(2);
    project(log, Float64Array.of(1e-300, 1e300), 0, [0, 2], out);
    expect(out[0]).toBeGreaterThan(0);
    expect(out[1]).toBeLessThan(100);
    const wide = makeScale("linear", padded("linear", [-1e308, 1e308], 0.05), [0, 100]);
    expect(toPixel(wide, 0)).toBeCloseTo(50);
  });

  it("makes a usable domain of nothing, of one value and of nonsense", () => {
    expect(usableDomain("linear", [3, 3])).toEqual([2.85, 3.15]);
    expect(usableDomain("linear", [0, 0])).toEqual([-0.5, 0.5]);
    expect(usableDomain("linear", [NaN, NaN])).toEqual([0, 1]);
    expect(usableDomain("log", [-5, -1])).toEqual([0.1, 1]);
    expect(usableDomain("log", [0, 100])).toEqual([1e-4, 100]);
    expect(padded("log", [1, 100], 0.5)[1]).toBeCloseTo(1000);
  });
});

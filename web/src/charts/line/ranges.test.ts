import { describe, expect, it } from "vitest";
import { curve } from "../../../bench/curves";
import { countOutside, grown, soleX, xDomain, yDomain } from "./ranges";

const spiky = {
  ...curve(1, "a", 1000),
  y: new Float64Array(1000).map((_, i) => (i % 333 === 100 ? 500 : Math.sin(i / 50))),
};

describe("ranges", () => {
  it("holds every point by default, and the bulk when asked, with the rest counted", () => {
    const view = xDomain([spiky], "linear");
    const all = yDomain([spiky], view, "linear", false);
    expect(all.range[1]).toBeGreaterThan(500);
    expect(all.hasOutliers).toBe(true);
    const bulk = yDomain([spiky], view, "linear", true);
    expect(bulk.range[1]).toBeLessThan(3);
    expect(countOutside([spiky], view, bulk.range, "linear").above).toBe(3);
  });

  it("leaves out one run that diverged, not the high start of the others", () => {
    const runs = Array.from({ length: 20 }, (_, i) => curve(i, `run-${i}`, 100));
    const lost = { ...curve(30, "lost", 20), y: new Float64Array(20).map((_, i) => 30 + 10 ** i) };
    const view = xDomain(runs, "linear");
    const start = yDomain(runs, view, "linear", false).range;
    const bulk = yDomain([...runs, lost], view, "linear", true);
    expect(bulk.range).toEqual(start);
    expect(countOutside([...runs, lost], view, bulk.range, "linear").above).toBe(20);
    expect(yDomain(runs, view, "linear", false).hasOutliers).toBe(false);
  });

  it("knows the one value and the one x of flat data", () => {
    const flat = { ...curve(4, "flat", 50), y: new Float64Array(50).fill(0.5) };
    expect(yDomain([flat], [0, 500], "linear", false).sole).toBe(0.5);
    expect(yDomain([spiky], [0, 500], "linear", false).sole).toBeNull();
    expect(soleX([flat], "linear")).toBeNull();
    expect(soleX([{ ...curve(5, "one", 1), x: Float32Array.of(120) }], "linear")).toBe(120);
  });

  it("follows the zoomed part of x only", () => {
    const { range } = yDomain([spiky], [1100, 1200], "linear", false);
    expect(range[1]).toBeLessThan(2);
  });

  it("does not open a piece below zero where all values are above", () => {
    const loss = { ...curve(2, "b", 100), y: new Float64Array(100).map((_, i) => 2 - i / 51) };
    expect(yDomain([loss], [0, 1000], "linear", false).range[0]).toBe(0);
  });

  it("ignores what a log axis cannot place, and counts it", () => {
    const mixed = { ...curve(3, "c", 4), y: Float64Array.of(-1, 0, 0.1, 10) };
    const { range } = yDomain([mixed], [0, 30], "log", false);
    expect(range[0]).toBeGreaterThan(0.01);
    expect(countOutside([mixed], [0, 30], range, "log").unplaced).toBe(2);
  });

  it("grows and never shrinks while it is held", () => {
    expect(grown([0, 10], [2, 12])).toEqual([0, 12]);
    expect(grown(null, [2, 12])).toEqual([2, 12]);
  });
});

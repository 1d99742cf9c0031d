import { describe, expect, it } from "vitest";
import { curve } from "../../../bench/curves";
import type { Series } from "../../data/series";
import { isStrip, pointRows } from "./rows";

const point = (name: string, value: number, x = 120): Series => ({
  ...curve(1, name, 1),
  run: name,
  x: Float32Array.of(x),
  y: Float64Array.of(value),
});
const lost: Series = { ...point("lost", NaN), y: Float64Array.of(NaN), marks: [[60, "NaN"]] };

describe("rows of points", () => {
  it("are drawn when no run has a second point", () => {
    expect(isStrip([point("a", 1), point("b", 2)])).toBe(true);
    expect(isStrip([point("a", 1), lost])).toBe(true);
    expect(isStrip([point("a", 1), curve(2, "b", 2)])).toBe(false);
    expect(isStrip([lost])).toBe(false);
    expect(isStrip([])).toBe(false);
  });

  it("stand highest first, with the values that have no place last", () => {
    const rows = pointRows([point("low", 1), lost, point("high", 3, 60)]);
    expect(rows.map((row) => row.series.run)).toEqual(["high", "low", "lost"]);
    expect(rows.map((row) => row.x)).toEqual([60, 120, 60]);
    expect(rows[2]!.mark).toBe("NaN");
  });

  it("carry the band of a group", () => {
    const group = { ...point("g", 2), low: Float64Array.of(1), high: Float64Array.of(3) };
    expect(pointRows([group])[0]).toMatchObject({ value: 2, low: 1, high: 3 });
  });
});

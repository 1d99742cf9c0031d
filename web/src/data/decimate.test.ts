import { describe, expect, it } from "vitest";
import { decimate, outlines, pointsCapacity } from "./decimate";
import { randomFrom } from "../../bench/curves";

function reduced(px: number[], py: number[], columnWidth = 1): [number, number][] {
  const out = new Float32Array(pointsCapacity(px.length));
  const size = decimate(Float32Array.from(px), Float32Array.from(py), px.length, columnWidth, out);
  const points: [number, number][] = [];
  for (let i = 0; i < size; i += 2) points.push([out[i]!, out[i + 1]!]);
  return points;
}

/** A random curve over `width` pixels with gaps and spikes. */
function randomCurve(seed: number, count: number, width: number): { px: number[]; py: number[] } {
  const random = randomFrom(seed);
  const px = Array.from({ length: count }, (_, i) => Math.fround((i / count) * width));
  const py = px.map(() => {
    const r = random();
    return r < 0.02 ? NaN : r < 0.03 ? Math.fround(1000 * random()) : Math.fround(random());
  });
  return { px, py };
}

describe("decimate", () => {
  it("keeps first, lowest, highest and last of each column, for any curve", () => {
    for (let seed = 1; seed <= 60; seed++) {
      const count = 1 + Math.floor(randomFrom(seed)() * 3000);
      const width = 1 + (seed % 97);
      const { px, py } = randomCurve(seed, count, width);
      const kept = reduced(px, py).filter(([x]) => !Number.isNaN(x));
      const columnOf = (x: number): number => Math.floor(x);
      const all = new Map<number, number[]>();
      px.forEach((x, i) => {
        if (Number.isNaN(py[i]!)) return;
        const column = all.get(columnOf(x)) ?? [];
        column.push(py[i]!);
        all.set(columnOf(x), column);
      });
      for (const [column, values] of all) {
        const drawn = kept.filter(([x]) => columnOf(x) === column).map(([, y]) => y);
        expect(Math.min(...drawn)).toBe(Math.min(...values));
        expect(Math.max(...drawn)).toBe(Math.max(...values));
        expect(drawn[0]).toBe(values[0]);
        expect(drawn.at(-1)).toBe(values.at(-1));
      }
    }
  });

  it("loses none of 100 one-step spikes among a million points", () => {
    const count = 1_000_000;
    const px = new Float32Array(count);
    const py = new Float32Array(count);
    const random = randomFrom(7);
    const spikes = new Set<number>();
    for (let i = 0; i < count; i++) px[i] = (i / count) * 1200;
    while (spikes.size < 100) spikes.add(Math.floor(random() * count));
    for (const i of spikes) py[i] = 50;
    const out = new Float32Array(pointsCapacity(count));
    const size = decimate(px, py, count, 1, out);
    const columns = new Set<number>();
    for (let i = 0; i < size; i += 2) if (out[i + 1] === 50) columns.add(Math.floor(out[i]!));
    expect(columns).toEqual(new Set([...spikes].map((i) => Math.floor(px[i]!))));
    expect(size).toBeLessThanOrEqual(2 * 4 * 1200);
  });

  it("draws the same points when nothing needs to be left out", () => {
    const px = [0, 10, 20, 30];
    expect(reduced(px, [1, 2, 3, 4])).toEqual([
      [0, 1],
      [10, 2],
      [20, 3],
      [30, 4],
    ]);
  });

  it("lifts the pen once per gap and treats infinities as gaps", () => {
    const points = reduced([0, 1, 2, 3, 4, 5], [1, NaN, NaN, 2, Infinity, 3]);
    expect(points.map(([, y]) => y)).toEqual([1, NaN, 2, NaN, 3]);
  });

  it("keeps the order of time when x goes back", () => {
    expect(reduced([5, 6, 2, 3], [1, 2, 3, 4])).toEqual([
      [5, 1],
      [6, 2],
      [2, 3],
      [3, 4],
    ]);
  });

  it("starts no gap before the first point", () => {
    expect(reduced([0, 1, 2], [NaN, 1, 2])).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });
});

describe("outlines", () => {
  it("goes along the upper edge and back along the lower one", () => {
    const [shape] = outlines(
      Float32Array.of(0, 1, 2),
      Float32Array.of(9, 8, 7),
      Float32Array.of(3, 2, 1),
      3,
      1,
    );
    expect([...shape!]).toEqual([0, 3, 1, 2, 2, 1, 2, 7, 1, 8, 0, 9]);
  });

  it("breaks at gaps and keeps the outermost edges of a column", () => {
    const shapes = outlines(
      Float32Array.of(0, 0.5, 1, 2),
      Float32Array.of(5, 6, NaN, 7),
      Float32Array.of(3, 1, 2, 4),
      4,
      1,
    );
    expect(shapes.map((shape) => [...shape])).toEqual([
      [0, 1, 0, 6],
      [2, 4, 2, 7],
    ]);
  });
});

import { describe, expect, it } from "vitest";
import { randomFrom } from "../../../bench/curves";
import { DensityRaster, inkRamp } from "./raster";

/** Rows a polyline covers in each column, found by walking along it in tiny steps. */
function walked(points: Float32Array, width: number, height: number): Set<string> {
  const covered = new Set<string>();
  for (let i = 0; i + 3 < points.length; i += 2) {
    const [x1, y1, x2, y2] = [points[i]!, points[i + 1]!, points[i + 2]!, points[i + 3]!];
    if (Number.isNaN(x1) || Number.isNaN(x2)) continue;
    for (let s = 1; s < 4000; s++) {
      const x = Math.floor(x1 + ((x2 - x1) * s) / 4000);
      const y = Math.floor(y1 + ((y2 - y1) * s) / 4000);
      if (x >= 0 && x < width && y >= 0 && y < height) covered.add(`${x},${y}`);
    }
  }
  return covered;
}

describe("DensityRaster", () => {
  it("covers each pixel a curve passes, once per curve", () => {
    const random = randomFrom(11);
    for (let round = 0; round < 20; round++) {
      const points = new Float32Array(16);
      for (let i = 0; i < 8; i++) {
        points[2 * i] = i * 4 + random() * 3;
        points[2 * i + 1] = random() * 30 - 5;
      }
      const raster = new DensityRaster(32, 20);
      raster.add(points, 16);
      raster.finish();
      for (const pixel of walked(points, 32, 20)) {
        const [x, y] = pixel.split(",").map(Number) as [number, number];
        expect(raster.countAt(x, y)).toBe(1);
      }
      expect(raster.countMax).toBe(1);
    }
  });

  it("adds up: the counts of many curves are the sum of the counts of each", () => {
    const random = randomFrom(23);
    const [width, height] = [40, 25];
    const sum = new Int32Array(width * (height + 1));
    const together = new DensityRaster(width, height);
    for (let s = 0; s < 50; s++) {
      const points = new Float32Array(40).map((_, i) =>
        i % 2 === 0 ? (i / 40) * 44 - 2 : random() * 30 - 2,
      );
      if (s % 5 === 0) points.fill(NaN, 10, 12);
      const alone = new DensityRaster(width, height);
      alone.add(points, 40);
      alone.finish();
      for (let x = 0; x < width; x++) {
        for (let y = 0; y < height; y++) sum[x * (height + 1) + y]! += alone.countAt(x, y);
      }
      together.add(points, 40);
    }
    together.finish();
    for (let x = 0; x < width; x++) {
      for (let y = 0; y < height; y++) {
        expect(together.countAt(x, y)).toBe(sum[x * (height + 1) + y]);
      }
    }
    expect(together.seriesCount).toBe(50);
  });

  it("shows a spike of one run, leaves gaps empty and keeps lone points", () => {
    const raster = new DensityRaster(10, 10);
    raster.add(Float32Array.of(0, 9, 4, 9, 4.5, 0.5, 5, 9, NaN, NaN, 8.5, 3.5), 12);
    raster.finish();
    expect(raster.countAt(4, 0)).toBe(1);
    expect(raster.countAt(7, 9)).toBe(0);
    expect(raster.countAt(8, 3)).toBe(1);
  });

  it("draws one run visibly and never fewer runs stronger than more", () => {
    const ink = [
      [200, 210, 220],
      [100, 110, 120],
      [0, 10, 20],
    ] as const;
    const ramp = inkRamp(ink, 500, 400);
    const alphas = [...ramp].map((pixel) => pixel >>> 24);
    expect(alphas[0]).toBe(0);
    expect(alphas[1]).toBeGreaterThan(60);
    for (let i = 1; i < alphas.length; i++) {
      expect(alphas[i]).toBeGreaterThanOrEqual(alphas[i - 1]!);
    }
  });

  it("adds a fan line by line, with the mean of its shades, and takes it away again", () => {
    const random = randomFrom(5);
    // A prime width: no line passes exactly between two pixels, where rounding would decide.
    const [width, height, runs] = [61, 40, 300];
    // Some rows are shared, so that lines are bundled.
    const rowsOf = (step: number) => Float32Array.from({ length: runs }, () => Math.floor((random() * (height - 1)) / step) * step + 0.25);
    const [left, right] = [rowsOf(1), rowsOf(8)];
    const shades = Uint8Array.from({ length: runs }, () => Math.floor(random() * 64));
    const fan = new DensityRaster(width, height, "shade");
    fan.addFan([0, width], [left, right], shades, 1);
    fan.finish();
    const counts = new Int32Array(width * height);
    const sums = new Float64Array(width * height);
    for (let run = 0; run < runs; run++) {
      const [from, to] = [Math.floor(left[run]!) + 0.5, Math.floor(right[run]!) + 0.5];
      for (let x = 0; x < width; x++) {
        const ends = [from + ((to - from) * x) / width, from + ((to - from) * (x + 1)) / width].sort((a, b) => a - b);
        for (let y = Math.floor(ends[0]!); y <= Math.floor(ends[1]!); y++) {
          counts[x * height + y]!++;
          sums[x * height + y]! += shades[run]!;
        }
      }
    }
    for (let x = 0; x < width; x++)
      for (let y = 0; y < height; y++) {
        const at = x * height + y;
        expect(fan.countAt(x, y)).toBe(counts[at]);
        expect(fan.shadeAt(x, y)).toBeCloseTo(sums[at]! / Math.max(1, counts[at]!), 6);
      }
    const some = (values: Float32Array | Uint8Array) => values.filter((_, run) => run % 3 === 0);
    const rest = new DensityRaster(width, height, "shade");
    rest.copy(fan);
    rest.addFan([0, width], [some(left) as Float32Array, some(right) as Float32Array], some(shades) as Uint8Array, -1);
    rest.finish();
    const others = new DensityRaster(width, height, "shade");
    const keep = (values: Float32Array | Uint8Array) => values.filter((_, run) => run % 3 !== 0);
    others.addFan([0, width], [keep(left) as Float32Array, keep(right) as Float32Array], keep(shades) as Uint8Array, 1);
    others.finish();
    expect(rest.counts).toEqual(others.counts);
    for (let y = 0; y < height; y++) expect(rest.shadeAt(30, y)).toBe(others.shadeAt(30, y));
    const coarse = new DensityRaster(width, height, "shade");
    coarse.addFan([0, width], [left, right], shades, 1, 2);
    coarse.finish();
    for (let x = 0; x + 1 < width; x += 2)
      for (let y = 0; y < height; y++) {
        expect(coarse.countAt(x + 1, y)).toBe(coarse.countAt(x, y));
        expect(coarse.countAt(x, y)).toBeGreaterThanOrEqual(fan.countAt(x, y)); // both columns' rows
      }
  });
});

// Curves that look like training: seeded, so that every run of a page draws the same picture.

import type { Mark, Series } from "../src/data/series";

/** A small seeded generator (mulberry32): numbers in [0, 1). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export interface CurveShape {
  readonly noise?: number;
  readonly spikes?: number;
  readonly gap?: readonly [number, number];
  readonly nanAt?: number;
  readonly isAccuracy?: boolean;
  readonly smooth?: boolean;
  readonly band?: number;
  readonly stride?: number;
}

export function curve(seed: number, label: string, count: number, shape: CurveShape = {}): Series {
  const random = randomFrom(seed * 7919 + 17);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(6.283 * random());
  const { noise = 0.03, spikes = 0, isAccuracy = false, stride = 10 } = shape;
  const speed = 2 + 6 * random();
  const floor = 0.05 + 0.3 * random();
  const start = 2 + random();
  const x = new Float32Array(count);
  const y = new Float64Array(count);
  const marks: Mark[] = [];
  for (let i = 0; i < count; i++) {
    const t = i / count;
    x[i] = i * stride;
    const loss = floor + (start - floor) * Math.exp(-speed * t) * (1 + noise * normal());
    y[i] = isAccuracy ? 1 - loss / (start * 1.05) : loss + noise * 0.4 * floor * normal();
    if (spikes > 0 && random() < spikes / count) y[i]! += isAccuracy ? -0.5 : 1.5 + 3 * random();
    if (shape.gap && t > shape.gap[0] && t < shape.gap[1]) y[i] = NaN;
    if (shape.nanAt !== undefined && t > shape.nanAt) {
      y[i] = NaN;
      if (marks.length < 8) marks.push([x[i]!, "NaN"]);
    }
  }
  const series: Series = {
    run: `run-${seed}`,
    key: isAccuracy ? "val/acc" : "loss",
    label,
    x,
    xOrigin: 0,
    y,
    yOrigin: 0,
    pointCount: count,
    nonfiniteCount: marks.length,
    isExact: true,
    marks,
  };
  if (shape.smooth) return { ...series, y: smoothed(y), raw: series };
  if (shape.band !== undefined) return { ...series, ...band(y, shape.band), runCount: 9 };
  return series;
}

function smoothed(values: Float64Array): Float64Array {
  let sum = 0;
  let weight = 0;
  return values.map((value) => {
    if (Number.isNaN(value)) return NaN;
    sum = 0.97 * sum + 0.03 * value;
    weight = 0.97 * weight + 0.03;
    return sum / weight;
  });
}

function band(y: Float64Array, width: number): { low: Float64Array; high: Float64Array } {
  return { low: y.map((v) => v * (1 - width)), high: y.map((v) => v * (1 + width)) };
}

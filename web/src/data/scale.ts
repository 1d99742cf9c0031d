// From values to pixels and back. A log scale has no place for values at or below zero: they
// become NaN, which every path builder draws as a gap, and the chart counts them in words.

import type { Column } from "./series";

export type ScaleKind = "linear" | "log";
export type Range = readonly [min: number, max: number];

export interface Scale {
  readonly kind: ScaleKind;
  readonly min: number;
  readonly max: number;
  /** Pixels of `min` and `max`; `start > end` for a y axis, which grows upwards. */
  readonly start: number;
  readonly end: number;
}

export function makeScale(kind: ScaleKind, domain: Range, pixels: Range): Scale {
  const [min, max] = usableDomain(kind, domain);
  return { kind, min, max, start: pixels[0], end: pixels[1] };
}

/** Twice this, the widest domain, still has room around it in a float. */
const SIZE_MAX = Number.MAX_VALUE / 4;

/** A domain with a width, and above zero for log; nonsense becomes the nearest sensible thing. */
export function usableDomain(kind: ScaleKind, [low, high]: Range): Range {
  let min = Number.isNaN(low) ? 0 : Math.max(-SIZE_MAX, Math.min(SIZE_MAX, low));
  let max = Number.isNaN(high) ? min + 1 : Math.max(-SIZE_MAX, Math.min(SIZE_MAX, high));
  if (max < min) [min, max] = [max, min];
  if (kind === "log") {
    if (max <= 0) return [0.1, 1];
    if (min <= 0) min = max / 1e6;
    if (max / min < 1 + 1e-9) return [min / 2, max * 2];
    return [min, max];
  }
  if (!isFlat([min, max])) return [min, max];
  const half = min === 0 ? 0.5 : Math.abs(min) * 0.05;
  return [min - half, max + half];
}

/** True when both ends are one value, but for what a float cannot tell. */
export function isFlat([min, max]: Range): boolean {
  return max - min <= Math.max(Math.abs(min), Math.abs(max)) * 1e-12;
}

export function toPixel(scale: Scale, value: number): number {
  const width = scale.end - scale.start;
  if (scale.kind === "linear") {
    return scale.start + ((value - scale.min) / (scale.max - scale.min)) * width;
  }
  if (!(value > 0)) return NaN;
  return scale.start + ((Math.log(value) - Math.log(scale.min)) / logSpan(scale)) * width;
}

export function toValue(scale: Scale, pixel: number): number {
  const part = (pixel - scale.start) / (scale.end - scale.start);
  if (scale.kind === "linear") return scale.min + part * (scale.max - scale.min);
  return Math.exp(Math.log(scale.min) + part * logSpan(scale));
}

/** Of logarithms, because max / min leaves the range of a float long before min and max do. */
function logSpan({ min, max }: Scale): number {
  return Math.log(max) - Math.log(min);
}

/** Writes the pixels of column[first..end) to `out[0..end-first)`. */
export function project(
  scale: Scale,
  column: Column,
  origin: number,
  [first, end]: Range,
  out: Float32Array,
): void {
  const width = scale.end - scale.start;
  if (scale.kind === "linear") {
    const factor = width / (scale.max - scale.min);
    const shift = scale.start + (origin - scale.min) * factor;
    for (let i = first; i < end; i++) out[i - first] = column[i]! * factor + shift;
    return;
  }
  const factor = width / logSpan(scale);
  const shift = scale.start - Math.log(scale.min) * factor;
  for (let i = first; i < end; i++) {
    const value = column[i]! + origin;
    out[i - first] = value > 0 ? Math.log(value) * factor + shift : NaN;
  }
}

/** Room around the data so that curves do not touch the frame. */
export function padded(kind: ScaleKind, [min, max]: Range, share: number): Range {
  if (kind === "linear") {
    const room = (max - min) * share;
    return [min - room, max + room];
  }
  const room = Math.exp((Math.log(max) - Math.log(min)) * share);
  return [Math.max(Number.MIN_VALUE, min / room), Math.min(SIZE_MAX, max * room)];
}

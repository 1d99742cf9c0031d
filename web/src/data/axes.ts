// An axis of many runs: one field, a value a run, and where each value stands between the two
// ends of a line. What has no place there (missing, NaN, infinite) stands in a lane of its own.

import { formatNumber } from "./format";
import { usableDomain, type Range } from "./scale";
import { ticksOf } from "./ticks";

export type AxisScale = "linear" | "log" | "category";

export interface AxisData {
  /** As a query writes it. */
  readonly name: string;
  readonly kind: "run" | "param" | "metric" | "tag" | "unknown";
  readonly type: "number" | "time" | "duration" | "category";
  /** Runs without a value, and with one that is NaN or infinite. */
  readonly missing: number;
  readonly nonfinite: number;
  readonly isWhole: boolean;
  readonly low: number | null;
  readonly high: number | null;
  /** A value a run; NaN where there is none. Null for categories. */
  readonly numbers: Float64Array | null;
  readonly isMissing: Uint8Array | null;
  /** A place in `categories` a run, -1 where there is no value. Null for numbers. */
  readonly codes: Int32Array | null;
  readonly categories: readonly string[];
  /** The categories as a query writes them. */
  readonly literals: readonly string[];
}

/** More values than this are not told apart as categories of a number. */
export const CATEGORIES_OF_NUMBERS_MAX = 60;
/** Where the lane stands among the units 0 to 1. */
export const LANE = -1;

export interface Category {
  readonly label: string;
  readonly literal: string;
  readonly unit: number;
}

export interface Projection {
  readonly scale: AxisScale;
  readonly isFlipped: boolean;
  readonly domain: Range;
  /** A unit a run: 0 at the bottom, 1 at the top, `LANE` in the lane. */
  readonly units: Float32Array;
  readonly categories: readonly Category[];
  /** The values of an axis of numbers that has only a few: they are its ticks. */
  readonly marks: readonly number[] | null;
}

const MARKS_MAX = 8;

export const runCount = (axis: AxisData): number => (axis.numbers ?? axis.codes)?.length ?? 0;

/** The different values of a numeric axis in order, or null when there are too many to list. */
export function distinctNumbers(axis: AxisData): number[] | null {
  if (!axis.numbers) return null;
  const found = new Set<number>();
  for (const value of axis.numbers) {
    if (!Number.isFinite(value)) continue;
    found.add(value);
    if (found.size > CATEGORIES_OF_NUMBERS_MAX) return null;
  }
  return [...found].sort((a, b) => a - b);
}

/** The scales an axis can have, the usual one first. */
export function scalesOf(axis: AxisData): AxisScale[] {
  if (axis.codes) return ["category"];
  const scales: AxisScale[] = [defaultScale(axis)];
  for (const other of ["linear", "log", "category"] as const) {
    if (scales.includes(other)) continue;
    if (other === "log" && !((axis.low ?? 0) > 0 && axis.type === "number")) continue;
    if (other === "category" && (axis.type !== "number" || distinctNumbers(axis) === null)) continue;
    scales.push(other);
  }
  return scales;
}

const LOG_RATIO_MIN = 8;
const CROWDED_SHARE = 0.25;

/** Log where the numbers span decades and a linear axis would crowd half of them at its foot. */
export function defaultScale(axis: AxisData): AxisScale {
  if (axis.codes) return "category";
  const { low, high, numbers } = axis;
  if (!numbers || axis.type !== "number" || low === null || high === null) return "linear";
  if (!(low > 0) || high / low < LOG_RATIO_MIN) return "linear";
  const sorted = numbers.filter(Number.isFinite).sort();
  const median = sorted[Math.floor(sorted.length / 2)] ?? low;
  return (median - low) / (high - low) < CROWDED_SHARE ? "log" : "linear";
}

export function projectAxis(axis: AxisData, scale: AxisScale, isFlipped: boolean): Projection {
  const count = runCount(axis);
  const units = new Float32Array(count).fill(LANE);
  const turn = (unit: number): number => (isFlipped ? 1 - unit : unit);
  if (scale === "category") {
    const { labels, literals, placeOf, isNumbers } = categoriesOf(axis);
    // Numbers grow upwards, texts are read from the top.
    const unitOf = (k: number): number => {
      const unit = (k + 0.5) / Math.max(1, labels.length);
      return turn(isNumbers ? unit : 1 - unit);
    };
    for (let run = 0; run < count; run++) {
      const place = placeOf(run);
      if (place >= 0) units[run] = unitOf(place);
    }
    const categories = labels.map((label, k) => ({ label, literal: literals[k] ?? label, unit: unitOf(k) }));
    return { scale, isFlipped, domain: [0, 1], units, categories, marks: null };
  }
  const domain = usableDomain(scale, [axis.low ?? 0, axis.high ?? 1]);
  const [from, to] = scale === "log" ? [Math.log(domain[0]), Math.log(domain[1])] : domain;
  const numbers = axis.numbers ?? new Float64Array(count);
  for (let run = 0; run < count; run++) {
    const value = numbers[run]!;
    const placed = scale === "log" ? Math.log(value) : value;
    if (Number.isFinite(placed)) units[run] = turn((placed - from) / (to - from));
  }
  const distinct = axis.type === "number" ? distinctNumbers(axis) : null;
  const marks = distinct !== null && distinct.length <= MARKS_MAX ? distinct : null;
  return { scale, isFlipped, domain, units, categories: [], marks };
}

function categoriesOf(axis: AxisData) {
  if (axis.codes) {
    const codes = axis.codes;
    const isNumbers = axis.categories.every((text) => text.trim() !== "" && Number.isFinite(Number(text)));
    return { labels: axis.categories, literals: axis.literals, placeOf: (run: number) => codes[run]!, isNumbers };
  }
  const values = distinctNumbers(axis) ?? [];
  const places = new Map(values.map((value, k) => [value, k]));
  const numbers = axis.numbers ?? new Float64Array();
  const texts = values.map(String);
  return { labels: texts, literals: texts, placeOf: (run: number) => places.get(numbers[run]!) ?? -1, isNumbers: true };
}

/** The value at a unit of a projection; categories have none. */
export function valueAt(projection: Projection, unit: number): number {
  const [low, high] = projection.domain;
  const part = projection.isFlipped ? 1 - unit : unit;
  if (projection.scale === "log") return Math.exp(Math.log(low) + part * (Math.log(high) - Math.log(low)));
  return low + part * (high - low);
}

/** The unit of a value, 0 to 1 between the ends of the axis. */
export function unitAt(projection: Projection, value: number): number {
  const [low, high] = projection.domain;
  let part = (value - low) / (high - low);
  if (projection.scale === "log") part = (Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low));
  if (Number.isNaN(part)) part = 0;
  part = Math.max(0, Math.min(1, part));
  return projection.isFlipped ? 1 - part : part;
}

export interface AxisLabel {
  readonly unit: number;
  readonly label: string;
}

/** Where an axis is labelled: at its categories or few values, else at round ones. */
export function labelsOf(axis: AxisData, projection: Projection, countMax: number): AxisLabel[] {
  const { scale, domain, categories, marks } = projection;
  if (scale === "category") {
    const stride = Math.max(1, Math.ceil(categories.length / countMax));
    return categories.filter((_, k) => k % stride === 0).map(({ unit, label }) => ({ unit, label }));
  }
  if (marks !== null && marks.length <= countMax)
    return marks.map((value) => ({ unit: unitAt(projection, value), label: formatNumber(value) }));
  const kind = axis.type === "time" ? "time" : axis.type === "duration" ? "relative" : axis.isWhole ? "step" : "number";
  return ticksOf(kind, scale, domain, countMax).map(({ value, label }) => ({ unit: unitAt(projection, value), label }));
}

/** The value of a run as people read it in a list. */
export function cellText(axis: AxisData, run: number, write: (value: number, axis: AxisData) => string): string {
  if (axis.codes) return axis.categories[axis.codes[run]!] ?? "missing";
  if (axis.isMissing?.[run]) return "missing";
  return write(axis.numbers?.[run] ?? NaN, axis);
}

export const SHADE_NONE = 255;

/**
 * A shade a run, by the rank of its objective: the best has `count - 1`, the worst 0, a run
 * without an objective `SHADE_NONE`. By rank, because one outlier would make all others alike.
 */
export function shadesOf(axis: AxisData | null, direction: "min" | "max" | null, count: number, runs: number): Uint8Array {
  const shades = new Uint8Array(runs).fill(SHADE_NONE);
  const numbers = axis?.numbers;
  if (!numbers) return shades;
  const ranked: number[] = [];
  for (let run = 0; run < runs; run++) if (!Number.isNaN(numbers[run]!)) ranked.push(run);
  ranked.sort((a, b) => numbers[a]! - numbers[b]!);
  if (direction === "min") ranked.reverse();
  let place = 0;
  for (let i = 0; i < ranked.length; i++) {
    const run = ranked[i]!;
    // Equal values have equal shades.
    if (i === 0 || numbers[run] !== numbers[ranked[i - 1]!]) place = i;
    shades[run] = Math.floor((place / Math.max(1, ranked.length - 1)) * (count - 1));
  }
  return shades;
}

/** The runs in order of their objective, the best first; runs without one are left out. */
export function bestFirst(axis: AxisData | null, direction: "min" | "max" | null, among: Uint8Array | null): number[] {
  const numbers = axis?.numbers;
  if (!numbers) return [];
  const runs: number[] = [];
  for (let run = 0; run < numbers.length; run++) {
    if (!Number.isNaN(numbers[run]!) && (among === null || among[run])) runs.push(run);
  }
  const sign = direction === "min" ? 1 : -1;
  return runs.sort((a, b) => sign * (numbers[a]! - numbers[b]!));
}

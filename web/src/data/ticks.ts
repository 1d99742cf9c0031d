// Where an axis is labelled, and how. Four or five ticks at round values; labels of one axis
// share their number of decimals, so that they read as a column.

import { formatDate, formatSi, SI_LIMIT, SI_UNITS } from "./format";
import type { Range, ScaleKind } from "./scale";

export interface Tick {
  readonly value: number;
  readonly label: string;
}

/** What the numbers of an axis are: plain, whole steps, seconds since the start, or unix time. */
export type AxisKind = "number" | "step" | "relative" | "time";

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
const TIME_STEPS = [
  0.001,
  0.002,
  0.005,
  0.01,
  0.02,
  0.05,
  0.1,
  0.2,
  0.5,
  1,
  2,
  5,
  10,
  15,
  30,
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  2 * DAY,
  7 * DAY,
  14 * DAY,
  30 * DAY,
  90 * DAY,
  180 * DAY,
  365 * DAY,
] as const;

export function ticksOf(
  kind: AxisKind,
  scale: ScaleKind,
  domain: Range,
  countMax: number,
): readonly Tick[] {
  if (scale === "log") return logTicks(domain, countMax);
  if (kind === "relative") return durationTicks(domain, countMax);
  if (kind === "time") return clockTicks(domain, countMax);
  return linearTicks(domain, countMax, kind === "step" ? 1 : 0);
}

/** The smallest of 1, 2, 2.5, 5 times a power of ten that gives at most `countMax` ticks. */
export function niceStep(span: number, countMax: number, stepMin = 0): number {
  const rough = span / Math.max(1, countMax);
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 2.5, 5, 10].find((candidate) => candidate * power >= rough * 0.9999) ?? 10;
  const step = factor * power;
  // Half steps do not exist: 2.5 is only round from 25 on.
  if (stepMin > 0 && step < 10 * stepMin && factor === 2.5) return Math.max(stepMin, 5 * power);
  return Math.max(stepMin, step);
}

function multiples([min, max]: Range, step: number): number[] {
  const values: number[] = [];
  const first = Math.ceil(min / step - 1e-9);
  const last = Math.floor(max / step + 1e-9);
  for (let i = first; i <= last && values.length < 100; i++) values.push(i === 0 ? 0 : i * step);
  return values;
}

function linearTicks(domain: Range, countMax: number, stepMin: number): readonly Tick[] {
  const step = niceStep(domain[1] - domain[0], countMax, stepMin);
  const values = multiples(domain, step);
  const label = linearLabel(step, Math.max(...values.map(Math.abs), step));
  return values.map((value) => ({ value, label: label(value) }));
}

function minus(text: string): string {
  return text.replaceAll("-", "\u2212");
}

/** Above this a number written out has more digits than a float holds. */
const PLAIN_MAX = 1e15;

function linearLabel(step: number, sizeMax: number): (value: number) => string {
  const byExponent = (value: number): string => exponentLabel(value, step);
  if (sizeMax >= SI_LIMIT || sizeMax < 1e-3) return byExponent;
  if (sizeMax >= 10_000) {
    const thousands = Math.floor(Math.log10(sizeMax) / 3 + 1e-9);
    const unit = 1000 ** thousands;
    const digits = decimalsOf(step / unit);
    if (digits <= 3) {
      return (value) =>
        value === 0 ? "0" : minus((value / unit).toFixed(digits)) + SI_UNITS[thousands];
    }
    // A step too fine for its unit needs plain digits: 1.000000M, 1.000001M say nothing.
    if (sizeMax >= PLAIN_MAX) return byExponent;
    const plain = { maximumFractionDigits: decimalsOf(step) };
    return (value) => minus(value.toLocaleString("en-US", plain));
  }
  const digits = decimalsOf(step);
  return (value) => minus(value.toFixed(digits));
}

/** `1e280`, `2.5e−5`, with the digits that tell it from its neighbours a step away. */
function exponentLabel(value: number, step: number): string {
  if (value === 0) return "0";
  const magnitude = (size: number): number => Math.floor(Math.log10(Math.abs(size)) + 1e-9);
  const digits = Math.max(1, Math.min(15, magnitude(value) - magnitude(step) + 2));
  return minus(Number(value.toPrecision(digits)).toExponential().replace("+", ""));
}

function decimalsOf(step: number): number {
  let digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  if (Math.abs(step * 10 ** digits - Math.round(step * 10 ** digits)) > 1e-6) digits++;
  return Math.min(digits, 20);
}

export function logTicks(domain: Range, countMax: number): readonly Tick[] {
  const [min, max] = domain;
  const low = Math.log10(min);
  const high = Math.log10(max);
  const decades = high - low;
  if (decades < 1) {
    const ticks = linearTicks(domain, countMax, 0).filter((tick) => tick.value > 0);
    if (ticks.length >= 2) return ticks;
  }
  const values: number[] = [];
  if (decades <= 2 && countMax >= 4) {
    const factors = decades <= 1.4 ? [1, 2, 5] : [1, 3];
    for (let p = Math.floor(low); p <= Math.ceil(high); p++) {
      for (const factor of factors) values.push(factor * 10 ** p);
    }
  } else {
    const stride = decadeStride(decades / countMax);
    for (let p = Math.ceil(low - 1e-9); p <= high + 1e-9; p++) {
      if (((p % stride) + stride) % stride === 0) values.push(10 ** p);
    }
  }
  return values
    .filter((value) => value >= min * (1 - 1e-9) && value <= max * (1 + 1e-9))
    .map((value) => ({ value, label: logLabel(value) }));
}

const DECADE_STRIDES = [1, 2, 3, 5, 10, 20, 50, 100, 200] as const;

function decadeStride(least: number): number {
  return DECADE_STRIDES.find((stride) => stride >= least) ?? Math.ceil(least);
}

function logLabel(value: number): string {
  if (value >= PLAIN_MAX || value < 9.99e-4) {
    return minus(Number(value.toPrecision(3)).toExponential().replace("+", ""));
  }
  if (value >= 10_000) return formatSi(Number(value.toPrecision(3)), 3);
  return String(Number(value.toPrecision(3)));
}

function timeStep(span: number, countMax: number): number {
  const rough = span / Math.max(1, countMax);
  const found = TIME_STEPS.find((step) => step >= rough * 0.9999);
  return found ?? niceStep(span / (365 * DAY), countMax, 1) * 365 * DAY;
}

function durationTicks(domain: Range, countMax: number): readonly Tick[] {
  const step = timeStep(domain[1] - domain[0], countMax);
  return multiples(domain, step).map((value) => ({ value, label: durationLabel(value, step) }));
}

function durationLabel(value: number, step: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  const sign = value < 0 ? "\u2212" : "";
  if (step >= DAY) return `${sign}${Number((size / DAY).toFixed(1))}d`;
  const days = Math.floor(size / DAY);
  const hours = Math.floor((size % DAY) / HOUR);
  const minutes = Math.floor((size % HOUR) / MINUTE);
  const day = days > 0 ? `${days}d ` : "";
  if (step >= HOUR) return `${sign}${day}${hours > 0 || !day ? `${hours}h` : ""}`.trim();
  if (step >= MINUTE) {
    if (size < HOUR) return `${sign}${minutes}m`;
    return `${sign}${day}${hours}h${minutes > 0 ? ` ${String(minutes).padStart(2, "0")}m` : ""}`;
  }
  const seconds = Number((size % MINUTE).toFixed(decimalsOf(step)));
  if (step < 0.1 && size < 1) return `${sign}${Number((size * 1000).toPrecision(6))}ms`;
  if (size < MINUTE) return `${sign}${seconds}s`;
  const whole = Math.floor(size / MINUTE);
  return `${sign}${whole}m${seconds > 0 ? ` ${String(seconds).padStart(2, "0")}s` : ""}`;
}

function clockTicks([min, max]: Range, countMax: number): readonly Tick[] {
  const step = timeStep(max - min, countMax);
  // Ticks stand on local round times, so the zone is added before and taken off after rounding.
  const zone = -new Date(min * 1000).getTimezoneOffset() * 60;
  let dateBefore = "";
  return multiples([min + zone, max + zone], step).map((local) => {
    const value = local - zone;
    const date = formatDate(value).slice(5);
    const isNewDay = date !== dateBefore;
    dateBefore = date;
    return { value, label: clockLabel(value, step, isNewDay, max - min) };
  });
}

function clockLabel(value: number, step: number, isNewDay: boolean, span: number): string {
  const date = new Date(value * 1000);
  const pad = (part: number, width = 2): string => String(part).padStart(width, "0");
  if (step >= 180 * DAY) return `${date.getFullYear()}-${pad(date.getMonth() + 1)}`;
  const day = `${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  if (step >= DAY) return day;
  let clock = `${pad(date.getHours())}:${pad(date.getMinutes())}`;
  if (step < MINUTE) clock += `:${pad(date.getSeconds())}`;
  if (step < 1) clock += `.${pad(date.getMilliseconds(), 3)}`;
  return isNewDay && span > DAY / 2 ? `${day} ${clock}` : clock;
}

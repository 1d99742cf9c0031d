// Numbers, sizes, durations and times as people read them. Display is short (four significant
// digits); `fullNumber` is what a cell shows on focus and what a file holds. Trailing zeros mean
// something: a rounded value keeps them (0.99995 is 1.000), an exact one has none (1 is 1).

const GROUP = /\B(?=(\d{3})+(?!\d))/g;
/** By powers of a thousand; from 1e24 on a power of ten says more than a letter. */
export const SI_UNITS = ["", "k", "M", "G", "T", "P", "E", "Z"] as const;
export const SI_LIMIT = 1e24;
const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

function grouped(digits: string): string {
  return digits.replace(GROUP, ",");
}

function nonFinite(value: number): string | null {
  if (Number.isNaN(value)) return "NaN";
  if (value === Infinity) return "inf";
  if (value === -Infinity) return "-inf";
  return null;
}

/** True when `digits` significant digits are the whole value. */
function isExact(value: number, digits: number): boolean {
  return Number(value.toPrecision(digits)) === value;
}

/**
 * Four significant digits: `0.9731`, `1e-5`, `12.35M`; integers below 10 million whole. From 1,000 on
 * a decimal stays, so that nothing rounded is taken for an integer: `1,234.6`.
 */
export function formatNumber(value: number, digits = 4): string {
  const odd = nonFinite(value);
  if (odd !== null) return odd;
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e7) return grouped(String(value));
  if (size >= 1e15 || size < 1e-4) return exponent(value, digits);
  if (size >= 999_999.95) return formatSi(value, digits);
  if (isExact(value, digits)) return String(value);
  const rounded = Number(value.toPrecision(digits));
  if (Math.abs(rounded) >= 10 ** (digits - 1)) return oneDecimal(value);
  return value.toPrecision(digits);
}

function oneDecimal(value: number): string {
  const [whole = "", tenth] = value.toFixed(1).split(".");
  return `${grouped(whole)}.${tenth}`;
}

function exponent(value: number, digits: number): string {
  const [mantissa = "0", power = "0"] = value.toExponential(digits - 1).split("e");
  const shown = isExact(value, digits) ? String(Number(mantissa)) : mantissa;
  return `${shown}e${power.replace("+", "")}`;
}

/** With a unit prefix from 1,000 on: `1.5k`, `12.35M`; plain exponents from 1e24 on. */
export function formatSi(value: number, digits = 4): string {
  const odd = nonFinite(value);
  if (odd !== null) return odd;
  const rounded = Math.abs(Number(value.toPrecision(digits)));
  if (rounded >= SI_LIMIT) return exponent(value, digits);
  let unit = 0;
  while (unit < SI_UNITS.length - 1 && rounded >= 1000 ** (unit + 1)) unit++;
  const shown = (rounded / 1000 ** unit).toPrecision(digits);
  const text = isExact(value, digits) ? String(Number(shown)) : shown;
  return `${value < 0 ? "-" : ""}${text}${SI_UNITS[unit]}`;
}

/** A count in words of people: `812`, `12,400`, `1.2 M`. */
export function formatCount(count: number): string {
  if (count < 100_000) return grouped(String(Math.round(count)));
  const si = formatSi(count, 3);
  return `${si.slice(0, -1)} ${si.slice(-1)}`;
}

export function formatBytes(bytes: number): string {
  let size = Math.abs(bytes);
  let unit = 0;
  while (size >= 1024 && unit < BYTE_UNITS.length - 1) {
    size /= 1024;
    unit++;
  }
  const shown = unit === 0 ? String(Math.round(size)) : String(Number(size.toPrecision(3)));
  return `${bytes < 0 ? "-" : ""}${shown} ${BYTE_UNITS[unit]}`;
}

/** A length of time in seconds: `850 ms`, `12.3 s`, `4m 12s`, `3h 05m`, `2d 04h`. */
export function formatDuration(seconds: number): string {
  const odd = nonFinite(seconds);
  if (odd !== null) return odd;
  const sign = seconds < 0 ? "-" : "";
  const size = Math.abs(seconds);
  if (size === 0) return "0 s";
  if (size < 1e-3) return `${sign}${Number((size * 1e6).toPrecision(3))} µs`;
  if (size < 0.9995) return `${sign}${Number((size * 1e3).toPrecision(3))} ms`;
  if (size < 59.95) return `${sign}${Number(size.toPrecision(3))} s`;
  const whole = Math.round(size);
  const two = (part: number): string => String(part).padStart(2, "0");
  if (whole < 3600) return `${sign}${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  if (whole < 86_400) {
    return `${sign}${Math.floor(whole / 3600)}h ${two(Math.floor((whole % 3600) / 60))}m`;
  }
  return `${sign}${Math.floor(whole / 86_400)}d ${two(Math.floor((whole % 86_400) / 3600))}h`;
}

/** How long ago, in seconds of unix time: `just now`, `5 min ago`, `3 h ago`, `12 d ago`. */
export function formatAgo(time: number, now: number): string {
  const seconds = now - time;
  if (seconds < 10) return "just now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  if (seconds < 86_400 * 60) return `${Math.floor(seconds / 86_400)} d ago`;
  return formatDate(time);
}

/** Local date of a unix time: `2026-01-31`. */
export function formatDate(time: number): string {
  const date = new Date(time * 1000);
  const two = (part: number): string => String(part).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** Local clock of a unix time: `14:03:22`, with thousandths on demand. */
export function formatClock(time: number, withMilliseconds = false): string {
  const date = new Date(time * 1000);
  const pad = (part: number, width = 2): string => String(part).padStart(width, "0");
  const clock = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
  return withMilliseconds ? `${clock}.${pad(date.getMilliseconds(), 3)}` : clock;
}

export function formatDateTime(time: number): string {
  return `${formatDate(time)} ${formatClock(time)}`;
}

/** The value as it is stored, to the last digit: shown on focus, written to files. */
export function fullNumber(value: number): string {
  return nonFinite(value) ?? String(value);
}

/** Cuts the middle out of a long name, so that both its start and its end stay readable. */
export function elide(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text;
  const tail = Math.floor((lengthMax - 1) / 2);
  const head = lengthMax - 1 - tail;
  return `${text.slice(0, head)}…${tail > 0 ? text.slice(-tail) : ""}`;
}

/** The type of a column in words: NumPy's `<i8` is `int64`; `text` and `json` are themselves. */
export function formatDtype(dtype: string): string {
  const [, kind, bytes] = /^[<>|=]?([biufcmM])(\d+)/.exec(dtype) ?? [];
  if (kind === undefined) return dtype;
  if (kind === "b") return "bool";
  if (kind === "M") return "datetime";
  if (kind === "m") return "duration";
  const names: Record<string, string> = { i: "int", u: "uint", f: "float", c: "complex" };
  return `${names[kind]}${8 * Number(bytes)}`;
}

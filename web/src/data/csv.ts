// Curves as CSV (RFC 4180), one row per drawn point.

import { fullNumber } from "./format";
import { withRaw, type Column, type Series } from "./series";

/** Quotes a field when it must be; a cell can never become a spreadsheet formula. */
export function csvField(text: string): string {
  const safe = /^[=+@\t\r]|^-(?![\d.i])/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function csvRow(fields: readonly string[]): string {
  return `${fields.map(csvField).join(",")}\r\n`;
}

/**
 * The points of `series` inside [xMin, xMax] as they are drawn. Where curves are smoothed a
 * column tells `logged` points from `smoothed` ones.
 */
export function curvesCsv(
  series: readonly Series[],
  xName: string,
  [xMin, xMax]: readonly [number, number] = [-Infinity, Infinity],
): string {
  const hasSmoothed = series.some((one) => one.raw);
  const bands = series.some((one) => one.low) ? (["low", "high"] as const) : [];
  const head = ["run", "name", "metric", xName, "value", ...bands];
  const rows = [csvRow(hasSmoothed ? [...head, "curve"] : head)];
  for (const one of withRaw(series)) {
    for (let i = 0; i < one.x.length; i++) {
      const x = one.x[i]! + one.xOrigin;
      if (x < xMin || x > xMax) continue;
      const cells = [one.run, one.label, one.key, fullNumber(x), cell(one.y, i, one.yOrigin)];
      for (const name of bands) cells.push(cell(one[name], i, one.yOrigin));
      if (hasSmoothed) cells.push(one.raw ? "smoothed" : "logged");
      rows.push(csvRow(cells));
    }
  }
  return rows.join("");
}

function cell(column: Column | undefined, index: number, origin: number): string {
  const value = column?.[index];
  return value === undefined || Number.isNaN(value) ? "" : fullNumber(value + origin);
}

// Curves as CSV (RFC 4180), one row per drawn point.

import { fullNumber } from "./format";
import type { Series } from "./series";

/** Quotes a field when it must be; a cell can never become a spreadsheet formula. */
export function csvField(text: string): string {
  const safe = /^[=+@\t\r]|^-(?![\d.i])/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function csvRow(fields: readonly string[]): string {
  return `${fields.map(csvField).join(",")}\r\n`;
}

/** The points of `series` inside [xMin, xMax] as they are drawn. */
export function curvesCsv(
  series: readonly Series[],
  xName: string,
  [xMin, xMax]: readonly [number, number] = [-Infinity, Infinity],
): string {
  const optional = (["raw", "low", "high"] as const).filter((name) => series.some((s) => s[name]));
  const rows = [csvRow(["run", "name", "metric", xName, "value", ...optional])];
  for (const one of series) {
    for (let i = 0; i < one.x.length; i++) {
      const x = one.x[i]! + one.xOrigin;
      if (x < xMin || x > xMax) continue;
      const value = one.y[i]! + one.yOrigin;
      const cells = [one.run, one.label, one.key, fullNumber(x), cell(value)];
      for (const name of optional) {
        const column = one[name];
        cells.push(column ? cell(column[i]! + one.yOrigin) : "");
      }
      rows.push(csvRow(cells));
    }
  }
  return rows.join("");
}

function cell(value: number): string {
  return Number.isNaN(value) ? "" : fullNumber(value);
}

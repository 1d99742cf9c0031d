// The values at the cursor, in words: panel header, live region and keyboard cursor share them.

import { formatClock, formatDateTime, formatDuration, formatNumber } from "../../data/format";
import { hitAt, type Hit } from "../../data/hover";
import type { AxisKind } from "../../data/ticks";
import { NAMED_COUNT_MAX, type Look, type Looks } from "./looks";
import type { LineOptions, Readout, ReadoutRow } from "./model";

export function xText(x: number, options: LineOptions): string {
  return options.xKind === "step" || options.xKind === "number"
    ? `${options.xLabel} ${xValueText(x, options.xKind)}`
    : xValueText(x, options.xKind);
}

export function xValueText(x: number, kind: AxisKind): string {
  switch (kind) {
    case "step":
      return Math.round(x).toLocaleString("en-US");
    case "relative":
      return formatDuration(x);
    case "time":
      return Date.now() / 1000 - x < 43_200 ? formatClock(x) : formatDateTime(x);
    case "number":
      return formatNumber(x);
  }
}

function rowOf(look: Look, hit: Hit): ReadoutRow {
  const { low, high, yOrigin } = look.series;
  const edge = (column: typeof low): number => (column?.[hit.index] ?? NaN) + yOrigin;
  return readoutRow(look, hit.y, edge(low), edge(high));
}

/** One value in words; `low` and `high` are NaN where there is no band. */
export function readoutRow(look: Look, value: number, low: number, high: number): ReadoutRow {
  const { series } = look;
  return {
    run: series.run,
    key: series.key,
    label: look.label,
    color: look.color,
    value,
    valueText: formatNumber(value),
    bandText: Number.isFinite(high - low) ? `${formatNumber(low)} – ${formatNumber(high)}` : null,
  };
}

/** Values at `x`: of the lit run, and of the highlighted ones when they are few enough to read. */
export function readoutAt(
  looks: Looks,
  options: LineOptions,
  x: number,
  run: string | null,
): Readout {
  const lit = run === null ? undefined : looks.all.find((look) => look.series.run === run);
  const litHit = lit ? hitAt(lit.series, x) : null;
  const listed = looks.highlighted.length > 0 ? looks.highlighted : looks.all;
  const rows =
    listed.length > NAMED_COUNT_MAX
      ? []
      : listed
          .map((look) => ({ look, hit: hitAt(look.series, x) }))
          .filter((one): one is { look: Look; hit: Hit } => one.hit !== null)
          .map(({ look, hit }) => rowOf(look, hit))
          .sort((a, b) => b.value - a.value);
  return {
    x,
    xText: xText(x, options),
    nearest: lit && litHit ? rowOf(lit, litHit) : null,
    rows,
  };
}

/** "cnn-3 0.9731 at step 1,200": what the live region says. */
export function spoken(readout: Readout): string {
  const { nearest } = readout;
  if (nearest === null) return readout.xText;
  const band = nearest.bandText === null ? "" : `, band ${nearest.bandText}`;
  return `${nearest.label} ${nearest.valueText}${band} at ${readout.xText}`;
}

/** The run next above (1) or below (-1) `run` by its value at x. */
export function neighbourAt(
  looks: Looks,
  x: number,
  run: string | null,
  direction: 1 | -1,
): string | null {
  const at = looks.all
    .map(({ series }) => ({ run: series.run, y: hitAt(series, x)?.y ?? NaN }))
    .filter((one) => !Number.isNaN(one.y))
    .sort((a, b) => a.y - b.y);
  const index = at.findIndex((one) => one.run === run);
  const next = index < 0 ? (direction > 0 ? 0 : at.length - 1) : index + direction;
  return at[Math.max(0, Math.min(at.length - 1, next))]?.run ?? run;
}

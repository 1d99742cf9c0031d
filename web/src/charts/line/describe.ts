// What a chart says about itself: the honest footer, the sentence for screen readers, the table.

import { formatCount, formatNumber } from "../../data/format";
import { extentOf, loggedOf, withRaw } from "../../data/series";
import { pointRows, type PointRow } from "../points/rows";
import { readTheme } from "../theme";
import { looksOf, type Looks } from "./looks";
import type { LineInput } from "./model";
import type { Outside } from "./ranges";
import { xText, xValueText } from "./readout";

/** "all 8 runs, 1.2 M points, min–max per pixel" and everything that qualifies it. */
export function footerText(
  input: LineInput,
  looks: Looks,
  painted: { readonly isReduced: boolean },
  outside: Outside,
): string {
  const { series, expectedCount } = input;
  const loaded = new Set(series.map((one) => one.run)).size;
  if (input.isPartial && expectedCount !== undefined && loaded < expectedCount) {
    return `${formatCount(loaded)} of ${formatCount(expectedCount)} runs, the rest is loading`;
  }
  if (series.length === 0) return input.isPartial ? "loading" : "no points";
  let points = 0;
  let nonfinite = 0;
  let isExact = !painted.isReduced;
  for (const one of series) {
    points += one.pointCount;
    nonfinite += one.nonfiniteCount;
    isExact &&= one.isExact;
  }
  const counted = `${formatCount(points)} ${points === 1 ? "point" : "points"}`;
  const hasBand = input.options.bandName && series.some((one) => one.low);
  const subjects = [subject(input, loaded)];
  if (hasBand) subjects.push(`band: ${input.options.bandName}`);
  if (looks.isStrip) {
    const parts = [...subjects, counted, stepsOf(input)];
    if (nonfinite > 0) parts.push(`${formatCount(nonfinite)} NaN or infinite`);
    if (outside.unplaced > 0) parts.push(`${formatCount(outside.unplaced)} not above 0`);
    return parts.join(", ");
  }
  const parts = [
    ...subjects,
    counted,
    looks.isDensity ? "density, every run counted" : isExact ? "exact" : "min–max per pixel",
  ];
  if (series.some((one) => one.raw)) parts.push("smoothed, raw behind");
  if (nonfinite > 0) parts.push(`${formatCount(nonfinite)} NaN or infinite`);
  if (outside.unplaced > 0) parts.push(`${formatCount(outside.unplaced)} not above 0`);
  return parts.join(", ");
}

/** "step 120", "step 60 to 120". */
function stepsOf({ series, options }: LineInput): string {
  const extents = series.map(extentOf);
  const min = Math.min(...extents.map((extent) => extent.xMin));
  const max = Math.max(...extents.map((extent) => extent.xMax));
  const from = xText(min, options);
  return min === max ? from : `${from} to ${xValueText(max, options.xKind)}`;
}

function subject({ series, expectedCount, subject: said }: LineInput, loaded: number): string {
  if (said !== undefined) return said;
  const groups = series.filter((one) => one.runCount !== undefined);
  if (groups.length === 0) {
    if (expectedCount !== undefined && loaded < expectedCount) {
      return `${formatCount(loaded)} of ${formatCount(expectedCount)} runs have it`;
    }
    return loaded === 1 ? "1 run" : `all ${formatCount(loaded)} runs`;
  }
  const runs = groups.reduce((sum, one) => sum + (one.runCount ?? 0), 0);
  const counted = (count: number, noun: string) =>
    `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
  return `${counted(groups.length, "group")} of ${counted(runs, "run")}`;
}

/** One or two sentences in place of the picture. */
export function sentenceOf(input: LineInput, looks: Looks): string {
  const { title, series, options } = input;
  let yMin = Infinity;
  let yMax = -Infinity;
  let xMin = Infinity;
  let xMax = -Infinity;
  for (const one of withRaw(series)) {
    const extent = extentOf(one);
    yMin = Math.min(yMin, extent.yMin);
    yMax = Math.max(yMax, extent.yMax);
    xMin = Math.min(xMin, extent.xMin);
    xMax = Math.max(xMax, extent.xMax);
  }
  if (!(yMin <= yMax)) return `${title}: no points to draw.`;
  if (looks.isStrip) return stripSentence(input, looks);
  const form = looks.isDensity ? "Density of" : "Line chart of";
  const names = looks.all.length <= 4 ? `: ${looks.all.map((look) => look.label).join(", ")}` : "";
  const [from, to] = [xValueText(xMin, options.xKind), xValueText(xMax, options.xKind)];
  return (
    `${form} ${title} by ${options.xLabel} from ${from} to ${to}, ` +
    `${series.length} ${series.length === 1 ? "curve" : "curves"}${names}. ` +
    `Values from ${formatNumber(yMin)} to ${formatNumber(yMax)}.`
  );
}

function stripSentence(input: LineInput, looks: Looks): string {
  const rows = pointRows(input.series).filter((row) => row.mark === null);
  const nameOf = (row: PointRow | undefined): string => {
    const look = looks.all.find((one) => one.series === row?.series);
    return `${look?.label ?? ""} with ${formatNumber(row?.value ?? NaN)}`;
  };
  const [first, last] = [nameOf(rows[0]), nameOf(rows.at(-1))];
  if (rows.length === 1) return `${input.title}: ${first}, at ${stepsOf(input)}.`;
  return (
    `Dot chart of ${input.title}, one row for each of ${rows.length} ` +
    `${input.series.some((one) => one.runCount !== undefined) ? "groups" : "runs"}, ` +
    `at ${stepsOf(input)}. Highest is ${first}, lowest ${last}.`
  );
}

export interface SummaryRow {
  readonly run: string;
  readonly label: string;
  readonly color: string;
  readonly points: number;
  /** The curve is a point: first, last, min and max are one value. */
  readonly isPoint: boolean;
  readonly first: number;
  readonly last: number;
  readonly min: number;
  readonly minAt: number;
  readonly max: number;
  readonly maxAt: number;
}

/** The table twin of the picture: one row per curve. */
export function summaryRows(input: LineInput): SummaryRow[] {
  const looks = looksOf(input, readTheme(input.themeVersion), 1);
  const rows = looks.all.map((look) => {
    const { label, color } = look;
    const series = loggedOf(look.series);
    const row = { first: NaN, last: NaN, min: NaN, minAt: NaN, max: NaN, maxAt: NaN };
    for (let i = 0; i < series.y.length; i++) {
      const y = series.y[i]! + series.yOrigin;
      if (y - y !== 0) continue;
      const x = series.x[i]! + series.xOrigin;
      if (Number.isNaN(row.first)) row.first = y;
      row.last = y;
      if (!(y >= row.min)) [row.min, row.minAt] = [y, x];
      if (!(y <= row.max)) [row.max, row.maxAt] = [y, x];
    }
    const { run, pointCount: points } = series;
    return { run, label, color, points, isPoint: looks.isStrip, ...row };
  });
  if (!looks.isStrip) return rows;
  const rank = ({ last }: SummaryRow): number => (Number.isNaN(last) ? -Infinity : last);
  return rows.sort((a, b) => rank(b) - rank(a));
}

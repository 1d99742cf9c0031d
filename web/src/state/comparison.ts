import type {
  Cell,
  CompareFileRow,
  CompareMetricRow,
  CompareNumbers,
  CompareSection,
  CompareValueRow,
  Extended,
} from "../api/types";
import { changedLine } from "../data/diff";
import { differingParts, type Parts } from "../data/differing";
import { formatBytes, formatNumber, fullNumber } from "../data/format";
import { showCell, showParam, type Shown } from "./columns";
import type { Place } from "./compareview";

export type SectionName = CompareSection["name"] | "curves";

export const TITLES: Readonly<Record<SectionName, string>> = {
  metrics: "Metrics",
  params: "Params",
  code: "Code",
  packages: "Dependencies",
  environment: "Environment",
  system: "System",
  data: "Data",
  files: "Files",
  logs: "Logs",
  command: "Command",
  notes: "Notes",
  curves: "Curves",
};

/** Where a reader can step to in a section: every row that differs, in a file every hunk. */
export function placesOf(section: CompareSection): Place[] {
  if (section.kind === "files") {
    return section.rows.flatMap((row): Place[] => {
      if (!isDifference(row)) return [];
      const lines = new Set(row.changes.flatMap((change) => change.hunks.map(changedLine)));
      if (lines.size === 0) return [{ section: section.name, name: row.name, line: null }];
      return [...lines].map((line) => ({ section: section.name, name: row.name, line }));
    });
  }
  const rows: (CompareMetricRow | CompareValueRow)[] = section.rows;
  return rows
    .filter(isDifference)
    .map((row) => ({ section: section.name, name: row.name, line: null }));
}

/** A row that differs and may matter. */
export const isDifference = (row: { differs: boolean; is_incidental: boolean }): boolean =>
  row.differs && !row.is_incidental;

/** "3 differ, 12 equal, 2 without effect": what a section says beside its title. */
export function summaryOf(section: CompareSection): string {
  const parts = [
    [section.differing, section.differing === 1 ? "differs" : "differ"],
    [section.unknown, "not known"],
    [section.equal, "equal"],
    [section.incidental, section.kind === "metrics" ? "of the machine" : "without effect"],
  ] as const;
  return parts
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`)
    .join(", ");
}

/** Who recorded nothing of the kind, in words; "" when all did. */
export function silentOf(section: CompareSection, runs: readonly { name: string }[]): string {
  const silent = runs.filter((_, i) => section.recorded[i] === false);
  if (silent.length === 0) return "";
  if (silent.length === runs.length) return "No run recorded any.";
  return `Not recorded by ${silent.map((run) => run.name).join(", ")}: neither equal nor different.`;
}

export interface ValueCell extends Shown {
  /** Of a long text that differs: where. */
  parts: Parts | null;
}

const MISSING: Shown = { text: "–", full: "not there", isMissing: true };

/** What each run has in a row of values. */
export function valueCells(row: CompareValueRow, section: SectionName): ValueCell[] {
  const show = section === "params" ? showParam : (value: Cell) => showFact(row.name, value);
  const cells = row.values.map((value, i): Shown => {
    if (!row.has[i]) return MISSING;
    return value === null ? { text: "none", full: "none", isMissing: false } : show(value);
  });
  const isText = row.differs && cells.every((cell) => !cell.isMissing);
  const parts = isText ? differingParts(cells.map((cell) => cell.text)) : [];
  return cells.map((cell, i) => ({ ...cell, parts: parts[i] ?? null }));
}

/** A recorded fact: sizes with their unit, lists as words. */
function showFact(name: string, value: Cell): Shown {
  if (typeof value === "number" && name.endsWith("_bytes"))
    return { text: formatBytes(value), full: `${value} bytes`, isMissing: false };
  if (Array.isArray(value) && value.every((item) => typeof item !== "object"))
    return showCell(value.join(", "));
  return showCell(value);
}

export interface NumberCell extends Shown {
  step: number | null;
  isWinner: boolean;
  delta: Delta | null;
}

export interface Delta {
  change: string;
  /** The change in percent of the first run's value; "" where that says nothing. */
  share: string;
  full: string;
  /** Whether that is better than the first run; null where no one said what is, or it is equal. */
  isBetter: boolean | null;
}

/** One summary of a metric in every run. */
export function numberCells(numbers: CompareNumbers, direction: "min" | "max" | null): NumberCell[] {
  const base = numbers.values[0] ?? null;
  return numbers.values.map((value, i) => ({
    ...showExtended(value),
    step: numbers.steps[i] ?? null,
    isWinner: numbers.winner === i,
    delta: deltaOf(numbers.deltas[i] ?? null, base, direction),
  }));
}

function showExtended(value: Extended): Shown {
  if (value === null) return MISSING;
  if (typeof value === "string") return { text: value, full: value, isMissing: false };
  return { text: formatNumber(value), full: fullNumber(value), isMissing: false };
}

/** What a subtraction leaves behind them is noise: 0.9 - 0.8 is 0.1, not 0.09999999999999998. */
const SURE_DIGITS = 12;
/** So large, of the larger one, a difference of two numbers may be and still be rounding. */
const ROUNDING = 1e-12;

function deltaOf(
  by: number | null,
  base: Extended,
  direction: "min" | "max" | null,
): Delta | null {
  if (by === null) return null;
  if (by === 0) return { change: "0", share: "", full: "0", isBetter: null };
  const signed = (value: number, digits?: number) =>
    `${value > 0 ? "+" : "\u2212"}${formatNumber(Math.abs(Number(value.toPrecision(SURE_DIGITS))), digits)}`;
  // Across zero, and from next to nothing, a share of the old value says nothing.
  const share = typeof base === "number" && base * (base + by) > 0 ? (100 * by) / Math.abs(base) : null;
  if (typeof base === "number" && Math.abs(by) <= ROUNDING * Math.max(Math.abs(base), Math.abs(base + by))) {
    return { change: signed(by), share: "rounding", full: fullNumber(by), isBetter: null };
  }
  return {
    change: signed(by),
    share: share === null || Math.abs(share) >= 1000 ? "" : `${signed(share, 3)} %`,
    full: fullNumber(by),
    isBetter: direction === null ? null : by > 0 === (direction === "max"),
  };
}

/** Whether any run reached a better value than its last one: only then both are worth a line. */
export const hasOwnBest = (row: CompareMetricRow): boolean =>
  row.best !== null && row.best.values.some((value, i) => value !== row.last.values[i]);

/** What happened to a file, in a word for each run; "" for the first run and where it is alike. */
export function fateOf(row: CompareFileRow, index: number): "" | "equal" | "added" | "gone" | "changed" | "unknown" {
  const [base = null] = row.versions;
  const version = row.versions[index] ?? null;
  if (index === 0) return "";
  if (base === null) return version === null ? "" : "added";
  if (version === null) return "gone";
  if (base.digest === null || version.digest === null) return "unknown";
  return base.digest === version.digest ? "equal" : "changed";
}

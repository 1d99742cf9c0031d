import type { Cell, Column, RunRow } from "../api/types";
import { formatAgo, formatDateTime, formatDuration, formatNumber, fullNumber } from "../data/format";
import type { ColumnChoice } from "./view";

export interface GridColumn extends Column {
  width: number;
  isPinned: boolean;
  isNumber: boolean;
}

const WIDTH_NUMBER = 92;
const WIDTH_TEXT = 116;
const NUMBER_TYPES = new Set(["float", "int", "number", "duration"]);

/** Run fields every row carries; the server need not be asked for them. */
export const RUN_FIELDS: Readonly<Record<string, string>> = {
  created: "time",
  ended: "time",
  duration: "duration",
  user: "str",
  host: "str",
  group: "str",
  state: "str",
  tags: "tags",
  note: "str",
  why: "str",
  commit: "str",
  id: "str",
  alerts: "int",
};

const DEFAULT_RUN_FIELDS = ["duration", "created", "user"];

export const isRunField = (name: string): boolean => name in RUN_FIELDS;

/** The columns to show: as chosen, else the server's choice with the goal's metric in front. */
export function layoutColumns(
  choice: ColumnChoice[] | null,
  answered: Column[],
  goal: string | null,
  /** Some row, to look at where the type says little. */
  sample: RunRow | undefined,
): GridColumn[] {
  const types = new Map(answered.map((column) => [column.name, column]));
  if (choice) {
    return choice.map((one) =>
      gridColumn(types.get(one.name) ?? runColumn(one.name), one.width, one.pinned, sample),
    );
  }
  const metrics = answered.filter((column) => column.kind === "metric");
  // The server puts the goal's metric in front of all others.
  const first = answered[0]?.kind === "metric" ? answered[0].name : null;
  const lead = goal ?? first ?? leadOf(metrics.map((column) => column.name));
  const sorted = answered
    .filter((column) => !isRunField(column.name))
    .sort((a, b) => Number(b.name === lead) - Number(a.name === lead));
  return [
    ...sorted.map((column) => gridColumn(column, null, column.name === lead, sample)),
    ...DEFAULT_RUN_FIELDS.map((name) => gridColumn(runColumn(name), null, false, sample)),
  ];
}

/** Without a goal: the metric a reader most likely wants first. */
function leadOf(names: string[]): string | null {
  const wanted = [/^(val|valid|validation|test|eval)[/_.].*(acc|auc|f1|score)/i, /(acc|auc|f1|score)/i, /^(val|valid|validation|test|eval)[/_.]/i, /loss/i];
  for (const pattern of wanted) {
    const found = names.find((name) => pattern.test(name));
    if (found) return found;
  }
  return null;
}

function runColumn(name: string): Column {
  return { name, kind: "run", type: RUN_FIELDS[name] ?? "mixed" };
}

function gridColumn(
  column: Column,
  width: number | null,
  isPinned: boolean,
  sample: RunRow | undefined,
): GridColumn {
  const isNumber =
    NUMBER_TYPES.has(column.type) || typeof sample?.values[column.name] === "number";
  const own = Math.max(isNumber ? WIDTH_NUMBER : WIDTH_TEXT, Math.min(180, column.name.length * 7 + 34));
  return { ...column, width: width ?? own, isPinned, isNumber };
}

export interface Shown {
  text: string;
  /** The whole value, for the title and a screen reader. */
  full: string;
  isMissing: boolean;
}

const MISSING: Shown = { text: "–", full: "missing", isMissing: true };

export function cellOf(row: RunRow, column: GridColumn, now: number): Shown {
  if (column.kind === "run" || isRunField(column.name)) {
    const value = (row as unknown as Record<string, Cell>)[column.name] ?? null;
    return showRunField(column, value, now);
  }
  const value = row.values[column.name] ?? null;
  return column.kind === "param" ? showParamShort(value) : showCell(value);
}

/** A param as it was written, `3e-5` or `0.001`, to the last digit: where two that differ must not look alike. */
export function showParam(value: Cell): Shown {
  if (typeof value !== "number") return showCell(value);
  const isTiny = value !== 0 && Math.abs(value) < 1e-4;
  const written = isTiny ? value.toExponential() : fullNumber(value);
  return { text: written, full: written, isMissing: false };
}

/** A param in a table: as it was written when four digits say it, else (it was sampled) its first four; all in `full`. */
export function showParamShort(value: Cell): Shown {
  const shown = showParam(value);
  if (typeof value !== "number" || Number.isInteger(value) || Number(value.toPrecision(4)) === value) return shown;
  return { ...shown, text: formatNumber(value) };
}

export function showCell(value: Cell): Shown {
  if (value === null) return MISSING;
  if (typeof value === "number")
    return { text: formatNumber(value), full: fullNumber(value), isMissing: false };
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return { text, full: text, isMissing: false };
}

function showRunField(column: GridColumn, value: Cell, now: number): Shown {
  if (value === null || value === "") return MISSING;
  if (typeof value === "number" && column.type === "time")
    return { text: formatAgo(value, now), full: formatDateTime(value), isMissing: false };
  if (typeof value === "number" && column.type === "duration")
    return { text: formatDuration(value), full: `${value} s`, isMissing: false };
  if (Array.isArray(value)) return showCell(value.join(", "));
  if (column.name === "commit" && typeof value === "string")
    return { text: value.slice(0, 8), full: value, isMissing: false };
  return showCell(value);
}

/** The sort words after a click on a header: descending, ascending, none. */
export function nextSort(sort: string, name: string, isNumber: boolean): string {
  const order = sortOf(sort, name);
  const first = isNumber ? "desc" : "asc";
  if (order === null) return `${name} ${first}`;
  if (order === first) return `${name} ${first === "desc" ? "asc" : "desc"}`;
  return "";
}

/** How a sort text orders by a column, when that is its first key. */
export function sortOf(sort: string, name: string): "asc" | "desc" | null {
  const key = (sort.split(",")[0] ?? "").trim();
  if (key === `-${name}`) return "desc";
  if (key === name || key === `${name} asc`) return "asc";
  return key === `${name} desc` ? "desc" : null;
}

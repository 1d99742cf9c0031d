import type { Measure, RunRow } from "../api/types";

/** What is to be said of a column whose numbers measure different things, or came from a hold-out. */
export interface Mark {
  /** By the kind of a number; empty where there is one kind only. */
  letters: ReadonlyMap<string, string>;
  note: string;
}
/** The kind of numbers that no evaluation computed. */
const LOGGED = "logged";
const LOGGED_TEXT = "logged by the program, on unknown examples";

const kindOf = (row: RunRow, column: string): string => row.kinds[column] ?? LOGGED;

/** a, b, … z, aa, ab, … */
export function letterAt(place: number): string {
  const letter = String.fromCharCode(97 + (place % 26));
  return place < 26 ? letter : letterAt(Math.floor(place / 26) - 1) + letter;
}

/** The marks of the columns that need one, over all rows that are loaded. */
export function marksOf(rows: readonly RunRow[], measures: ReadonlyMap<string, Measure>): Map<string, Mark> {
  const evaluated = new Set(rows.flatMap((row) => Object.keys(row.kinds)));
  const marks = new Map<string, Mark>();
  for (const column of evaluated) {
    const kinds = new Set<string>();
    for (const row of rows) if ((row.values[column] ?? null) !== null) kinds.add(kindOf(row, column));
    const prices = new Set([...kinds].flatMap((kind) => measures.get(kind)?.price ?? []));
    if (kinds.size < 2 && prices.size === 0) continue;
    const letters = new Map(kinds.size < 2 ? [] : [...kinds].map((kind, place) => [kind, letterAt(place)]));
    const told = [...letters].map(([kind, letter]) => `${letter}: ${measures.get(kind)?.text ?? LOGGED_TEXT}`);
    const note = [...(told.length > 0 ? ["Not comparable", ...told] : []), ...prices].join("\n");
    marks.set(column, { letters, note });
  }
  return marks;
}

/** The letter of a number in a marked column. */
export function letterOf(mark: Mark | undefined, row: RunRow, column: string): string {
  if (!mark || (row.values[column] ?? null) === null) return "";
  return mark.letters.get(kindOf(row, column)) ?? "";
}

// A unified diff as rows to draw: lines with their numbers on both sides, and the unchanged
// stretches between hunks, which are filled in from the text when somebody wants to see them.

import { differingParts, type Parts } from "./differing";

/** As the server sends it; see `Hunk` in api/types.ts. */
export interface DiffHunk {
  readonly old_start: number;
  readonly old_count: number;
  readonly new_start: number;
  readonly new_count: number;
  readonly heading: string;
  readonly lines: readonly string[];
}

/** Unchanged lines that the server sends after a change, where there are so many. */
const CONTEXT_LINES = 3;

export type LineKind = "same" | "added" | "removed" | "remark";

export interface DiffLine {
  readonly kind: LineKind;
  /** Number in the old file; null where the line is not in it. */
  readonly old: number | null;
  readonly new: number | null;
  /** Where it is in the new file; of a removed line the number of the line that follows. */
  readonly at: number;
  readonly text: string;
  /** Of a line that replaces another one: what is different in it. */
  readonly parts?: Parts;
}

/** Unchanged lines that are not in the diff. `count` is null after the last hunk: nobody knows. */
export interface Gap {
  readonly old: number;
  readonly new: number;
  readonly count: number | null;
  readonly heading: string;
}

export type DiffBlock =
  | { readonly kind: "gap"; readonly gap: Gap }
  | { readonly kind: "lines"; readonly lines: readonly DiffLine[] };

/** The whole file as blocks: gap, hunk, gap, hunk, …, gap. */
export function blocksOf(hunks: readonly DiffHunk[]): DiffBlock[] {
  const blocks: DiffBlock[] = [];
  let [nextOld, nextNew] = [1, 1];
  for (const hunk of hunks) {
    const start = firstLine(hunk);
    const count = start.new - nextNew;
    if (count > 0) {
      const gap = { old: nextOld, new: nextNew, count, heading: hunk.heading };
      blocks.push({ kind: "gap", gap });
    }
    blocks.push({ kind: "lines", lines: linesOf(hunk) });
    [nextOld, nextNew] = [start.old + hunk.old_count, start.new + hunk.new_count];
  }
  if (mayGoOn(hunks.at(-1)))
    blocks.push({ kind: "gap", gap: { old: nextOld, new: nextNew, count: null, heading: "" } });
  return blocks;
}

/** A hunk that ends with less context than it could have ends with the file. */
function mayGoOn(last: DiffHunk | undefined): boolean {
  if (!last) return false;
  const context = last.lines.slice(-CONTEXT_LINES);
  return context.length === CONTEXT_LINES && context.every((line) => line.startsWith(" "));
}

/** Where a hunk begins. One without lines on a side names the line before it there. */
function firstLine(hunk: DiffHunk): { old: number; new: number } {
  return {
    old: hunk.old_start + (hunk.old_count === 0 ? 1 : 0),
    new: hunk.new_start + (hunk.new_count === 0 ? 1 : 0),
  };
}

function linesOf(hunk: DiffHunk): DiffLine[] {
  const start = firstLine(hunk);
  let { old, new: fresh } = start;
  const lines = hunk.lines.map((line): DiffLine => {
    const text = line.slice(1);
    const at = fresh;
    if (line.startsWith("-")) return { kind: "removed", old: old++, new: null, at, text };
    if (line.startsWith("+")) return { kind: "added", old: null, new: fresh++, at, text };
    if (line.startsWith("\\"))
      return { kind: "remark", old: null, new: null, at, text: text.trim() };
    return { kind: "same", old: old++, new: fresh++, at, text };
  });
  return pairUp(lines);
}

/** Lines removed and as many added in their place: each pair shows what differs inside it. */
function pairUp(lines: readonly DiffLine[]): DiffLine[] {
  const paired = [...lines];
  for (let i = 0; i < lines.length; ) {
    const removed = run(lines, i, "removed");
    const added = run(lines, i + removed, "added");
    if (removed > 0 && removed === added) {
      for (let k = i; k < i + removed; k++) {
        const [before, after] = [lines[k], lines[k + removed]];
        if (!before || !after) continue;
        const parts = differingParts([before.text, after.text]);
        if (!isTelling(parts)) continue;
        paired[k] = { ...before, parts: parts[0]! };
        paired[k + removed] = { ...after, parts: parts[1]! };
      }
    }
    i += Math.max(1, removed + added);
  }
  return paired;
}

/** Marks help while most of the line is as before; else they are noise. */
function isTelling(parts: readonly Parts[]): boolean {
  return parts.every(({ head, middle, tail }) => middle.length <= (head + tail).trim().length);
}

function run(lines: readonly DiffLine[], from: number, kind: LineKind): number {
  let count = 0;
  while (lines[from + count]?.kind === kind) count++;
  return count;
}

/** The lines `first` to `end` (not included, counted from 0) of a gap, out of the text of a side. */
export function gapLines(
  gap: Gap,
  text: readonly string[],
  side: "old" | "new",
  first: number,
  end: number,
): DiffLine[] {
  const lines: DiffLine[] = [];
  for (let i = first; i < end; i++) {
    const line = text[gap[side] - 1 + i];
    if (line === undefined) break;
    const at = gap.new + i;
    lines.push({ kind: "same", old: gap.old + i, new: at, at, text: line });
  }
  return lines;
}

/** Lines of a text as the server counts them: only a line feed ends one. */
export function textLines(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** The line a reader is led to: the first one that is not as before, by its number in the new file. */
export function changedLine(hunk: DiffHunk): number {
  let line = firstLine(hunk).new;
  for (const text of hunk.lines) {
    if (text.startsWith("+") || text.startsWith("-")) break;
    line++;
  }
  return Math.max(1, line);
}

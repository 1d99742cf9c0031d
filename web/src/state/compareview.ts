/**
 * The Compare screen's address: one typed place that reads and writes it. Defaults are left out.
 *
 *     r     the compared runs, in the order of their columns; the first is what others differ from
 *     all   `1`: what is equal is shown, too
 *
 * The part behind `#` names a place: `#params`, `#params/lr`, `#code/train.py:120`.
 */

export interface CompareView {
  runs: string[];
  isAll: boolean;
}

export const RUNS_MIN = 2;
export const RUNS_MAX = 8;

/** The name of a column: A for the first run. */
export const letterOf = (index: number): string => String.fromCharCode(65 + index);

export function readCompare(search: string): CompareView {
  const fields = new URLSearchParams(search);
  const named = (fields.get("r") ?? "").split(",").filter((part) => part !== "");
  return { runs: [...new Set(named)].slice(0, RUNS_MAX), isAll: fields.get("all") === "1" };
}

export function writeCompare({ runs, isAll }: CompareView): string {
  return `?r=${runs.map(encodeURIComponent).join(",")}${isAll ? "&all=1" : ""}`;
}

/** What the text behind `#` names: a section, a row or file in it, a line of the file. */
export interface Place {
  section: string;
  name: string;
  line: number | null;
}

export function readPlace(hash: string): Place {
  const [section = "", ...rest] = decoded(hash.replace(/^#/, "")).split("/");
  const name = rest.join("/");
  const match = FILE_SECTIONS.has(section) ? /^(.*):(\d+)$/s.exec(name) : null;
  return match
    ? { section, name: match[1] ?? "", line: Number(match[2]) }
    : { section, name, line: null };
}

/** Only what would break an address is escaped. */
export function writePlace({ section, name, line }: Place): string {
  const text = section + (name === "" ? "" : `/${name}`) + (line === null ? "" : `:${line}`);
  return `#${encodeURIComponent(text).replace(/%(2F|3A|3D|40|2C|2B|24|3B)/gi, decodeURIComponent)}`;
}

/** Sections whose names may end in a line number. */
const FILE_SECTIONS = new Set(["code", "data", "files", "logs"]);

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return ""; // a lone % is no place of ours
  }
}

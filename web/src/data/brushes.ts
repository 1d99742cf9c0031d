// What is brushed on axes, as text of the query language and back: the address, the table and the
// picture say the same. Only what a brush can say is read; any other text is a filter like others.

import { runCount, type AxisData } from "./axes";

export type BrushPart =
  | { readonly kind: "range"; readonly low: number; readonly high: number }
  | { readonly kind: "among"; readonly literals: readonly string[] }
  | { readonly kind: "missing" }
  | { readonly kind: "nonfinite" };

/** Parts of one axis are joined by `or`, axes by `and`. */
export type Brushes = ReadonlyMap<string, readonly BrushPart[]>;

/** The query language takes so many values in one list. */
export const VALUES_MAX = 500;
const NONFINITE = ["nan", "inf", "-inf"];

export function writeBrushes(brushes: Brushes, isTime: (name: string) => boolean): string {
  const clauses: string[] = [];
  for (const [name, parts] of brushes) {
    const texts = parts.map((part) => writePart(name, part, isTime(name)));
    if (texts.length === 1) clauses.push(texts[0]!);
    else if (texts.length > 1) clauses.push(`(${texts.join(" or ")})`);
  }
  return clauses.join(" and ");
}

function writePart(name: string, part: BrushPart, isTime: boolean): string {
  if (part.kind === "missing") return `${name} is missing`;
  if (part.kind === "nonfinite") return `${name} in (${NONFINITE.join(", ")})`;
  if (part.kind === "among") {
    if (part.literals.length === 1) return `${name} = ${part.literals[0]}`;
    return `${name} in (${part.literals.join(", ")})`;
  }
  const write = (value: number): string => (isTime ? writeTime(value) : String(value));
  if (part.low === -Infinity) return `${name} <= ${write(part.high)}`;
  if (part.high === Infinity) return `${name} >= ${write(part.low)}`;
  return `${name} in ${write(part.low)}..${write(part.high)}`;
}

/** Whole seconds in UTC: what the query language takes for the whole second. */
function writeTime(seconds: number): string {
  return new Date(Math.floor(seconds) * 1000).toISOString().replace(".000Z", "Z");
}

const TOKEN =
  /\s*(?:("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z)|([+-]?(?:(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?|inf)(?![\w/-]|\.(?!\.)))|(\.\.|<=|>=|=|\(|\)|,)|((?:\w+\.)?`[^`]+`(?:\.\w+)?|\w(?:[\w/-]|\.(?!\.))*))/y;

type Token = { readonly kind: "text" | "time" | "number" | "sign" | "word"; readonly text: string };

function tokensOf(text: string): Token[] | null {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  const end = text.trimEnd().length;
  while (TOKEN.lastIndex < end) {
    const match = TOKEN.exec(text);
    if (!match) return null;
    const kinds = ["text", "time", "number", "sign", "word"] as const;
    const at = kinds.findIndex((_, i) => match[i + 1] !== undefined);
    tokens.push({ kind: kinds[at]!, text: match[at + 1]! });
  }
  return tokens;
}

/** The brushes that a text says, or null when it says anything else. */
export function readBrushes(text: string): Brushes | null {
  const tokens = tokensOf(text);
  return tokens && new Reader(tokens).all();
}

class Reader {
  #at = 0;
  constructor(readonly tokens: readonly Token[]) {}

  all(): Brushes | null {
    const brushes = new Map<string, BrushPart[]>();
    if (this.tokens.length === 0) return brushes;
    do {
      const clause = this.#clause();
      if (!clause || brushes.has(clause.name)) return null;
      brushes.set(clause.name, clause.parts);
    } while (this.#take("and"));
    return this.#at === this.tokens.length ? brushes : null;
  }

  #clause(): { name: string; parts: BrushPart[] } | null {
    if (!this.#take("(")) {
      const one = this.#part();
      return one && { name: one.name, parts: [one.part] };
    }
    const parts: BrushPart[] = [];
    let name: string | null = null;
    do {
      const one = this.#part();
      if (!one || (name !== null && one.name !== name)) return null;
      name = one.name;
      parts.push(one.part);
    } while (this.#take("or"));
    return this.#take(")") && name !== null ? { name, parts } : null;
  }

  #part(): { name: string; part: BrushPart } | null {
    const name = this.#next("word");
    if (name === null) return null;
    const part = this.#after();
    return part && { name, part };
  }

  #after(): BrushPart | null {
    if (this.#take("is")) return this.#take("missing") ? { kind: "missing" } : null;
    if (this.#take("=")) {
      const literal = this.#literal();
      return literal === null ? null : { kind: "among", literals: [literal] };
    }
    if (this.#take("<=")) return this.#range(-Infinity, this.#number());
    if (this.#take(">=")) return this.#range(this.#number(), Infinity);
    if (!this.#take("in")) return null;
    if (!this.#take("(")) {
      const low = this.#number();
      return this.#take("..") ? this.#range(low, this.#number()) : null;
    }
    const literals: string[] = [];
    do {
      const literal = this.#literal();
      if (literal === null) return null;
      literals.push(literal);
    } while (this.#take(","));
    if (!this.#take(")")) return null;
    const isNonfinite = literals.length === 3 && literals.every((one, i) => one === NONFINITE[i]);
    return isNonfinite ? { kind: "nonfinite" } : { kind: "among", literals };
  }

  #range(low: number | null, high: number | null): BrushPart | null {
    return low === null || high === null ? null : { kind: "range", low, high };
  }

  #number(): number | null {
    const time = this.#next("time");
    if (time !== null) return Date.parse(time) / 1000;
    const text = this.#next("number");
    return text === null || text.includes("inf") ? null : Number(text);
  }

  #literal(): string | null {
    return this.#next("text") ?? this.#next("number") ?? this.#next("word");
  }

  #next(kind: Token["kind"]): string | null {
    const token = this.tokens[this.#at];
    if (token?.kind !== kind) return null;
    this.#at++;
    return token.text;
  }

  /** Takes a sign or a keyword, in any case of letters. */
  #take(text: string): boolean {
    const token = this.tokens[this.#at];
    const is = token !== undefined && (token.kind === "sign" || token.kind === "word") && token.text.toLowerCase() === text;
    if (is) this.#at++;
    return is;
  }
}

/** Which runs all brushes let through: 1 or 0 a run. Null when nothing is brushed. */
export function selectRuns(axes: readonly AxisData[], brushes: Brushes): Uint8Array | null {
  if (brushes.size === 0) return null;
  const known = new Map(axes.map((axis) => [axis.name, axis]));
  const runs = axes[0] ? runCount(axes[0]) : 0;
  const selected = new Uint8Array(runs).fill(1);
  for (const [name, parts] of brushes) {
    const axis = known.get(name);
    if (!axis) continue; // an axis that is on its way; its runs stay until it is here
    const test = tester(axis, parts);
    for (let run = 0; run < runs; run++) if (selected[run] && !test(run)) selected[run] = 0;
  }
  return selected;
}

function tester(axis: AxisData, parts: readonly BrushPart[]): (run: number) => boolean {
  const tests = parts.map((part) => testOf(axis, part));
  const [only] = tests;
  return tests.length === 1 && only ? only : (run) => tests.some((test) => test(run));
}

function testOf(axis: AxisData, part: BrushPart): (run: number) => boolean {
  const { numbers, codes, isMissing } = axis;
  if (part.kind === "missing") return codes ? (run) => codes[run]! < 0 : (run) => isMissing?.[run] === 1;
  if (codes) {
    if (part.kind !== "among") return () => false;
    const wanted = new Set(part.literals);
    const chosen = axis.literals.map((literal) => wanted.has(literal));
    return (run) => chosen[codes[run]!] === true;
  }
  const values = numbers ?? new Float64Array();
  if (part.kind === "nonfinite") return (run) => !Number.isFinite(values[run]!) && isMissing?.[run] !== 1;
  if (part.kind === "among") {
    const wanted = new Set(part.literals.map(Number));
    return (run) => wanted.has(values[run]!);
  }
  const { low, high } = part;
  if (axis.type === "time") return (run) => values[run]! >= low && values[run]! < high + 1; // to the end of its second
  return (run) => values[run]! >= low && values[run]! <= high;
}

/** A filter and brushes as one query; `group by` and `sort` of the filter stay at its end. */
export function joinQuery(q: string, brush: string): string {
  if (brush === "") return q;
  const bare = q.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/g, (quoted) => "x".repeat(quoted.length));
  const clause = /(?:^|\s)(?:group\s+by|sort|order)\s+/i.exec(bare);
  const filter = (clause ? q.slice(0, clause.index) : q).trim();
  const tail = clause ? q.slice(clause.index).trim() : "";
  const hasOr = /(?:^|[\s)])or[\s(]/i.test(bare.slice(0, clause?.index));
  const parts = [filter === "" ? "" : hasOr ? `(${filter})` : filter, brush].filter((part) => part !== "");
  return `${parts.join(" and ")}${tail ? ` ${tail}` : ""}`;
}

/** A number short enough to read, that keeps to its side: a brush never lets go of a run it held. */
export function roundTo(value: number, digits: number, side: "down" | "up"): number {
  if (!Number.isFinite(value) || value === 0) return value;
  const rounded = Number(value.toPrecision(digits));
  if (side === "down" ? rounded <= value : rounded >= value) return rounded;
  const step = 10 ** (Math.floor(Math.log10(Math.abs(value))) - digits + 1);
  return Number((rounded + (side === "down" ? -step : step)).toPrecision(digits));
}

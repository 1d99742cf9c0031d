// The trials of a sweep in the order that a reader wants, and apart by how they ended.

export type TrialState = "running" | "complete" | "pruned" | "failed" | "nan" | "killed" | "reused";

/** Those with a result first; what was cut short or went wrong stands apart below. */
export const STATES: readonly TrialState[] = ["running", "complete", "reused", "pruned", "nan", "failed", "killed"];

export interface Trials {
  readonly number: readonly number[];
  readonly state: readonly TrialState[];
  readonly run: readonly (string | null)[];
  readonly values: readonly (readonly unknown[])[];
}

/** `null`: running and best first, then each kind of end apart. */
export type TrialSort = { readonly column: "trial" | `value ${number}` | `param ${string}` | "took"; readonly isDown: boolean } | null;

export interface TrialFilter {
  readonly states: readonly string[];
  /** Runs that the brush lets through; null when nothing is brushed. */
  readonly runs: ReadonlySet<string> | null;
}

/** Places of the trials to show, in order. `valueOf` gives what a sorted column holds. */
export function orderTrials(
  trials: Trials,
  filter: TrialFilter,
  direction: "min" | "max",
  sort: TrialSort,
  valueOf: (place: number) => unknown,
): number[] {
  const places = trials.number.map((_, place) => place).filter((place) => {
    if (filter.states.length > 0 && !filter.states.includes(trials.state[place]!)) return false;
    const run = trials.run[place];
    return filter.runs === null || (run !== null && run !== undefined && filter.runs.has(run));
  });
  if (sort !== null) {
    const sign = sort.isDown ? -1 : 1;
    return places.sort((a, b) => compare(valueOf(a), valueOf(b), sign) || a - b);
  }
  const sign = direction === "min" ? 1 : -1;
  const rank = (place: number): number => {
    const at = STATES.indexOf(trials.state[place]!);
    return at === STATES.indexOf("reused") ? STATES.indexOf("complete") : at;
  };
  return places.sort((a, b) => rank(a) - rank(b) || compare(trials.values[0]?.[a], trials.values[0]?.[b], sign) || a - b);
}

/** Numbers, then texts; what is missing comes last in both directions. */
function compare(a: unknown, b: unknown, sign: number): number {
  const [hasA, hasB] = [isValue(a), isValue(b)];
  if (!hasA || !hasB) return Number(hasB) - Number(hasA);
  if (typeof a === "number" && typeof b === "number") return sign * (a - b);
  if (typeof a === "number" || typeof b === "number") return typeof a === "number" ? -1 : 1;
  return sign * String(a).localeCompare(String(b));
}

const isValue = (cell: unknown): boolean => cell !== null && cell !== undefined && cell !== "NaN";

/** Places of the trials that have ended, in the order in which they ended. */
export function byEnd(ended: readonly (number | null)[]): number[] {
  const places = ended.map((_, place) => place).filter((place) => ended[place] !== null);
  return places.sort((a, b) => ended[a]! - ended[b]! || a - b);
}

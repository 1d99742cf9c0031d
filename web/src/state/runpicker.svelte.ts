import { ApiError } from "../api/client";
import type { RunRow } from "../api/types";
import { findRuns, metricColumn } from "./findruns";

const SHOWN_MAX = 20;

/** The number of an evaluation that runs are to have: its metric (`dev/accuracy`), and what it measures. */
export interface Evaluated {
  metric: string;
  kind: string;
}

/** What a run measured of it; null where it measured nothing of it, or only logged a number of this name. */
export function measured(run: RunRow, { metric, kind }: Evaluated): { value: number | null; isComparable: boolean } | null {
  const column = metricColumn(metric);
  const own = run.kinds[column];
  const value = run.values[column];
  return own === undefined ? null : { value: typeof value === "number" ? value : null, isComparable: own === kind };
}

/**
 * One run is to be found by its name: the latest ones first, then those that hold what is typed. Where an evaluation is
 * asked for, other runs are left out, and those that measured the same come first.
 */
export class RunPicker {
  text = $state("");
  active = $state(0);
  found: RunRow[] = $state.raw([]);
  isReady = $state(false);
  error: string | null = $state(null);
  readonly #project: string;
  readonly #without: ReadonlySet<string>;
  readonly #evaluated: Evaluated | null;
  #asking: Promise<void> = Promise.resolve();

  constructor(project: string, without: readonly string[], evaluated: Evaluated | null = null) {
    this.#project = project;
    this.#evaluated = evaluated;
    this.#without = new Set(without);
    this.type("");
  }

  type(text: string): void {
    this.text = text;
    this.#asking = this.#find(text);
  }

  /** The run to take: of the answer to what is typed now, also when Enter came before it. */
  async chosen(): Promise<string | null> {
    await this.#asking;
    return this.found[this.active]?.id ?? null;
  }

  move(by: number): void {
    const count = this.found.length;
    if (count > 0) this.active = (this.active + by + count) % count;
  }

  async #find(text: string): Promise<void> {
    try {
      const rows = await findRuns(this.#project, text, SHOWN_MAX + this.#without.size, this.#evaluated?.metric);
      if (text !== this.text) return;
      this.found = this.#fitting(rows.filter((row) => !this.#without.has(row.id))).slice(0, SHOWN_MAX);
      this.active = 0;
      this.error = null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.error = error.message;
    }
    this.isReady = true;
  }

  #fitting(rows: RunRow[]): RunRow[] {
    const wanted = this.#evaluated;
    if (wanted === null) return rows;
    const every = rows.flatMap((row) => {
      const told = measured(row, wanted);
      return told ? [{ row, ...told }] : [];
    });
    return every.sort((a, b) => Number(b.isComparable) - Number(a.isComparable)).map(({ row }) => row);
  }
}

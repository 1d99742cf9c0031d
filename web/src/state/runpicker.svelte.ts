import { ApiError } from "../api/client";
import type { RunRow } from "../api/types";
import { findRuns } from "./findruns";

const SHOWN_MAX = 20;

/** One run is to be found by its name: the latest ones first, then those that hold what is typed. */
export class RunPicker {
  text = $state("");
  active = $state(0);
  found: RunRow[] = $state.raw([]);
  isReady = $state(false);
  error: string | null = $state(null);
  readonly #project: string;
  readonly #without: ReadonlySet<string>;
  #asking: Promise<void> = Promise.resolve();

  constructor(project: string, without: readonly string[]) {
    this.#project = project;
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
      const rows = await findRuns(this.#project, text, SHOWN_MAX + this.#without.size);
      if (text !== this.text) return;
      this.found = rows.filter((row) => !this.#without.has(row.id)).slice(0, SHOWN_MAX);
      this.active = 0;
      this.error = null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.error = error.message;
    }
    this.isReady = true;
  }
}

import { SvelteMap } from "svelte/reactivity";
import { apiUrl, getJson, segment } from "../api/client";
import type { RunsPage } from "../api/types";

const ASKED_MAX = 200;

/** Names of runs that a record mentions by id only; until they are known the id serves. */
export class RunNames {
  readonly #project: string;
  readonly #names = new SvelteMap<string, string>();
  readonly #asked = new Set<string>();

  constructor(project: string) {
    this.#project = project;
  }

  of(run: string): string {
    return this.#names.get(run) ?? run;
  }

  /** Ask for those that are not known yet, all at once; call inside an effect. */
  learn(runs: readonly string[]): void {
    const fresh = [...new Set(runs)].filter((run) => !this.#asked.has(run)).slice(0, ASKED_MAX);
    if (fresh.length === 0) return;
    for (const run of fresh) this.#asked.add(run);
    const q = fresh.map((run) => `id = ${JSON.stringify(run)}`).join(" or ");
    const url = apiUrl(`projects/${segment(this.#project)}/runs`, { q, limit: ASKED_MAX });
    getJson<RunsPage>(url).then(
      (page) => page.rows.forEach((row) => this.#names.set(row.id, row.name)),
      () => undefined, // the ids stand, and lead to the runs as names do
    );
  }
}

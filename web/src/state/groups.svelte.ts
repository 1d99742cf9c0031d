import { ApiError, apiUrl, getJson, segment, type ProblemDetails } from "../api/client";
import type { ChangeHint, Column, GroupRow, GroupsPage } from "../api/types";
import { Latest } from "./latest";
import { quoteColumn } from "./table.svelte";

export interface GroupsRequest {
  q: string;
  /** Empty when the query itself says `group by`. */
  by: string;
  sort: string;
  columns: string[] | null;
}

/** Groups of runs with the mean of each column over all of them. */
export class GroupsTable {
  readonly project: string;
  status: "loading" | "ready" = $state("loading");
  rows: GroupRow[] = $state.raw([]);
  by: string[] = $state.raw([]);
  columns: Column[] = $state.raw([]);
  /** By column: why its means are over numbers that do not belong together. */
  notes: Record<string, string> = $state.raw({});
  matched = $state(0);
  total = $state(0);
  took_ms = $state(0);
  problem: ProblemDetails | null = $state.raw(null);
  #request: GroupsRequest | null = null;
  readonly #latest = new Latest();

  constructor(project: string) {
    this.project = project;
  }

  ask(request: GroupsRequest): void {
    this.#request = request;
    this.#latest.run(() => this.#load(request));
  }

  hear(hint: ChangeHint): void {
    const isOurs = hint.runs.length === 0 || hint.runs.some((run) => run.project === this.project);
    if (isOurs && this.#request) this.ask(this.#request);
  }

  async #load(request: GroupsRequest): Promise<void> {
    const url = apiUrl(`projects/${segment(this.project)}/groups`, {
      q: request.q,
      by: request.by,
      sort: request.sort,
      columns: request.columns ? request.columns.map(quoteColumn).join(",") : null,
    });
    try {
      const answer = await getJson<GroupsPage>(url);
      if (request !== this.#request) return;
      this.rows = answer.rows;
      this.by = answer.by;
      this.columns = answer.columns;
      this.notes = answer.notes;
      this.matched = answer.matched;
      this.total = answer.total;
      this.took_ms = answer.took_ms;
      this.problem = null;
      this.status = "ready";
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (request === this.#request) this.problem = error.problem;
    }
  }
}

/** `lr = 0.1, kernel = 5` for a group's key. */
export function groupName(row: GroupRow): string {
  const parts = Object.entries(row.key).map(([name, value]) => `${name} = ${value ?? "missing"}`);
  return parts.join(", ") || "all runs";
}

/** How the curve of a group is named in an answer of traces. */
export function groupId(row: GroupRow): string {
  return JSON.stringify(row.key);
}

import { ApiError, apiUrl, getJson, segment, type ProblemDetails } from "../api/client";
import type { ChangeHint, Clause, Column, Measure, RunRow, RunsPage } from "../api/types";
import { Latest } from "./latest";
import { marksOf, type Mark } from "./marks";

export const PAGE = 100;
/** The server answers at most 1,000 rows. */
const PAGES_AT_ONCE = 10;

const NEWS_REST = 4;
const NEWS_PAUSE_MS_MAX = 4_000;

export interface TableRequest {
  q: string;
  sort: string;
  columns: string[] | null;
}

/** The rows of one query, fetched by pages as they are looked at. */
export class RunsTable {
  readonly project: string;
  status: "loading" | "ready" = $state("loading");
  total = $state(0);
  matched = $state(0);
  took_ms = $state(0);
  columns: Column[] = $state.raw([]);
  clauses: Clause[] | null = $state.raw(null);
  /** Why the last question failed; the rows shown are then those of the question before. */
  problem: ProblemDetails | null = $state.raw(null);
  /** Rows that came after the table was drawn and wait to be let in. */
  waiting = $state(0);
  #pages: ReadonlyMap<number, RunRow[]> = $state.raw(new Map());
  #measures: ReadonlyMap<string, Measure> = $state.raw(new Map());
  /** Columns whose numbers measure different things, over all rows that are loaded. */
  marks: ReadonlyMap<string, Mark> = $derived(marksOf([...this.#pages.values()].flat(), this.#measures));
  #request: TableRequest | null = null;
  /** The request the shown rows answer. */
  #shown: TableRequest | null = null;
  #isAsking = false;
  #isTyping = false;
  readonly #asking = new Set<number>();
  readonly #latest = new Latest();
  /** News wait in a line of their own: they must never push a question out. */
  readonly #news = new Latest();
  #first = 0;
  #last = 0;

  constructor(project: string) {
    this.project = project;
  }

  row(index: number): RunRow | undefined {
    return this.#pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  /** Runs in table order, as far as they are loaded, at most `count`. */
  head(count: number): RunRow[] {
    const rows: RunRow[] = [];
    for (let page = 0; rows.length < Math.min(count, this.matched); page++) {
      const found = this.#pages.get(page);
      if (!found || found.length === 0) break;
      rows.push(...found);
    }
    return rows.slice(0, count);
  }

  find(id: string): RunRow | undefined {
    for (const page of this.#pages.values()) {
      const row = page.find((candidate) => candidate.id === id);
      if (row) return row;
    }
    return undefined;
  }

  /**
   * Ask a new question. The rows shown stay until its answer is here; half a word that matches
   * nothing (`isTyping`) does not take them away.
   */
  ask(request: TableRequest, isTyping = false): void {
    this.#isTyping = isTyping;
    if (isSame(request, this.#request) && (this.#isAsking || this.#shown === this.#request)) return;
    if (isSame(request, this.#shown)) {
      this.#request = this.#shown;
      this.problem = null;
      return;
    }
    this.#request = request;
    this.#latest.run(() => this.#load(request));
  }

  /** Let the rows in that waited. */
  reload(): void {
    const request = this.#shown;
    if (request) this.#latest.run(() => this.#load(request));
  }

  /** Make sure that rows `first` to `last` are here or on their way. */
  ensure(first: number, last: number): void {
    const pages = this.#pages;
    const page_last = Math.floor(Math.min(last, this.matched - 1) / PAGE);
    const request = this.#shown;
    if (!request) return;
    for (let page = Math.floor(first / PAGE); page <= page_last; page++) {
      if (pages.has(page) || this.#asking.has(page)) continue;
      let count = 1;
      while (
        count < PAGES_AT_ONCE &&
        page + count <= page_last &&
        !pages.has(page + count) &&
        !this.#asking.has(page + count)
      )
        count += 1;
      void this.#fill(request, page, count);
      page += count - 1;
    }
  }

  /** The rows somebody looks at: what news are asked for. */
  watch(first: number, last: number): void {
    this.#first = first;
    this.#last = last;
    this.ensure(first, last);
  }

  async #fill(request: TableRequest, page: number, count: number): Promise<void> {
    const asked = Array.from({ length: count }, (_, i) => page + i);
    for (const one of asked) this.#asking.add(one);
    try {
      const answer = await this.#fetch(request, page, count);
      if (request !== this.#shown) return;
      const pages = new Map(this.#pages);
      for (const one of asked) {
        const at = (one - page) * PAGE;
        pages.set(one, answer.rows.slice(at, at + PAGE));
      }
      this.#pages = pages;
    } catch (error) {
      this.#fail(error);
    } finally {
      for (const one of asked) this.#asking.delete(one);
    }
  }

  /** New facts about runs: values change in place; rows that would move others wait. */
  hear(hint: ChangeHint, isAtTop: boolean): void {
    const isOurs = hint.runs.length === 0 || hint.more || hint.runs.some((run) => run.project === this.project);
    if (!isOurs || !this.#shown) return;
    const request = this.#shown;
    this.#news.run(async () => {
      const started = performance.now();
      const page = Math.floor(this.#first / PAGE);
      const page_last = Math.floor(Math.max(this.#first, this.#last) / PAGE);
      for (let at = page; at <= page_last; at++) {
        try {
          const answer = await this.#fetch(request, at);
          if (request === this.#shown) this.#merge(at, answer, isAtTop);
        } catch (error) {
          this.#fail(error);
        }
      }
      // A server that needs long is given rest: news take a fraction of its time.
      const pause_ms = Math.min(NEWS_PAUSE_MS_MAX, NEWS_REST * (performance.now() - started));
      await new Promise((resolve) => setTimeout(resolve, pause_ms));
    });
  }

  async #load(request: TableRequest): Promise<void> {
    this.#isAsking = true;
    try {
      const answer = await this.#fetch(request, 0);
      if (request !== this.#request) return;
      if (this.#isTyping && answer.matched === 0 && this.#shown) {
        this.problem = null;
        return;
      }
      this.#shown = request;
      this.#asking.clear();
      this.#pages = new Map([[0, answer.rows]]);
      this.#take(answer);
    } catch (error) {
      if (request !== this.#request) return;
      this.#fail(error);
      // An address that opens on a query nobody can read has no last good result: show all runs.
      if (this.problem && !this.#shown && request.q !== "") await this.#loadAll(request);
    } finally {
      if (request === this.#request) this.#isAsking = false;
    }
  }

  async #loadAll(request: TableRequest): Promise<void> {
    const all = { ...request, q: "", sort: "" };
    const problem = this.problem;
    try {
      const answer = await this.#fetch(all, 0);
      if (request !== this.#request) return;
      this.#shown = all;
      this.#pages = new Map([[0, answer.rows]]);
      this.#take(answer);
      this.problem = problem;
    } catch (error) {
      this.#fail(error);
    }
  }

  #take(answer: RunsPage): void {
    this.total = answer.total;
    this.matched = answer.matched;
    this.took_ms = answer.took_ms;
    this.columns = answer.columns;
    this.clauses = answer.clauses;
    this.problem = null;
    this.waiting = 0;
    this.status = "ready";
  }

  #merge(page: number, answer: RunsPage, isAtTop: boolean): void {
    const old = this.#pages.get(page) ?? [];
    const isSameOrder =
      old.length === answer.rows.length && old.every((row, i) => row.id === answer.rows[i]?.id);
    this.total = answer.total;
    if (isSameOrder || isAtTop || old.length === 0) {
      if (!isSameOrder) this.#pages = new Map(); // later pages have moved too
      this.#put(page, answer.rows);
      this.matched = answer.matched;
      this.columns = answer.columns;
      this.waiting = 0;
      return;
    }
    const fresh = new Map(answer.rows.map((row) => [row.id, row]));
    this.#put(page, old.map((row) => fresh.get(row.id) ?? row));
    this.waiting = Math.max(0, answer.matched - this.matched);
  }

  #put(page: number, rows: RunRow[]): void {
    this.#pages = new Map(this.#pages).set(page, rows);
  }

  async #fetch(request: TableRequest, page: number, count = 1): Promise<RunsPage> {
    const url = apiUrl(`projects/${segment(this.project)}/runs`, {
      q: request.q,
      sort: request.sort,
      limit: PAGE * count,
      offset: page * PAGE,
      columns: request.columns ? request.columns.map(quoteColumn).join(",") : null,
    });
    const answer = await getJson<RunsPage>(url);
    const told = Object.entries(answer.measures);
    if (told.some(([kind]) => !this.#measures.has(kind))) this.#measures = new Map([...this.#measures, ...told]);
    return answer;
  }

  #fail(error: unknown): void {
    if (!(error instanceof ApiError)) throw error;
    this.problem = error.problem;
  }
}

function isSame(a: TableRequest | null, b: TableRequest | null): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Names with a comma are sent in backquotes, as the query language spells them. */
export function quoteColumn(name: string): string {
  return name.includes(",") && !name.includes("`") ? `\`${name}\`` : name;
}

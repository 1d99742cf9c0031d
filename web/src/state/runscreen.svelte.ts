import { ApiError, apiUrl, getJson, segment, write, type ProblemDetails } from "../api/client";
import type { ChangeHint, RunDetail } from "../api/types";
import { ChartLink } from "../charts/link";
import { Latest } from "./latest";
import { live, touches } from "./live.svelte";
import { page } from "./page.svelte";
import { router, runPath } from "./router.svelte";

export interface RunChange {
  name?: string;
  note?: string;
  why?: string;
  tags_add?: string[];
  tags_remove?: string[];
  deleted?: boolean;
}

export const TABS = [
  { id: "summary", title: "Summary" },
  { id: "charts", title: "Charts" },
  { id: "logs", title: "Logs" },
  { id: "system", title: "System" },
  { id: "media", title: "Media" },
  { id: "files", title: "Files" },
  { id: "lineage", title: "Lineage" },
  { id: "code", title: "Code & environment" },
  { id: "notes", title: "Notes" },
] as const;

export type TabId = (typeof TABS)[number]["id"];

const PAUSE_MS = 400;

/** One run's record, kept up to date while it is looked at. */
export class RunScreen {
  readonly project: string;
  readonly id: string;
  readonly link = new ChartLink();
  readonly systemLink = new ChartLink();
  detail: RunDetail | null = $state.raw(null);
  problem: ProblemDetails | null = $state.raw(null);
  /** Rises when the run changed: the tabs fetch again what they show. */
  rev = $state(0);
  readonly #latest = new Latest();
  #timer = 0;

  tab: TabId = $derived.by(() => {
    const wanted = new URLSearchParams(router.search).get("tab");
    return TABS.find((tab) => tab.id === wanted)?.id ?? "summary";
  });

  constructor(project: string, id: string) {
    this.project = project;
    this.id = id;
  }

  attach(): void {
    this.#latest.run(() => this.#load());
    $effect(() => live.subscribe((hint) => this.#hear(hint)));
    $effect(() => () => clearTimeout(this.#timer));
  }

  show(tab: TabId): void {
    router.go(runPath(this.project, this.id, tab === "summary" ? "" : `?tab=${tab}`));
  }

  async change(change: RunChange): Promise<void> {
    const url = apiUrl(`runs/${segment(this.id)}`);
    this.#take(await write<RunDetail>("PATCH", url, change));
  }

  #hear(hint: ChangeHint): void {
    if (!touches(hint, (id) => id === this.detail?.id) || this.#timer) return;
    this.#timer = window.setTimeout(() => {
      this.#timer = 0;
      this.#latest.run(() => this.#load());
    }, PAUSE_MS);
  }

  async #load(): Promise<void> {
    try {
      this.#take(await getJson<RunDetail>(apiUrl(`runs/${segment(this.id)}`)));
      this.problem = null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.problem = error.problem;
    }
  }

  #take(detail: RunDetail): void {
    this.detail = detail;
    this.rev += 1;
    page.runName = detail.name;
    page.title(`${detail.name} · ${detail.project}`);
  }
}

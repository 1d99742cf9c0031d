import { apiUrl, segment } from "../api/client";
import type { ChangeHint, SweepsData } from "../api/types";
import { Asked } from "./asked.svelte";
import { live } from "./live.svelte";

const NEWS_MS_MIN = 2_000;
const LOOK_MS = 5_000;

/** When a screen of sweeps asks again: after news of its project, and now and then while one runs. */
export class SweepNews {
  rev = $state(0);
  #timer = 0;

  /** Call inside a component; `isLive` says whether something may change without a word. */
  attach(project: string, isLive: () => boolean): void {
    $effect(() =>
      live.subscribe((hint: ChangeHint) => {
        const isOurs = hint.runs.length === 0 || hint.more || hint.runs.some((run) => run.project === project);
        if (!isOurs || this.#timer > 0) return;
        this.#timer = window.setTimeout(() => this.again(), NEWS_MS_MIN);
      }),
    );
    $effect(() => {
      if (!isLive()) return;
      const clock = setInterval(() => this.again(), LOOK_MS);
      return () => clearInterval(clock);
    });
  }

  again(): void {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.rev += 1;
  }
}

/** The sweeps of a project. */
export class SweepsScreen {
  readonly project: string;
  readonly asked = new Asked<SweepsData>();
  readonly news = new SweepNews();

  constructor(project: string) {
    this.project = project;
  }

  attach(): void {
    this.news.attach(this.project, () => this.asked.data?.sweeps.some((one) => one.state === "running") ?? false);
    $effect(() => this.asked.ask(apiUrl(`projects/${segment(this.project)}/sweeps`), this.news.rev));
  }
}

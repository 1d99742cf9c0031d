import { ApiError, apiUrl, segment, write } from "../api/client";
import type { SweepData, SweepRow } from "../api/types";
import { toast } from "../ui/toast.svelte";
import { Asked } from "./asked.svelte";
import { page } from "./page.svelte";
import { SweepNews } from "./sweeps.svelte";

export type SweepAct =
  | { action: "pause" | "resume" | "stop" }
  | { action: "extend"; trials: number; budget_s: number };

/** One sweep, and what people decide of it. */
export class SweepScreen {
  readonly project: string;
  readonly id: string;
  readonly asked = new Asked<SweepData>();
  readonly news = new SweepNews();
  isDeciding = $state(false);

  data: SweepData | null = $derived(this.asked.data);
  row: SweepRow | null = $derived(this.data?.sweep ?? null);
  /** It goes on: there are trials to come, and somebody who runs them. */
  isHeard: boolean = $derived((this.row?.workers ?? 0) > 0);

  constructor(project: string, id: string) {
    this.project = project;
    this.id = id;
  }

  attach(): void {
    this.news.attach(this.project, () => this.row?.state === "running" || this.isHeard);
    $effect(() => this.asked.ask(this.#url(), this.news.rev));
    $effect(() => {
      page.sweepName = this.row?.name ?? null;
      page.title(`${this.row?.name ?? this.id} · ${this.project}`);
      return () => (page.sweepName = null);
    });
  }

  /** Record a decision; the workers heed it before their next trial. */
  async decide(act: SweepAct): Promise<void> {
    this.isDeciding = true;
    try {
      const row = await write<SweepRow>("POST", `${this.#url()}/decisions`, act);
      toast.say({ pause: "Paused: trials that run go on to their end", resume: "Going on", stop: "Stopped: trials that run go on to their end", extend: `Extended to ${row.trials ?? "more"} trials` }[act.action]);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      toast.say(`${error.message} ${error.problem.hint ?? ""}`);
    } finally {
      this.isDeciding = false;
      this.news.again();
    }
  }

  #url(): string {
    return apiUrl(`projects/${segment(this.project)}/sweeps/${segment(this.id)}`);
  }
}

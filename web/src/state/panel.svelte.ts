import { ApiError } from "../api/client";
import type { ChangeHint } from "../api/types";
import type { Series } from "../data/series";
import { fetchCurves, mergeCurves, type TraceRequest } from "./traces";

const LIVE_PAUSE_MS = 250;
const LIVE_PAUSE_MS_MAX = 5_000;
const PIXELS_STEP = 200;

/** What a panel draws: the question, and which runs it is about. */
export interface PanelQuestion {
  request: Omit<TraceRequest, "keys" | "pixels">;
  /** Names of the runs asked for, by id. */
  names: ReadonlyMap<string, string>;
}

/** The curves of one panel: fetched while it is in view, kept while it is not. */
export class PanelData {
  readonly key: string;
  series: readonly Series[] = $state.raw([]);
  isLoading = $state(false);
  error: string | null = $state(null);
  isVisible = $state(false);
  width = $state(0);
  #question: PanelQuestion | null = null;
  #answered = "";
  #abort: AbortController | null = null;
  #dirty = new Set<string>();
  #isAllDirty = false;
  #timer = 0;
  #pause = 0;
  #took_ms = 0;
  #refreshed_ms = -Infinity;
  #rev = 0;

  constructor(key: string) {
    this.key = key;
  }

  /** Ask when something changed and somebody looks; `pause_ms` lets a typing hand go on. */
  ask(question: PanelQuestion, pause_ms = 0): void {
    this.#question = question;
    clearTimeout(this.#pause);
    if (pause_ms > 0) {
      this.#pause = window.setTimeout(() => this.ask(question), pause_ms);
      return;
    }
    if (!this.isVisible || this.width === 0) return;
    const request = this.#request(question);
    const spelled = JSON.stringify(request);
    if (spelled === this.#answered) return;
    this.#answered = spelled;
    void this.#load(request, question, null);
  }

  hear(hint: ChangeHint): void {
    if (hint.runs.length === 0 || hint.more || this.#question?.request.runs === undefined)
      this.#isAllDirty = true;
    else
      for (const run of hint.runs)
        if (this.#question.names.has(run.id)) this.#dirty.add(run.id);
    this.#schedule();
  }

  retry(): void {
    this.#answered = "";
    if (this.#question) this.ask(this.#question);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#pause);
    this.#abort?.abort();
  }

  #schedule(): void {
    if (this.#timer || (!this.#isAllDirty && this.#dirty.size === 0)) return;
    // After a quiet time at once; then as often as the server answers easily.
    const pause_ms = Math.min(LIVE_PAUSE_MS_MAX, Math.max(LIVE_PAUSE_MS, 3 * this.#took_ms));
    const wait_ms = Math.max(0, this.#refreshed_ms + pause_ms - performance.now());
    this.#timer = window.setTimeout(() => void this.#refresh(), wait_ms);
  }

  async #refresh(): Promise<void> {
    const question = this.#question;
    if (question && this.isVisible) {
      const names = this.#isAllDirty ? null : [...this.#dirty];
      this.#dirty.clear();
      this.#isAllDirty = false;
      this.#rev += 1;
      const request = this.#request(question);
      const started = performance.now();
      await this.#load(names ? { ...request, runs: names } : request, question, names);
      this.#refreshed_ms = performance.now();
      this.#took_ms = this.#refreshed_ms - started;
    }
    this.#timer = 0;
    this.#schedule();
  }

  /** Columns to ask for: so coarse that a dragged border does not ask at every pixel. */
  get pixels(): number {
    return Math.ceil(this.width / PIXELS_STEP) * PIXELS_STEP;
  }

  #request(question: PanelQuestion): TraceRequest {
    return { ...question.request, keys: [this.key], pixels: this.pixels };
  }

  async #load(request: TraceRequest, question: PanelQuestion, part: string[] | null): Promise<void> {
    if (!part) this.#abort?.abort();
    const abort = new AbortController();
    if (!part) this.#abort = abort;
    const asked = this.#answered;
    const isLive = part !== null || this.#rev > 0;
    if (!isLive || this.series.length === 0) this.isLoading = true;
    try {
      const labelOf = (run: string) => question.names.get(run) ?? run;
      const curves = await fetchCurves(request, String(this.#rev), labelOf, abort.signal);
      if (abort.signal.aborted || asked !== this.#answered) return;
      this.series = part ? mergeCurves(this.series, curves.series) : curves.series;
      this.error = null;
      this.isLoading = false;
    } catch (error) {
      if (abort.signal.aborted) return;
      this.isLoading = false;
      if (!(error instanceof ApiError)) throw error;
      this.#answered = "";
      const id = error.problem.request_id ? ` (${error.problem.request_id})` : "";
      this.error = error.message + id;
    }
  }
}

/** Tell a panel whether somebody can see it, and how wide it is. */
export function watchPanel(node: Element, data: PanelData): () => void {
  const sight = new IntersectionObserver(
    (entries) => (data.isVisible = entries.at(-1)?.isIntersecting ?? false),
    { rootMargin: "160px" },
  );
  const size = new ResizeObserver(() => (data.width = node.clientWidth));
  sight.observe(node);
  size.observe(node);
  return () => {
    sight.disconnect();
    size.disconnect();
  };
}

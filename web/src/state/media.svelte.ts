import { ApiError, apiUrl, getJson, segment } from "../api/client";
import type { MediaItem, MediaKey } from "../api/types";

export function objectUrl(item: { object: string; mime: string }): string {
  return apiUrl(`objects/${item.object}`, { mime: item.mime });
}

/** What a run logged of one type under one key, and the step that is looked at. */
export class MediaSeries {
  readonly #run: string;
  readonly #known: MediaKey;
  items: MediaItem[] = $state.raw([]);
  error: string | null = $state(null);
  /** Position in `steps`; -1 follows the newest. */
  #at = $state(-1);
  #count = -1;

  steps: number[] = $derived([...new Set(this.items.map((item) => item.step))].sort((a, b) => a - b));
  at: number = $derived(this.#at < 0 ? this.steps.length - 1 : Math.min(this.#at, this.steps.length - 1));
  step: number | undefined = $derived(this.steps[this.at]);
  shown: MediaItem[] = $derived(this.items.filter((item) => item.step === this.step));

  constructor(run: string, known: MediaKey) {
    this.#run = run;
    this.#known = known;
  }

  /** Fetch again when the key holds more than before. */
  follow(known: MediaKey): void {
    if (known.count === this.#count) return;
    this.#count = known.count;
    const url = apiUrl(`runs/${segment(this.#run)}/media`, { key: this.#known.key });
    getJson<{ items: MediaItem[] }>(url).then(
      (answer) => {
        // A key may hold a picture and a table of the same thing: each is a section of its own.
        this.items = answer.items.filter((item) => item.type === this.#known.type);
        this.error = null;
      },
      (error: unknown) => {
        if (!(error instanceof ApiError)) throw error;
        this.error = error.message;
        this.#count = -1;
      },
    );
  }

  show(at: number): void {
    this.#at = at >= this.steps.length - 1 ? -1 : Math.max(0, at);
  }
}

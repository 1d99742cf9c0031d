import { ApiError, apiUrl, getJson } from "../api/client";
import type { HomeData } from "../api/types";
import { Latest } from "./latest";
import { lab } from "./lab.svelte";
import { live } from "./live.svelte";

const PAUSE_MS = 500;

/** What Home shows, fetched again when the lab changes. */
export class HomeScreen {
  data: HomeData | null = $state.raw(null);
  error: string | null = $state(null);
  readonly #latest = new Latest();
  #timer = 0;

  attach(): void {
    this.#latest.run(() => this.#load());
    $effect(() =>
      live.subscribe(() => {
        if (this.#timer) return;
        this.#timer = window.setTimeout(() => {
          this.#timer = 0;
          this.#latest.run(() => this.#load());
        }, PAUSE_MS);
      }),
    );
    $effect(() => () => clearTimeout(this.#timer));
  }

  async #load(): Promise<void> {
    try {
      this.data = await getJson<HomeData>(apiUrl("home"));
      this.error = null;
      lab.projects = this.data.projects.map((row) => row.name);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.error = error.message;
    }
  }
}

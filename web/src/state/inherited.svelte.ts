import { ApiError } from "../api/client";
import type { Inherited } from "../api/types";
import type { Series } from "../data/series";
import { Latest } from "./latest";
import { fetchCurves } from "./traces";

/** The curves of the runs that a run goes on from, each up to its fork, oldest first. */
export class InheritedCurves {
  series: readonly Series[] = $state.raw([]);
  readonly #metric: string;
  readonly #latest = new Latest();
  readonly #abort = new AbortController();
  #answered = "";

  constructor(metric: string) {
    this.#metric = metric;
  }

  /** Ask when the runs, the part in view or the width changed. */
  ask(parts: readonly Inherited[], view: readonly [number, number] | null, pixels: number): void {
    const spelled = JSON.stringify([parts, view, pixels]);
    if (spelled === this.#answered) return;
    this.#answered = spelled;
    this.#latest.run(() => this.#load(parts, view, pixels));
  }

  dispose(): void {
    this.#abort.abort();
  }

  async #load(parts: readonly Inherited[], view: readonly [number, number] | null, pixels: number) {
    const rest = { keys: [this.#metric], x: "step", pixels, smooth: null, x_min: view?.[0] ?? null };
    const asked = parts
      .filter((part) => view === null || part.step >= view[0])
      .toReversed()
      .map((part) => {
        const x_max = Math.min(part.step, view?.[1] ?? Infinity);
        const request = { ...rest, runs: [part.run], x_max };
        return fetchCurves(request, "inherited", () => part.name, this.#abort.signal);
      });
    try {
      this.series = (await Promise.all(asked)).flatMap((curves) => curves.series);
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      this.series = []; // the run's own curve stands, and its panel tells of a lost server
      this.#answered = "";
    }
  }
}

import { ApiError, getJson, type ProblemDetails } from "../api/client";
import { Latest } from "./latest";

/** One question that follows the address; the newest answer is kept while the next is on its way. */
export class Asked<T> {
  data: T | null = $state.raw(null);
  problem: ProblemDetails | null = $state.raw(null);
  readonly #latest = new Latest();
  #key = "";

  /** Ask unless this was asked last. `rev`: what the answer depends on beside the address. */
  ask(url: string, rev = 0): void {
    const key = `${rev} ${url}`;
    if (key === this.#key) return;
    this.#key = key;
    this.#latest.run(async () => {
      try {
        this.data = await getJson<T>(url);
        this.problem = null;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        this.problem = error.problem;
        this.#key = "";
      }
    });
  }
}

import { listen } from "../api/stream";
import type { ChangeHint } from "../api/types";

type Listener = (hint: ChangeHint) => void;

/** What changed in the lab, as it happens. `rev` rises with every change. */
class Live {
  connected = $state(true);
  rev = $state(0);
  readonly #listeners = new Set<Listener>();
  #wasLost = false;

  start(): void {
    listen((news) => {
      if (news.kind === "state") this.#setConnected(news.connected);
      else this.#change(news.hint);
    });
  }

  /** Hear every hint until the returned function is called. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #setConnected(connected: boolean): void {
    // What happened while no one listened is unknown: ask for everything once.
    if (connected && this.#wasLost) this.#change({ rev: this.rev + 1, runs: [] });
    this.#wasLost = !connected;
    this.connected = connected;
  }

  #change(hint: ChangeHint): void {
    this.rev = hint.rev;
    for (const listener of this.#listeners) listener(hint);
  }
}

export const live = new Live();

/** Whether a hint touches one of these runs; a hint without names touches all. */
export function touches(hint: ChangeHint, runs: (id: string) => boolean): boolean {
  return hint.more === true || hint.runs.length === 0 || hint.runs.some((run) => runs(run.id));
}

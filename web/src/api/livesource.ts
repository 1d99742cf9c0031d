import type { ChangeHint } from "./types";

export type LiveNews =
  | { kind: "state"; connected: boolean }
  | { kind: "change"; hint: ChangeHint };

const RETRY_MS_FIRST = 500;
const RETRY_MS_MAX = 8_000;

/** Keeps an EventSource open for ever, with growing pauses, and passes on what it says. */
export class LiveSource {
  #events: EventSource | null = null;
  #connected = false;
  #retry_ms = RETRY_MS_FIRST;
  #closed = false;
  readonly #url: string;
  readonly #tell: (news: LiveNews) => void;

  constructor(url: string, tell: (news: LiveNews) => void) {
    this.#url = url;
    this.#tell = tell;
    this.#open();
  }

  announce(): void {
    this.#tell({ kind: "state", connected: this.#connected });
  }

  close(): void {
    this.#closed = true;
    this.#events?.close();
  }

  #open(): void {
    const events = new EventSource(this.#url);
    this.#events = events;
    events.addEventListener("open", () => {
      this.#retry_ms = RETRY_MS_FIRST;
      this.#setConnected(true);
    });
    events.addEventListener("change", (event) => {
      const hint = JSON.parse((event as MessageEvent<string>).data) as ChangeHint;
      this.#tell({ kind: "change", hint });
    });
    events.addEventListener("error", () => {
      // The browser's own retry gives up for good on some answers (a 502 of a proxy); ours does not.
      events.close();
      this.#setConnected(false);
      if (this.#closed) return;
      setTimeout(() => this.#open(), this.#retry_ms);
      this.#retry_ms = Math.min(RETRY_MS_MAX, this.#retry_ms * 2);
    });
  }

  #setConnected(connected: boolean): void {
    this.#connected = connected;
    this.announce();
  }
}

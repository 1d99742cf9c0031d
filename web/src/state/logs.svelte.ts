import { ApiError, apiUrl, getJson, segment } from "../api/client";
import type { ConsoleChunk } from "../api/types";
import { Latest } from "./latest";

const TAIL_BYTES = 256 * 1024;
const CHUNK_BYTES = 1024 * 1024;
const LINES_MAX = 200_000;

/** The console of a run: its end first, earlier parts on demand, new lines as they come. */
export class Logs {
  readonly #run: string;
  readonly #latest = new Latest();
  lines: string[] = $state.raw([]);
  start = $state(0);
  size = $state(0);
  isReady = $state(false);
  error: string | null = $state(null);
  #end = 0;
  #open = "";

  constructor(run: string) {
    this.#run = run;
  }

  refresh(): void {
    this.#latest.run(() => (this.isReady ? this.#forward() : this.#tail()));
  }

  /** Load what was printed before the first line shown; returns how many lines came. */
  async earlier(): Promise<number> {
    const from = Math.max(0, this.start - TAIL_BYTES);
    const chunk = await this.#fetch({ after: from, limit: this.start - from });
    if (!chunk) return 0;
    const lines = chunk.text.split("\n");
    const last = lines.pop() ?? "";
    // A piece may begin in the middle of a line; that half is fetched again with what precedes it.
    const dropped = from > 0 && lines.length > 0 ? (lines.shift() ?? "") : null;
    const skipped = dropped === null ? 0 : new TextEncoder().encode(`${dropped}\n`).length;
    const first = this.lines[0] ?? "";
    this.lines = [...lines, last + first, ...this.lines.slice(1)];
    this.start = chunk.start + skipped;
    return lines.length;
  }

  /** Everything printed so far as a text file, also what is not loaded; null when a part failed. */
  async whole(): Promise<Blob | null> {
    const parts: string[] = [];
    for (let after = 0; ; ) {
      const chunk = await this.#fetch({ after, limit: CHUNK_BYTES });
      if (!chunk) return null;
      parts.push(chunk.text);
      if (chunk.end <= after || chunk.end >= chunk.size) break;
      after = chunk.end;
    }
    return new Blob(parts, { type: "text/plain;charset=utf-8" });
  }

  async #tail(): Promise<void> {
    const chunk = await this.#fetch({ tail: TAIL_BYTES });
    if (!chunk) return;
    this.start = chunk.start;
    this.#append(chunk);
    this.isReady = true;
  }

  async #forward(): Promise<void> {
    for (;;) {
      const chunk = await this.#fetch({ after: this.#end, limit: CHUNK_BYTES });
      if (!chunk || chunk.end <= this.#end) return;
      this.#append(chunk);
      if (chunk.end >= chunk.size) return;
    }
  }

  #append(chunk: ConsoleChunk): void {
    this.#end = chunk.end;
    this.size = chunk.size;
    const done = this.#open === "" ? this.lines : this.lines.slice(0, -1);
    const fresh = (this.#open + chunk.text).split("\n");
    this.#open = fresh.at(-1) ?? "";
    if (this.#open === "") fresh.pop();
    this.lines = [...done, ...fresh].slice(-LINES_MAX);
  }

  async #fetch(query: Record<string, number>): Promise<ConsoleChunk | null> {
    try {
      const url = apiUrl(`runs/${segment(this.#run)}/console`, query);
      const chunk = await getJson<ConsoleChunk>(url);
      this.error = null;
      return chunk;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.error = error.message;
      return null;
    }
  }
}

import { ApiError, apiUrl, getJson, segment } from "../api/client";
import type { Completion, Completions } from "../api/types";
import { Latest } from "./latest";

/** The server counts Unicode code points, the browser UTF-16 units. */
export const toPoints = (text: string, units: number): number =>
  Array.from(text.slice(0, units)).length;
export const toUnits = (text: string, points: number): number =>
  Array.from(text).slice(0, points).join("").length;

const ITEMS_MAX = 12;

/** What may stand at the cursor of the query bar. */
export class QueryCompletion {
  items: Completion[] = $state.raw([]);
  active = $state(-1);
  from = $state(0);
  #to = 0;
  #text = "";
  readonly #project: string;
  readonly #latest = new Latest();

  constructor(project: string) {
    this.#project = project;
  }

  ask(text: string, at: number): void {
    this.#latest.run(async () => {
      const url = apiUrl(`projects/${segment(this.#project)}/complete`, {
        q: text,
        at: toPoints(text, at),
      });
      // An empty q is left out of an address by default; the cursor alone says where.
      try {
        const found = await getJson<Completions>(url);
        this.#text = text;
        this.from = toUnits(text, found.from);
        this.#to = toUnits(text, found.to);
        const typed = text.slice(this.from, this.#to);
        const chosen = this.items[this.active]?.insert; // an answer that is late moves no choice
        this.items = found.items.filter((item) => item.insert !== typed).slice(0, ITEMS_MAX);
        this.active = this.items.findIndex((item) => item.insert === chosen);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        this.close(); // a completion that failed is no completion; the query itself tells errors
      }
    });
  }

  move(by: number): void {
    const count = this.items.length;
    if (count === 0) return;
    this.active = this.active < 0 && by < 0 ? count - 1 : (this.active + by + count) % count;
  }

  /** The text with the item put in, and where the cursor goes. */
  apply(item: Completion): { text: string; at: number } {
    const rest = this.#text.slice(this.#to);
    const gap = rest === "" && !item.insert.endsWith(" ") ? " " : "";
    const head = this.#text.slice(0, this.from) + item.insert + gap;
    this.close();
    return { text: head + rest, at: head.length };
  }

  close(): void {
    this.items = [];
    this.active = -1;
  }
}

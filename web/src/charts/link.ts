// What the panels of one section share: the crosshair, the lit run and the zoomed range of x.
// A plain object with listeners: it changes at pointer speed and must not pass a framework.

import type { Range } from "../data/scale";

export interface Hover {
  /** Position on x, in data units; null when only a run is lit (a row of the table). */
  readonly x: number | null;
  /** Run id (or group id) that is lit in every panel; null for none. */
  readonly run: string | null;
}

export type LinkChange = "hover" | "zoom";

const NOTHING: Hover = { x: null, run: null };

export class ChartLink {
  #hover: Hover = NOTHING;
  #zoom: Range | null = null;
  readonly #listeners = new Set<(change: LinkChange) => void>();

  get hover(): Hover {
    return this.#hover;
  }

  /** Range of x shown by all linked panels; null shows all data. */
  get zoom(): Range | null {
    return this.#zoom;
  }

  setHover(hover: Hover | null): void {
    const next = hover ?? NOTHING;
    if (next.x === this.#hover.x && next.run === this.#hover.run) return;
    this.#hover = next;
    this.#tell("hover");
  }

  setZoom(zoom: Range | null): void {
    if (zoom?.[0] === this.#zoom?.[0] && zoom?.[1] === this.#zoom?.[1]) return;
    this.#zoom = zoom;
    this.#tell("zoom");
  }

  /** Calls `listener` after each change; returns the function that ends it. */
  subscribe(listener: (change: LinkChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(change: LinkChange): void {
    for (const listener of [...this.#listeners]) listener(change);
  }
}

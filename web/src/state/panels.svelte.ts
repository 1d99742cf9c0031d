import { ApiError, apiUrl, getJson, segment } from "../api/client";
import type { ChangeHint, MetricKey } from "../api/types";
import { ChartLink } from "../charts/link";
import type { LineOptions, LineStyle } from "../charts/line/model";
import { bySection } from "../data/prefix";
import { Latest } from "./latest";
import type { PanelQuestion } from "./panel.svelte";
import type { RunsScreen } from "./runsscreen.svelte";
import { BAND_NAMES } from "./view";

export interface PanelSection {
  /** The address's word for it. */
  id: string;
  title: string;
  keys: string[];
  isOpen: boolean;
}

const PINNED = "*";
const TOP = "-";
const SYSTEM = "system";
const KEYS_PAUSE_MS = 1_000;
const KEYS_PAUSE_MS_MAX = 15_000;
const KEYS_REST = 20;

/** The panels beside the table: which there are, and what each one asks and shows. */
export class Panels {
  readonly #screen: RunsScreen;
  keys: MetricKey[] = $state.raw([]);
  isReady = $state(false);
  /** System metrics count their own steps: a zoom there is not a zoom of training. */
  readonly systemLink = new ChartLink();
  readonly #latest = new Latest();
  #timer = 0;
  #isGone = false;
  #took_ms = 0;

  sections: PanelSection[] = $derived.by(() => {
    const view = this.#screen.view.current;
    const wanted = view.metric_search.toLowerCase();
    const names = this.keys
      .map((metric) => metric.key)
      .filter((key) => wanted === "" || key.toLowerCase().includes(wanted));
    const goal = this.#screen.goal;
    const wantedPins = view.pinned.length === 0 && goal ? [goal] : view.pinned;
    const pinned = wantedPins.filter((key) => names.includes(key));
    const sections: PanelSection[] = [];
    const add = (id: string, title: string, keys: readonly string[], isDefaultOpen: boolean) => {
      const isOpen = wanted !== "" || (view.sections[id] ?? isDefaultOpen);
      if (keys.length > 0) sections.push({ id, title, keys: [...keys], isOpen });
    };
    add(PINNED, "Pinned", pinned, true);
    for (const { prefix, items } of bySection(names, (key) => key))
      add(prefix || TOP, prefix || "Metrics", items, prefix !== SYSTEM);
    return sections;
  });

  question: PanelQuestion = $derived.by(() => {
    const screen = this.#screen;
    const view = screen.view.current;
    const shared = {
      x: view.x,
      x_min: view.zoom?.[0] ?? null,
      x_max: view.zoom?.[1] ?? null,
      smooth: view.smooth,
    };
    const names = new Map(screen.drawn.map(({ id, name }) => [id, name]));
    if (screen.isGrouped) {
      const request = { project: screen.project, q: view.q, group: screen.group, band: view.band, ...shared };
      return { request, names: new Map() };
    }
    return { request: { runs: [...names.keys()], ...shared }, names };
  });

  styles: ReadonlyMap<string, LineStyle> = $derived.by(() => {
    if (this.#screen.isGrouped) {
      const slots = this.#screen.groupSlots;
      return new Map([...slots].map(([id, slot]) => [id, { slot }]));
    }
    const drawn = this.#screen.drawn;
    const slots = this.#screen.selection.slotsFor(drawn.map((run) => run.id));
    return new Map(
      drawn.map(({ id, name }) => [id, { slot: slots.get(id) ?? null, label: name }]),
    );
  });

  constructor(screen: RunsScreen) {
    this.#screen = screen;
  }

  /** Ask which metrics the matched runs have; call inside an effect. */
  follow(): void {
    const q = this.#screen.view.current.q;
    // Rows come first, and half a word has no metrics.
    if (this.#screen.table.status === "loading" || this.#screen.view.isTyping) return;
    this.#latest.run(() => this.#load(q));
  }

  hear(hint: ChangeHint): void {
    const isOurs =
      hint.runs.length === 0 || hint.runs.some((run) => run.project === this.#screen.project);
    if (!isOurs || this.#timer) return;
    this.#timer = window.setTimeout(() => {
      this.#timer = 0;
      this.follow();
    }, Math.min(KEYS_PAUSE_MS_MAX, KEYS_PAUSE_MS + KEYS_REST * this.#took_ms));
  }

  /** The screen was left: what is still under way must not look at it. */
  dispose(): void {
    this.#isGone = true;
    clearTimeout(this.#timer);
  }

  linkOf(key: string): ChartLink {
    return key.startsWith(`${SYSTEM}/`) ? this.systemLink : this.#screen.link;
  }

  options(): LineOptions {
    const view = this.#screen.view.current;
    const bandName = this.#screen.isGrouped ? BAND_NAMES[view.band] : null;
    const rest = { isRobust: false, hasBands: true, yRange: null, bandName };
    return { ...axisOf(view.x), ...logs(view), ...rest };
  }

  toggleSection(section: PanelSection): void {
    const sections = { ...this.#screen.view.current.sections, [section.id]: !section.isOpen };
    this.#screen.view.change({ sections });
  }

  togglePin(key: string): void {
    const { pinned } = this.#screen.view.current;
    const isPinned = pinned.includes(key);
    this.#screen.view.change({
      pinned: isPinned ? pinned.filter((one) => one !== key) : [...pinned, key],
    });
  }

  async #load(q: string): Promise<void> {
    const url = apiUrl(`projects/${segment(this.#screen.project)}/metrics`, { q });
    const started = performance.now();
    try {
      const answer = await getJson<{ metrics: MetricKey[] }>(url);
      this.#took_ms = performance.now() - started;
      if (this.#isGone || q !== this.#screen.view.current.q) return;
      // No match leaves the old panels: the table says what happened.
      if (answer.metrics.length > 0 || !this.isReady) this.keys = answer.metrics;
      this.isReady = true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error; // the query bar tells what is wrong
    }
  }
}

export function axisOf(x: string): Pick<LineOptions, "xKind" | "xLabel"> {
  if (x === "step") return { xKind: "step", xLabel: "step" };
  if (x === "relative") return { xKind: "relative", xLabel: "time since start" };
  if (x === "time") return { xKind: "time", xLabel: "wall time" };
  return { xKind: "number", xLabel: x };
}

const logs = (view: { x_log: boolean; y_log: boolean }) => ({
  isLogX: view.x_log,
  isLogY: view.y_log,
});

import { ApiError, apiUrl, getJson, segment, type ProblemDetails } from "../api/client";
import type { ChangeHint, CompareData, CompareMetricRow, CompareRun } from "../api/types";
import { ChartLink } from "../charts/link";
import { assignSlots } from "../data/palette";
import { placesOf } from "./comparison";
import { readCompare, readPlace, RUNS_MIN, writeCompare, writePlace, type CompareView, type Place } from "./compareview";
import { Latest } from "./latest";
import { live, touches } from "./live.svelte";
import { comparePath, router } from "./router.svelte";

const PAUSE_MS = 600;
const SYSTEM = "system/";

/** Two to eight runs side by side: what differs, and which difference is looked at. */
export class CompareScreen {
  readonly project: string;
  readonly link = new ChartLink();
  data: CompareData | null = $state.raw(null);
  problem: ProblemDetails | null = $state.raw(null);
  /** The address asks for something else than what is shown. */
  isLoading = $state(true);
  readonly #latest = new Latest();
  #timer = 0;
  #slots: Map<string, number> = new Map();

  view: CompareView = $derived(readCompare(router.search));
  /** What the address points at. */
  place: Place = $derived(readPlace(router.hash));
  /** Every difference, in reading order, as the address spells it. */
  places: string[] = $derived(
    (this.data?.sections ?? []).flatMap((section) => placesOf(section).map(writePlace)),
  );
  at: number = $derived(this.places.indexOf(writePlace(this.place)));
  runs: readonly CompareRun[] = $derived(this.data?.runs ?? []);
  /** Colours of the runs: a run keeps its own when columns change places. */
  slots: ReadonlyMap<string, number> = $derived.by(() => {
    this.#slots = assignSlots(this.runs.map((run) => run.id), this.#slots);
    return this.#slots;
  });
  /** Metrics worth a chart: of training, with more than a point in some run. */
  curves: string[] = $derived.by(() => {
    const rows = (this.data?.sections ?? []).flatMap((section): CompareMetricRow[] =>
      section.kind === "metrics" ? section.rows : [],
    );
    return rows
      .filter((row) => !row.name.startsWith(SYSTEM) && row.counts.some((count) => count > 1))
      .map((row) => row.name);
  });

  constructor(project: string) {
    this.project = project;
  }

  /** Follow the address and the lab; call inside a component. */
  attach(): void {
    $effect(() => {
      const view = this.view;
      this.isLoading = true;
      this.#latest.run(() => this.#load(view));
    });
    $effect(() => live.subscribe((hint) => this.#hear(hint)));
    $effect(() => () => clearTimeout(this.#timer));
  }

  change(patch: Partial<CompareView>): void {
    router.go(comparePath(this.project, writeCompare({ ...this.view, ...patch })) + router.hash);
  }

  /** To the next difference, or the one before; from the last on to the first. */
  move(by: 1 | -1): void {
    const count = this.places.length;
    if (count === 0) return;
    const from = this.at < 0 && by < 0 ? 0 : this.at;
    router.setHash(this.places[(from + by + count) % count] ?? "", { replace: true });
  }

  swap(): void {
    const [first, second, ...rest] = this.view.runs;
    if (first && second) this.change({ runs: [second, first, ...rest] });
  }

  /** Make a run the one that the others differ from. */
  putFirst(index: number): void {
    const run = this.view.runs[index];
    if (run) this.change({ runs: [run, ...this.view.runs.filter((one) => one !== run)] });
  }

  add(run: string): void {
    this.change({ runs: [...this.view.runs, run] });
  }

  remove(index: number): void {
    this.change({ runs: this.view.runs.filter((_, i) => i !== index) });
  }

  #hear(hint: ChangeHint): void {
    if (this.#timer || !touches(hint, (id) => this.runs.some((run) => run.id === id))) return;
    this.#timer = window.setTimeout(() => {
      this.#timer = 0;
      this.#latest.run(() => this.#load(this.view));
    }, PAUSE_MS);
  }

  async #load({ runs, isAll }: CompareView): Promise<void> {
    if (runs.length < RUNS_MIN) return;
    const query = { r: runs.join(","), all: isAll || null };
    try {
      this.data = await getJson<CompareData>(apiUrl(`projects/${segment(this.project)}/compare`, query));
      this.problem = null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.problem = error.problem;
    }
    this.isLoading = false;
  }
}

import { apiUrl, getJson, segment } from "../api/client";
import type { ChangeHint, CurvesData, DifferenceData, EvaluationData, Sample, SamplesData, SlicesData } from "../api/types";
import { Grid } from "../data/grid";
import { Asked } from "./asked.svelte";
import { readEvaluate, writeEvaluate, type EvaluateView } from "./evaluateview";
import { live, touches } from "./live.svelte";
import { page } from "./page.svelte";
import { evaluatePath, router } from "./router.svelte";

export const PAGE_SAMPLES = 60;
const EXPORT_PAGE = 10_000;
/** A run that evaluates often is asked again at most so often. */
const PAUSE_MS = 1_000;

/** An evaluation of a run, and what of it is looked at. */
export class EvaluateScreen {
  readonly project: string;
  readonly run: string;
  readonly name: string;
  readonly opened = new Asked<EvaluationData>();
  readonly samples = new Asked<SamplesData>();
  readonly curves = new Asked<CurvesData>();
  readonly slices = new Asked<SlicesData>();
  readonly difference = new Asked<DifferenceData>();

  /** Rises when one of the runs changed: everything is asked again. */
  rev = $state(0);
  #timer = 0;
  view: EvaluateView = $derived(readEvaluate(router.search));
  data: EvaluationData | null = $derived(this.opened.data);
  isSealed: boolean = $derived(this.data?.sealed ?? false);
  /** A minus B while another run is compared, else the run's own matrix. */
  grid: Grid | null = $derived.by(() => {
    const cells = this.view.other === null ? this.data?.matrix : this.difference.data?.matrix;
    return cells ? new Grid(cells) : null;
  });
  chosen: { row: number | null; column: number | null } = $derived({
    row: this.grid?.placeOf(this.view.truth) ?? null,
    column: this.grid?.placeOf(this.view.predicted) ?? null,
  });

  constructor(project: string, run: string, name: string) {
    this.project = project;
    this.run = run;
    this.name = name;
  }

  /** Follow the address; call inside a component. */
  attach(): void {
    $effect(() => live.subscribe((hint) => this.#hear(hint)));
    $effect(() => () => clearTimeout(this.#timer));
    $effect(() => this.opened.ask(this.#url("", { order: this.view.order }), this.rev));
    $effect(() => {
      if (this.data) page.runName = this.data.run_name;
      page.title(`${this.name} · ${this.data?.run_name ?? this.run}`);
    });
    $effect(() => {
      const { panel, other, column, of, threshold, change, page: at, order } = this.view;
      if (!this.data || this.isSealed) return;
      if (other !== null) {
        const paging = { offset: at * PAGE_SAMPLES, limit: PAGE_SAMPLES };
        this.difference.ask(this.#url("/difference", { other, change, order, ...paging }), this.rev);
      } else if (panel === "samples") this.samples.ask(this.#url("/samples", this.#wanted(at * PAGE_SAMPLES, PAGE_SAMPLES)), this.rev);
      else if (panel === "curves" && this.data.curves.length > 0) {
        this.curves.ask(this.#url("/curves", { of: of ?? this.data.curves.at(-1) ?? null, threshold }), this.rev);
      } else if (panel === "slices" && this.data.slices.length > 0) {
        this.slices.ask(this.#url("/slices", { column: column ?? this.data.slices[0] ?? null }), this.rev);
      }
    });
  }

  change(patch: Partial<EvaluateView>, options: { replace?: boolean } = {}): void {
    const next = { ...this.view, page: 0, ...patch };
    router.go(evaluatePath(this.project, this.run, this.name, writeEvaluate(next)), options);
  }

  /** Choose a cell by its places, or none. */
  choose(at: { row: number; column: number } | null, options: { replace?: boolean } = {}): void {
    const label = (place: number | undefined) => (place === undefined ? null : (this.grid?.classes[place] ?? null));
    const patch = { truth: label(at?.row), predicted: label(at?.column) };
    this.change(this.view.other === null ? { ...patch, panel: "samples" } : patch, options);
  }

  picture(sample: string): string {
    return this.#url(`/picture/${segment(sample)}`, {});
  }

  sound(sample: string): string {
    return this.#url(`/sound/${segment(sample)}`, {});
  }

  /** The address of the screen's samples as a file, or of all of it as JSON. */
  file(ending: "csv" | "json"): string {
    return evaluatePath(this.project, this.run, `${this.name}.${ending}`, writeEvaluate(this.view));
  }

  /** The ids of all samples that are chosen, in their order, one a line. */
  async ids(): Promise<string> {
    const found: string[] = [];
    for (;;) {
      const url = this.#url("/samples", this.#wanted(found.length, EXPORT_PAGE));
      const { samples, matched } = await getJson<SamplesData>(url);
      found.push(...samples.map((sample: Sample) => sample.id));
      if (samples.length === 0 || found.length >= matched) return found.map((id) => `${id}\n`).join("");
    }
  }

  #hear(hint: ChangeHint): void {
    const isShown = (id: string) => id === this.data?.run || id === this.difference.data?.other;
    if (!touches(hint, isShown) || this.#timer) return;
    this.#timer = window.setTimeout(() => {
      this.#timer = 0;
      this.rev += 1;
    }, PAUSE_MS);
  }

  #wanted(offset: number, limit: number) {
    const { truth, predicted, wrong, column, value, sort } = this.view;
    const slice = column !== null && value !== null ? { column, value } : { column: null, value: null };
    return { true: truth, predicted, wrong: wrong || null, ...slice, sort, offset, limit };
  }

  #url(rest: string, asked: Record<string, string | number | boolean | null>): string {
    const path = `runs/${segment(this.run)}/evaluations/${segment(this.name)}${rest}`;
    return apiUrl(path, { ...asked, step: this.view.step });
  }
}

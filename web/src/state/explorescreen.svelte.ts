import { untrack } from "svelte";
import { ApiError, apiUrl, getBytes, getJson, segment, type ProblemDetails } from "../api/client";
import { decodeExplore, type ExploreData } from "../api/explore";
import type { ChangeHint, Field, ImportanceData, ObjectiveData } from "../api/types";
import { SHADES } from "../charts/density/raster";
import { ChartLink } from "../charts/link";
import { bestFirst, defaultScale, projectAxis, scalesOf, shadesOf, type AxisData, type Projection } from "../data/axes";
import { joinQuery, readBrushes, selectRuns, writeBrushes, type BrushPart, type Brushes } from "../data/brushes";
import { Asked } from "./asked.svelte";
import { isRunField, layoutColumns, nextSort, type GridColumn } from "./columns";
import { readExplore, writeExplore, type AxisChoice, type ExploreView } from "./exploreview";
import type { GridScreen } from "./gridscreen";
import { Latest } from "./latest";
import { live } from "./live.svelte";
import { ViewState } from "./runsview.svelte";
import { Selection } from "./selection.svelte";
import { quoteColumn, RunsTable } from "./table.svelte";

/** An axis as it is shown. */
export interface ShownAxis {
  readonly data: AxisData;
  readonly projection: Projection;
}

/** News are asked for so often at most: ten thousand runs are not fetched with every step. */
const NEWS_MS_MIN = 3_000;
const DECIDED_REST = 10;
const NO_BRUSHES: Brushes = new Map();

/** Many runs of a project on several axes: picture, brush, table, and what decided. */
export class ExploreScreen implements GridScreen {
  readonly project: string;
  /** A filter that the screen always has: the runs of one sweep. */
  readonly scope: (view: ExploreView) => string;
  /** What is judged by unless the address says otherwise: the objective of the sweep. */
  readonly preset: ObjectiveData | null;
  readonly view = new ViewState(readExplore, writeExplore);
  readonly table: RunsTable;
  readonly selection: Selection;
  readonly link = new ChartLink();
  readonly decided = new Asked<ImportanceData>();
  data: ExploreData | null = $state.raw(null);
  problem: ProblemDetails | null = $state.raw(null);
  fields: Field[] = $state.raw([]);
  active = $state(0);
  lit: string | null = $state(null);
  isAtTop = true;
  /** What is being brushed and is not in the address yet. */
  #draft: Brushes | null = $state.raw(null);
  #widths: ReadonlyMap<string, number> = $state.raw(new Map());
  #rev = $state(0);
  #news_ms = 0;
  #decidedRev = $state(0);
  #decided_ms = 0;
  /** Axes that are here for a brush only. */
  #extras: string[] = $state.raw([]);
  #asked = "";
  readonly #latest = new Latest();
  readonly #projections = new WeakMap<AxisData, Map<string, Projection>>();

  #written: Brushes | null = $derived(readBrushes(this.view.current.brush));
  brushes: Brushes = $derived(this.#draft ?? this.#written ?? NO_BRUSHES);
  brushText: string = $derived(
    this.#draft ? this.#write(this.#draft) : this.#written ? this.view.current.brush : "",
  );
  /** The filter without the brush; a brush that is no brush is a filter. */
  base: string = $derived.by(() =>
    joinQuery(joinQuery(this.view.current.q, this.scope(this.view.current)), this.#written === null ? this.view.current.brush : ""),
  );
  /** The filter with the brush: what the table shows and links carry. */
  query: string = $derived(joinQuery(this.base, this.brushText));

  objective: { name: string; direction: "min" | "max" | null } | null = $derived.by(() => {
    const answered = this.data?.objective ?? null;
    return answered && { ...answered, direction: this.#judged().direction ?? answered.direction };
  });
  choices: AxisChoice[] = $derived(
    this.view.current.axes ?? (this.data?.axes ?? []).filter((axis) => this.#isDefault(axis)).map(({ name }) => ({ name, scale: null, isFlipped: false })),
  );
  axes: ShownAxis[] = $derived.by(() => {
    const known = new Map((this.data?.axes ?? []).map((axis) => [axis.name, axis]));
    return this.choices.flatMap((choice) => {
      const data = known.get(choice.name);
      return data ? [{ data, projection: this.#project(data, choice) }] : [];
    });
  });
  projections: Projection[] = $derived(this.axes.map((axis) => axis.projection));
  judge: AxisData | null = $derived(this.data?.axes.find((axis) => axis.name === this.objective?.name) ?? null);
  runs: number = $derived(this.data?.matched ?? 0);
  shades: Uint8Array = $derived(shadesOf(this.judge, this.objective?.direction ?? null, SHADES, this.runs));
  selected: Uint8Array | null = $derived(selectRuns(this.data?.axes ?? [], this.brushes));
  selectedCount: number = $derived(this.selected ? this.selected.reduce((sum, is) => sum + is, 0) : this.runs);
  /** Places of the brushed runs, the best first. */
  best: number[] = $derived(bestFirst(this.judge, this.objective?.direction ?? null, this.selected));
  #places: ReadonlyMap<string, number> = $derived(new Map((this.data?.ids ?? []).map((id, run) => [id, run])));
  litRun: number | null = $derived(this.lit === null ? null : (this.#places.get(this.lit) ?? null));

  columns: GridColumn[] = $derived.by(() => {
    const names = this.#columnNames();
    const choice = names.map((name) => ({ name, pinned: false, width: this.#widths.get(name) ?? null }));
    return layoutColumns(choice, this.table.columns, null, this.table.row(0));
  });
  drawn: { id: string; name: string }[] = $derived.by(() => this.selection.ids.map((id) => ({ id, name: id })));

  constructor(project: string, scope: (view: ExploreView) => string = () => "", preset: ObjectiveData | null = null) {
    this.project = project;
    this.scope = scope;
    this.preset = preset;
    this.table = new RunsTable(project);
    this.selection = new Selection(this.view);
  }

  /** Follow the address and the lab; call inside a component. */
  attach(): void {
    $effect(() => this.#ask());
    $effect(() => {
      const sort = this.view.current.sort || this.#usualSort();
      const columns = this.#columnNames().filter((name) => !isRunField(name));
      if (this.data) this.table.ask({ q: this.query, sort, columns }, this.view.isTyping);
    });
    $effect(() => {
      const { objective, direction } = this.#judged();
      if (this.data?.objective) this.decided.ask(this.#url("importance", { objective, direction }), this.#decidedRev);
    });
    $effect(() => void this.selection.resolve(this.view.current.selection_id));
    $effect(() =>
      this.link.subscribe((change) => {
        if (change === "hover") this.lit = this.link.hover.run;
      }),
    );
    $effect(() => live.subscribe((hint) => this.#hear(hint)));
    $effect(() => () => {
      this.view.dispose();
      this.selection.dispose();
    });
    $effect(() => {
      if (this.data) untrack(() => void this.#learn());
    });
  }

  /** Brush an axis: while a pointer is down only here, then in the address, too. */
  brush(name: string, parts: readonly BrushPart[], isDone: boolean): void {
    const next = new Map(this.brushes);
    if (parts.length === 0) next.delete(name);
    else next.set(name, parts);
    this.#draft = next;
    if (!isDone) return;
    const brush = this.#write(next);
    this.#draft = null;
    this.view.change({ brush, q: this.#heldFilter() });
  }

  clear(): void {
    this.#draft = null;
    this.view.change({ brush: "", q: this.#heldFilter() });
  }

  /** Make the brush a filter: only these runs, or all others. */
  keep(isKept: boolean): void {
    const text = this.brushText;
    if (text === "") return;
    this.view.change({ q: joinQuery(this.#heldFilter(), isKept ? text : `not (${text})`), brush: "" });
  }

  /** Brush the best so many percent by the objective. */
  keepBest(percent: number, isDone: boolean): void {
    const axis = this.judge;
    if (!axis || !this.objective) return;
    const ranked = bestFirst(axis, this.objective.direction, null);
    const last = ranked[Math.max(0, Math.ceil((percent / 100) * ranked.length) - 1)];
    if (last === undefined) return;
    const value = axis.numbers?.[last] ?? 0;
    const isMin = this.objective.direction === "min";
    const part: BrushPart = isMin ? { kind: "range", low: -Infinity, high: value } : { kind: "range", low: value, high: Infinity };
    this.brush(axis.name, percent >= 100 ? [] : [part], isDone);
  }

  /** How many percent of the runs the brush of the objective holds, 100 without one. */
  bestPercent: number = $derived.by(() => {
    const parts = this.judge && this.brushes.get(this.judge.name);
    const [part] = parts ?? [];
    if (!this.judge || parts?.length !== 1 || part?.kind !== "range") return 100;
    if (Number.isFinite(part.low) && Number.isFinite(part.high)) return 100;
    const held = selectRuns([this.judge], new Map([[this.judge.name, parts]]));
    const all = bestFirst(this.judge, null, null).length;
    return all === 0 || !held ? 100 : (bestFirst(this.judge, null, held).length / all) * 100;
  });

  setAxes(axes: AxisChoice[], options: { replace?: boolean } = {}): void {
    this.view.change({ axes }, options);
  }

  changeAxis(name: string, patch: Partial<AxisChoice>): void {
    this.setAxes(this.choices.map((one) => (one.name === name ? { ...one, ...patch } : one)));
  }

  toggleAxis(name: string): void {
    const isThere = this.choices.some((one) => one.name === name);
    this.setAxes(isThere ? this.choices.filter((one) => one.name !== name) : [{ name, scale: null, isFlipped: false }, ...this.choices]);
  }

  /** Put an axis at a place among the others. */
  placeAxis(name: string, at: number): void {
    const moved = this.choices.find((one) => one.name === name);
    if (!moved) return;
    const rest = this.choices.filter((one) => one !== moved);
    this.setAxes([...rest.slice(0, at), moved, ...rest.slice(at)]);
  }

  /** Order the axes: the most important first, the objective last. */
  orderByImportance(): void {
    const order = this.decided.data?.params.map((one) => one.name) ?? [];
    const rank = (name: string): number => {
      if (name === this.objective?.name) return order.length + 1;
      const at = order.indexOf(name);
      return at < 0 ? order.length : at;
    };
    this.setAxes([...this.choices].sort((a, b) => rank(a.name) - rank(b.name)));
  }

  sortBy(column: GridColumn): void {
    this.view.change({ sort: nextSort(this.view.current.sort, column.name, column.isNumber) });
  }

  resize(name: string, width: number): void {
    this.#widths = new Map(this.#widths).set(name, width);
  }

  moveColumn(name: string, before: string): void {
    const at = this.choices.findIndex((one) => one.name === before);
    if (at >= 0) this.placeAxis(name, at);
  }

  scalesOf = (axis: AxisData) => scalesOf(axis);

  #judged(): { objective: string | null; direction: "min" | "max" | null } {
    const { objective, direction } = this.view.current;
    if (objective !== null || !this.preset) return { objective, direction };
    return { objective: this.preset.name, direction: direction ?? this.preset.direction };
  }

  /** The filter in the address; a brush that is none of ours has become a part of it. */
  #heldFilter(): string {
    const { q, brush } = this.view.current;
    return this.#written === null ? joinQuery(q, brush) : q;
  }

  #write(brushes: Brushes): string {
    return writeBrushes(brushes, (name) => this.data?.axes.find((axis) => axis.name === name)?.type === "time");
  }

  /** Without a choice an axis is shown unless it is here only for a brush. */
  #isDefault(axis: AxisData): boolean {
    return !this.#extras.includes(axis.name);
  }

  #columnNames(): string[] {
    const names = this.choices.map((one) => one.name);
    const objective = this.objective?.name;
    const ordered = objective ? [objective, ...names.filter((name) => name !== objective)] : names;
    return ordered.includes("state") ? ordered : [...ordered, "state"];
  }

  #usualSort(): string {
    if (!this.objective) return "";
    return `${this.objective.name} ${this.objective.direction === "min" ? "asc" : "desc"}`;
  }

  #project(data: AxisData, { scale, isFlipped }: AxisChoice): Projection {
    const kinds = this.#projections.get(data) ?? new Map<string, Projection>();
    this.#projections.set(data, kinds);
    const chosen = scale !== null && scalesOf(data).includes(scale) ? scale : defaultScale(data);
    const key = `${chosen} ${isFlipped}`;
    let found = kinds.get(key);
    if (!found) kinds.set(key, (found = projectAxis(data, chosen, isFlipped)));
    return found;
  }

  #url(path: string, asked: Record<string, string | null>): string {
    return apiUrl(`projects/${segment(this.project)}/${path}`, { q: this.base, ...asked });
  }

  #ask(): void {
    const { axes } = this.view.current;
    const { objective } = this.#judged();
    const brushed = [...(this.#written ?? NO_BRUSHES).keys()];
    const wanted = axes && [...new Set([...axes.map((one) => one.name), ...brushed])];
    const where = this.#url("explore", { objective });
    const rev = this.#rev;
    const have = new Set(untrack(() => this.data?.axes ?? []).map((axis) => axis.name));
    // Only what is not here is asked for: dropping or moving an axis costs nothing.
    const key = `${rev} ${where}`;
    if (key === this.#asked && (wanted ?? brushed).every((name) => have.has(name))) return;
    this.#asked = key;
    const url = this.#url("explore", { objective, axes: wanted?.map(quoteColumn).join(",") ?? null });
    this.#latest.run(() => this.#load(url, wanted === null ? brushed : []));
  }

  async #load(url: string, brushed: string[]): Promise<void> {
    try {
      let data = decodeExplore(await getBytes(url));
      const have = new Set(data.axes.map((axis) => axis.name));
      const missing = brushed.filter((name) => !have.has(name));
      if (missing.length > 0) {
        const names = [...have, ...missing].map(quoteColumn).join(",");
        data = decodeExplore(await getBytes(`${url}${url.includes("?") ? "&" : "?"}axes=${encodeURIComponent(names)}`));
      }
      this.#extras = missing;
      this.data = data;
      this.problem = null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.problem = error.problem;
    }
  }

  #hear(hint: ChangeHint): void {
    this.table.hear(hint, this.isAtTop);
    const isOurs = hint.runs.length === 0 || hint.more || hint.runs.some((run) => run.project === this.project);
    if (!isOurs || this.#news_ms > 0) return;
    this.#news_ms = window.setTimeout(() => {
      this.#news_ms = 0;
      this.#rev = hint.rev;
      // What takes the server long is asked for the less often.
      const rest_ms = DECIDED_REST * (this.decided.data?.took_ms ?? 0);
      if (performance.now() - this.#decided_ms < rest_ms) return;
      this.#decided_ms = performance.now();
      this.#decidedRev = hint.rev;
    }, NEWS_MS_MIN);
  }

  async #learn(): Promise<void> {
    if (this.fields.length > 0) return;
    const answer = await getJson<{ fields: Field[] }>(apiUrl(`projects/${segment(this.project)}/fields`));
    this.fields = answer.fields;
  }
}

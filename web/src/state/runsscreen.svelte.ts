import { untrack } from "svelte";
import { apiUrl, getJson, segment } from "../api/client";
import type { ChangeHint, Field, HomeData } from "../api/types";
import { ChartLink } from "../charts/link";
import { assignSlots } from "../data/palette";
import { layoutColumns, isRunField, nextSort, type GridColumn } from "./columns";
import { groupId, GroupsTable } from "./groups.svelte";
import { live } from "./live.svelte";
import { Panels } from "./panels.svelte";
import { typedGroup, ViewState } from "./runsview.svelte";
import { Selection } from "./selection.svelte";
import { RunsTable } from "./table.svelte";
import { readView, writeView } from "./view";

const SPLIT_KEY = "peira.split";
const SPLIT_DEFAULT = 46;

/** Everything the Runs screen shows of one project, and how its parts follow the address. */
export class RunsScreen {
  readonly project: string;
  readonly view = new ViewState(readView, writeView);
  readonly table: RunsTable;
  readonly groups: GroupsTable;
  readonly selection: Selection;
  readonly panels: Panels;
  readonly link = new ChartLink();
  fields: Field[] = $state.raw([]);
  goal: string | null = $state(null);
  active = $state(0);
  /** Run lit by the pointer, in the table or in a chart. */
  lit: string | null = $state(null);
  isAtTop = true;
  split = $state(Number(localStorage.getItem(SPLIT_KEY)) || SPLIT_DEFAULT);
  /** Widths while a column border is dragged; the address gets the last one. */
  #dragged: { name: string; width: number } | null = $state.raw(null);

  group: string = $derived.by(() => typedGroup(this.view.current.q) ?? this.view.current.group);
  /** Curves are groups: nothing single is chosen. */
  isGrouped: boolean = $derived.by(
    () => this.group !== "" && this.selection.ids.length === 0,
  );
  /** Colour slots of groups, in the order of the table. */
  groupSlots: Map<string, number> = $derived.by(() =>
    assignSlots(this.groups.rows.map(groupId)),
  );
  columns: GridColumn[] = $derived.by(() => {
    const answered = this.group ? this.groups.columns : this.table.columns;
    const sample = this.table.row(0);
    const all = layoutColumns(this.view.current.columns, answered, this.goal, sample);
    const dragged = this.#dragged;
    if (!dragged) return all;
    return all.map((one) => (one.name === dragged.name ? { ...one, width: dragged.width } : one));
  });

  /** The curves to draw: what was chosen, else the first rows of the table. */
  drawn: { id: string; name: string }[] = $derived.by(() => {
    const chosen = this.selection.ids;
    if (chosen.length > 0)
      return chosen.map((id) => ({ id, name: this.table.find(id)?.name ?? id }));
    return this.table.head(this.view.current.curves).map(({ id, name }) => ({ id, name }));
  });

  constructor(project: string) {
    this.project = project;
    this.table = new RunsTable(project);
    this.groups = new GroupsTable(project);
    this.selection = new Selection(this.view);
    this.panels = new Panels(this);
  }

  /** Follow the address and the lab; call inside a component. */
  attach(): void {
    $effect(() => {
      const { q, sort, columns } = this.view.current;
      const names = columns?.map((one) => one.name).filter((name) => !isRunField(name)) ?? null;
      this.table.ask({ q, sort, columns: names }, this.view.isTyping);
    });
    $effect(() => {
      const { q, columns } = this.view.current;
      const by = this.group;
      if (!by) return;
      const names = columns?.map((one) => one.name).filter((name) => !isRunField(name)) ?? null;
      this.groups.ask({ q, by: typedGroup(q) ? "" : by, sort: this.view.current.sort, columns: names });
    });
    $effect(() => void this.selection.resolve(this.view.current.selection_id));
    $effect(() => {
      if (this.selection.ids.length === 0) this.table.ensure(0, this.view.current.curves - 1);
    });
    $effect(() => this.panels.follow());
    $effect(() => this.link.setZoom(this.view.current.zoom));
    $effect(() =>
      this.link.subscribe((change) => {
        if (change === "hover") this.lit = this.link.hover.run;
      }),
    );
    $effect(() => live.subscribe((hint) => this.#hear(hint)));
    $effect(() => () => {
      this.panels.dispose();
      this.selection.dispose();
      this.view.dispose();
    });
    // What the first picture does not need waits until it stands.
    $effect(() => {
      if (this.table.status === "ready") untrack(() => this.#learn());
    });
  }

  setSplit(percent: number): void {
    this.split = percent;
    localStorage.setItem(SPLIT_KEY, String(Math.round(percent)));
  }

  sortBy(column: GridColumn): void {
    const sort = nextSort(this.view.current.sort, column.name, column.isNumber);
    this.view.change({ sort });
  }

  resize(name: string, width: number, isDone: boolean): void {
    this.#dragged = { name, width };
    if (!isDone) return;
    this.#chooseColumns(
      this.columns.map((one) => (one.name === name ? { ...one, width } : one)),
      (one) => (one.name === name ? width : this.#writtenWidth(one.name)),
    );
    this.#dragged = null;
  }

  /** Put a column where another one is. */
  moveColumn(name: string, before: string): void {
    const all = this.columns;
    const moved = all.find((one) => one.name === name);
    if (!moved || name === before) return;
    const rest = all.filter((one) => one.name !== name);
    const forward = all.indexOf(moved) < all.findIndex((one) => one.name === before);
    const at = rest.findIndex((one) => one.name === before) + (forward ? 1 : 0);
    this.#chooseColumns([...rest.slice(0, at), moved, ...rest.slice(at)]);
  }

  toggleColumn(name: string): void {
    const all = this.columns;
    if (all.some((one) => one.name === name)) {
      this.#chooseColumns(all.filter((one) => one.name !== name));
      return;
    }
    const kept = all.map((one) => this.#choice(one));
    this.view.change({ columns: [...kept, { name, pinned: false, width: null }] });
  }

  pinColumn(name: string): void {
    this.#chooseColumns(
      this.columns.map((one) => (one.name === name ? { ...one, isPinned: !one.isPinned } : one)),
    );
  }

  #choice(column: GridColumn) {
    return { name: column.name, pinned: column.isPinned, width: this.#writtenWidth(column.name) };
  }

  #writtenWidth(name: string): number | null {
    return this.view.current.columns?.find((one) => one.name === name)?.width ?? null;
  }

  #chooseColumns(
    columns: GridColumn[],
    widthOf: (column: GridColumn) => number | null = (one) => this.#writtenWidth(one.name),
  ): void {
    this.view.change({
      columns: columns.map((one) => ({ ...this.#choice(one), width: widthOf(one) })),
    });
  }

  #hear(hint: ChangeHint): void {
    this.table.hear(hint, this.isAtTop && this.view.current.sort === "");
    if (this.group) this.groups.hear(hint);
    this.panels.hear(hint);
  }

  async #learn(): Promise<void> {
    if (this.fields.length > 0) return;
    const project = segment(this.project);
    const fields = await getJson<{ fields: Field[] }>(apiUrl(`projects/${project}/fields`));
    this.fields = fields.fields;
    const home = await getJson<HomeData>(apiUrl("home"));
    this.goal = home.projects.find((row) => row.name === this.project)?.goal?.metric ?? null;
  }
}

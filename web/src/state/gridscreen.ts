import type { ChartLink } from "../charts/link";
import type { GridColumn } from "./columns";
import type { Selection } from "./selection.svelte";
import type { RunsTable } from "./table.svelte";
import type { RunsView } from "./view";

/** The part of an address that a table of runs reads and writes. */
export interface GridView {
  readonly current: RunsView;
  change(patch: Partial<RunsView>, options?: { replace?: boolean }): void;
}

/** A screen with a table of runs: what the table asks of it. */
export interface GridScreen {
  readonly project: string;
  readonly view: GridView;
  readonly table: RunsTable;
  readonly selection: Selection;
  readonly link: ChartLink;
  readonly columns: GridColumn[];
  /** Runs that have a colour. */
  readonly drawn: { id: string; name: string }[];
  /** The run lit by the pointer, in the table or in a picture. */
  lit: string | null;
  active: number;
  isAtTop: boolean;
  sortBy(column: GridColumn): void;
  resize(name: string, width: number, isDone: boolean): void;
  /** Put a column where another one is. */
  moveColumn(name: string, before: string): void;
}

import { apiUrl, segment } from "../api/client";
import type { DatasetData, DatasetsData, DataSamplesData, VersionData } from "../api/types";
import { Asked } from "./asked.svelte";
import { readVersion, writeVersion, type VersionView } from "./versionview";
import { page } from "./page.svelte";
import { dataPath, router } from "./router.svelte";

export const PAGE_ROWS = 96;

/** All data sets of the lab. */
export class DataScreen {
  readonly sets = new Asked<DatasetsData>();

  attach(): void {
    this.sets.ask(apiUrl("datasets"));
    page.title("Data");
  }
}

/** One version of a data set, and which of its rows are looked at. */
export class VersionScreen {
  readonly name: string;
  readonly number: number;
  readonly opened = new Asked<VersionData>();
  readonly others = new Asked<DatasetData>();
  readonly samples = new Asked<DataSamplesData>();
  view: VersionView = $derived(readVersion(router.search));
  data: VersionData | null = $derived(this.opened.data);
  /** A plain folder has no rows. */
  hasRows: boolean = $derived((this.data?.rows ?? 0) > 0 && this.data?.type !== "folder");

  constructor(name: string, number: number) {
    this.name = name;
    this.number = number;
  }

  /** Follow the address; call inside a component. */
  attach(): void {
    page.title(`${this.name}:v${this.number}`);
    this.opened.ask(this.#url(""));
    this.others.ask(apiUrl(`datasets/${segment(this.name)}`));
    $effect(() => {
      const { part, label, page: at } = this.view;
      if (!this.hasRows) return;
      this.samples.ask(this.#url("/samples", { part, label, offset: at * PAGE_ROWS, limit: PAGE_ROWS }));
    });
  }

  change(patch: Partial<VersionView>): void {
    router.go(dataPath(this.name, this.number, writeVersion({ ...this.view, page: 0, ...patch })));
  }

  picture(row: string): string {
    return this.#url(`/picture/${segment(row)}`);
  }

  #url(rest: string, asked: Record<string, string | number | null> = {}): string {
    return apiUrl(`datasets/${segment(this.name)}/${this.number}${rest}`, asked);
  }
}

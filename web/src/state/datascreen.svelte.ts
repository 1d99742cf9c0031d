import { apiUrl, segment } from "../api/client";
import type { DataDiffData, DatasetData, DatasetsData, DataSamplesData, VersionData } from "../api/types";
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
  readonly sets = new Asked<DatasetsData>();
  readonly compared = new Asked<DataDiffData>();
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
    this.sets.ask(apiUrl("datasets"));
    $effect(() => {
      const { other } = this.view;
      if (other !== null) this.compared.ask(this.#url("/diff", { other }));
    });
    $effect(() => {
      const { part, label, page: at } = this.view;
      if (!this.hasRows) return;
      this.samples.ask(this.#url("/samples", { part, label, offset: at * PAGE_ROWS, limit: PAGE_ROWS }));
    });
  }

  /** Versions that this one can be compared with: of this data set, relatives, others by their latest. */
  get comparable(): string[] {
    const { data } = this;
    const own = (this.others.data?.versions ?? []).map((row) => `${row.name}:v${row.number}`);
    const near = [data?.parent?.match(/^[^:]*:v\d+/)?.[0], ...(data?.children ?? []).map((row) => `${row.name}:v${row.number}`)];
    const all = (this.sets.data?.datasets ?? []).map(({ latest }) => `${latest.name}:v${latest.number}`);
    const found = new Set([...own, ...near, ...all, this.view.other].filter((ref) => typeof ref === "string"));
    found.delete(`${this.name}:v${this.number}`);
    return [...found];
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

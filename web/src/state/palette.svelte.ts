import { apiUrl, getJson } from "../api/client";
import type { HomeData } from "../api/types";
import type { PickItem } from "../ui/PickList.svelte";
import { findRuns } from "./findruns";
import { keys } from "./keys.svelte";
import { lab } from "./lab.svelte";
import { projectPath, router, runPath } from "./router.svelte";

export interface PaletteItem extends PickItem {
  run: () => void;
}

const RUNS_MAX = 8;
const ITEMS_MAX = 40;

/** Whether the letters of `text` appear in `title` in order; lower is better, null is no. */
export function fuzzyRank(title: string, text: string): number | null {
  const where = title.toLowerCase();
  const what = text.toLowerCase().trim();
  const whole = where.indexOf(what);
  if (whole >= 0) return whole;
  let at = -1;
  let gaps = 0;
  for (const letter of what) {
    const next = where.indexOf(letter, at + 1);
    if (next < 0) return null;
    gaps += next - at - 1;
    at = next;
  }
  return 1_000 + gaps;
}

/** What the palette finds: runs of this project (asked of the server), projects, commands. */
export class PaletteSearch {
  text = $state("");
  active = $state(0);
  #project: string | null = null;
  #runs: PaletteItem[] = $state.raw([]);
  #asked = 0;

  items: PaletteItem[] = $derived.by(() => {
    const own: PaletteItem[] = [
      ...lab.projects.map((name) => ({
        id: `project ${name}`,
        title: name,
        detail: "project",
        icon: "chart" as const,
        run: () => router.go(projectPath(name)),
      })),
      ...keys.commands
        .filter((command) => command.id !== "palette")
        .map((command) => ({
          id: `command ${command.id}`,
          title: command.title,
          detail: command.keys ? "" : "command",
          icon: "chevronRight" as const,
          keys: command.keys,
          run: command.run,
        })),
    ];
    if (!this.text.trim()) return own.slice(0, ITEMS_MAX);
    const ranked = own
      .map((item) => ({ item, rank: fuzzyRank(item.title, this.text) }))
      .filter((found) => found.rank !== null)
      .sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0));
    return [...this.#runs, ...ranked.map((found) => found.item)].slice(0, ITEMS_MAX);
  });

  open(project: string | null): void {
    this.text = "";
    this.active = 0;
    this.#project = project;
    this.#runs = [];
    if (lab.projects.length > 0) return;
    getJson<HomeData>(apiUrl("home")).then(
      (home) => (lab.projects = home.projects.map((row) => row.name)),
      () => undefined, // the list stays without projects; the top bar tells of a lost server
    );
  }

  type(text: string): void {
    this.text = text;
    this.active = 0;
    void this.#findRuns(text.trim());
  }

  move(by: number): void {
    const count = this.items.length;
    if (count > 0) this.active = (this.active + by + count) % count;
  }

  async #findRuns(text: string): Promise<void> {
    const project = this.#project;
    const asked = ++this.#asked;
    if (!project || text === "") {
      this.#runs = [];
      return;
    }
    try {
      const found = await findRuns(project, text, RUNS_MAX);
      if (asked !== this.#asked) return;
      this.#runs = found.map((row) => ({
        id: `run ${row.id}`,
        title: row.name,
        detail: `run · ${row.state}`,
        icon: row.state,
        run: () => router.go(runPath(project, row.id)),
      }));
    } catch {
      // A half-typed text the server cannot search for finds no run; commands still match.
      if (asked === this.#asked) this.#runs = [];
    }
  }
}

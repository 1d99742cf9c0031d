import { SvelteMap } from "svelte/reactivity";
import { ApiError, apiUrl, getJson, segment, write } from "../api/client";
import { assignSlots } from "../data/palette";
import { toast } from "../ui/toast.svelte";
import type { GridView } from "./gridscreen";

/** Longer lists live on the server under a short id, so that an address stays an address. */
const IN_ADDRESS_MAX = 30;
const COLORED_UNASKED_MAX = 8;

/** The chosen runs, and the colour slot of each run that is drawn. */
export class Selection {
  readonly #view: GridView;
  /** Lists behind `sel=@id`, as far as they were fetched. They never change. */
  readonly #kept = new SvelteMap<string, string[]>();
  /** A choice the server is about to name. */
  #pending: string[] | null = $state.raw(null);
  #anchor: number | null = null;
  #slots: Map<string, number> = new Map();

  ids: string[] = $derived.by(() => {
    if (this.#pending) return this.#pending;
    const { selection, selection_id } = this.#view.current;
    return selection_id ? (this.#kept.get(selection_id) ?? []) : selection;
  });
  chosen: ReadonlySet<string> = $derived(new Set(this.ids));

  constructor(view: GridView) {
    this.#view = view;
  }

  /** Fetch the list behind the address, where it is one. */
  async resolve(id: string | null): Promise<void> {
    if (!id || this.#kept.has(id)) return;
    try {
      const kept = await getJson<{ runs: string[] }>(apiUrl(`selections/${segment(id)}`));
      this.#kept.set(id, kept.runs);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      toast.say("The selection in this address is not in this lab");
    }
  }

  toggle(id: string, index: number): void {
    this.#anchor = index;
    this.#set(this.chosen.has(id) ? this.ids.filter((one) => one !== id) : [...this.ids, id]);
  }

  /** Only this run; when it already is the only one, none. */
  solo(id: string, index: number): void {
    this.#anchor = index;
    const isAlone = this.ids.length === 1 && this.ids[0] === id;
    this.#set(isAlone ? [] : [id]);
  }

  /** From the row chosen last to this one. */
  extend(index: number, idAt: (index: number) => string | undefined): void {
    const from = this.#anchor ?? index;
    const added: string[] = [];
    for (let i = Math.min(from, index); i <= Math.max(from, index); i++) {
      const id = idAt(i);
      if (id && !this.chosen.has(id)) added.push(id);
    }
    this.#set([...this.ids, ...added]);
  }

  setAll(ids: string[]): void {
    this.#set(ids);
  }

  dispose(): void {
    this.#pending = null;
  }

  clear(): void {
    this.#anchor = null;
    this.#set([]);
  }

  /**
   * Slots for what is drawn: who had one keeps it, so that no curve changes colour. While nothing
   * is chosen only the first rows have colours: more of them would say nothing.
   */
  slotsFor(drawn: readonly string[]): Map<string, number> {
    const colored = this.ids.length > 0 ? drawn : drawn.slice(0, COLORED_UNASKED_MAX);
    this.#slots = assignSlots(colored, this.#slots);
    return this.#slots;
  }

  #set(ids: string[]): void {
    if (ids.length <= IN_ADDRESS_MAX) {
      this.#pending = null;
      this.#view.change({ selection: ids, selection_id: null });
      return;
    }
    this.#pending = ids;
    write<{ id: string }>("POST", apiUrl("selections"), { runs: ids }).then(
      (kept) => {
        if (this.#pending !== ids) return;
        this.#kept.set(kept.id, ids);
        this.#pending = null;
        this.#view.change({ selection: [], selection_id: kept.id });
      },
      () => toast.say("This selection could not be kept in the address"),
    );
  }
}

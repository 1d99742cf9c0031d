import { router } from "./router.svelte";
import type { RunsView } from "./view";

const TYPING_MS = 600;

/** A screen's view: the address, plus what is being typed and is not in it yet. */
export class ViewState<V extends RunsView = RunsView> {
  readonly #read: (search: string) => V;
  readonly #write: (view: V) => string;
  #draft: string | null = $state(null);
  #timer = 0;
  #written: V = $derived.by(() => this.#read(router.search));
  /** The hands are still on the keys: what is there may be half a word. */
  isTyping: boolean = $derived(this.#draft !== null);
  current: V = $derived(
    this.#draft === null ? this.#written : { ...this.#written, q: this.#draft },
  );

  constructor(read: (search: string) => V, write: (view: V) => string) {
    this.#read = read;
    this.#write = write;
  }

  /** A discrete act is a step that Back undoes; `replace` is for drags. */
  change(patch: Partial<V>, options: { replace?: boolean } = {}): void {
    const next = { ...this.current, ...patch };
    clearTimeout(this.#timer);
    this.#draft = null;
    router.setSearch(this.#write(next), options);
  }

  /** Typing shows at once; the address follows when the hands rest. */
  type(q: string): void {
    this.#draft = q;
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.change({ q } as Partial<V>, { replace: true }), TYPING_MS);
  }

  open(url: string): void {
    this.#draft = null;
    router.setSearch(url);
  }

  dispose(): void {
    clearTimeout(this.#timer);
  }
}

/** Group-by words typed inside the query itself, if any. Quoted text is not looked into. */
export function typedGroup(q: string): string | null {
  const bare = q.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/g, (quoted) =>
    " ".repeat(quoted.length),
  );
  const match = /(?:^|\s)group\s+by\s+(.+?)(?:\s+sort\s+.*)?$/i.exec(bare);
  if (!match?.[1]) return null;
  const start = match.index + match[0].indexOf(match[1], match[0].search(/by\s/i) + 2);
  return q.slice(start, start + match[1].length).trim();
}

import { untrack } from "svelte";

/** A thing the reader can do: shown in the palette and the help, reachable by its key. */
export interface Command {
  id: string;
  title: string;
  section: string;
  /** `mod+k`, `g h` (one after the other), `/`, `1`. */
  keys?: string;
  run: () => void;
}

const SEQUENCE_MS = 900;
const isMac = typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.userAgent);

const WITHOUT_TEXT = new Set(["checkbox", "radio", "range", "button", "submit", "reset"]);

function isTyping(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  if (!element?.tagName) return false;
  if (element instanceof HTMLInputElement && WITHOUT_TEXT.has(element.type)) return false;
  return /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName) || element.isContentEditable;
}

/** Commands of the screens now shown. A screen registers its own and takes them back. */
class Keys {
  commands: Command[] = $state.raw([]);
  #prefix = "";
  #prefix_until_ms = 0;

  start(): void {
    window.addEventListener("keydown", (event) => this.#press(event));
  }

  /** Add commands; the returned function removes them. Later ones win over earlier ones. */
  register(commands: Command[]): () => void {
    // Screens register inside effects: those must not follow the list they add to.
    this.commands = [...untrack(() => this.commands), ...commands];
    return () => {
      this.commands = untrack(() => this.commands).filter((one) => !commands.includes(one));
    };
  }

  #press(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing) return;
    if (["Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
    const mod = isMac ? event.metaKey : event.ctrlKey;
    if (!mod && (isTyping(event.target) || event.metaKey || event.ctrlKey || event.altKey)) return;
    if (mod && event.key !== "k" && isTyping(event.target)) return;
    if (!mod && document.querySelector("dialog[open]")) return;
    const key = mod ? `mod+${event.key.toLowerCase()}` : event.key;
    const inSequence = performance.now() < this.#prefix_until_ms;
    const find = (spelled: string) =>
      this.commands.findLast((candidate) => candidate.keys === spelled);
    const command = (inSequence && find(`${this.#prefix} ${key}`)) || find(key);
    if (command) {
      event.preventDefault();
      this.#prefix_until_ms = 0;
      command.run();
      return;
    }
    this.#prefix = key;
    this.#prefix_until_ms = performance.now() + SEQUENCE_MS;
  }
}

export const keys = new Keys();

/** `mod+k` as the reader's keyboard says it. */
export function spellKeys(text: string): string[] {
  return text
    .split(" ")
    .map((part) => part.replace("mod+", isMac ? "⌘" : "Ctrl ").replace(/[a-z]$/, (c) =>
      part.startsWith("mod+") ? c.toUpperCase() : c,
    ));
}

export type Theme = "light" | "dark";
const KEY = "peira.theme";

/** The colours in use: the system's, unless the reader chose. */
class ThemeChoice {
  #system = $state<Theme>("light");
  #chosen = $state<Theme | null>(null);
  current: Theme = $derived(this.#chosen ?? this.#system);

  start(): void {
    const media = matchMedia("(prefers-color-scheme: dark)");
    const read = () => (this.#system = media.matches ? "dark" : "light");
    read();
    media.addEventListener("change", () => {
      read();
      this.#apply();
    });
    const stored = localStorage.getItem(KEY);
    if (stored === "light" || stored === "dark") this.#chosen = stored;
    this.#apply();
  }

  toggle(): void {
    const next: Theme = this.current === "dark" ? "light" : "dark";
    this.#chosen = next === this.#system ? null : next;
    if (this.#chosen) localStorage.setItem(KEY, this.#chosen);
    else localStorage.removeItem(KEY);
    this.#apply();
  }

  #apply(): void {
    document.documentElement.dataset["theme"] = this.current;
  }
}

export const theme = new ThemeChoice();

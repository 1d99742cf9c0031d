/** One short message at the bottom of the screen, spoken politely; the next replaces it. */
class Toast {
  text = $state("");
  #timer = 0;

  say(text: string): void {
    this.text = text;
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => (this.text = ""), 4_000);
  }
}

export const toast = new Toast();

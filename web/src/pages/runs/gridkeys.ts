/** What a key means on a table of rows. */
export type GridAct =
  | { kind: "move"; to: number }
  | { kind: "toggle" }
  | { kind: "extend"; to: number }
  | { kind: "open" }
  | { kind: "solo" }
  | { kind: "clear" };

const PAGE_ROWS = 20;

/** The act of a key pressed on row `active` of `count` rows; null leaves it to the browser. */
export function gridAct(event: KeyboardEvent, active: number, count: number): GridAct | null {
  if (event.metaKey || event.ctrlKey || event.altKey || count === 0) return null;
  const clamp = (row: number) => Math.max(0, Math.min(count - 1, row));
  const to = ((): number | null => {
    switch (event.key) {
      case "ArrowDown":
      case "j":
      case "J":
        return clamp(active + 1);
      case "ArrowUp":
      case "k":
      case "K":
        return clamp(active - 1);
      case "PageDown":
        return clamp(active + PAGE_ROWS);
      case "PageUp":
        return clamp(active - PAGE_ROWS);
      case "Home":
        return 0;
      case "End":
        return count - 1;
      default:
        return null;
    }
  })();
  if (to !== null) return event.shiftKey ? { kind: "extend", to } : { kind: "move", to };
  if (event.key === "x" || event.key === " ") return { kind: "toggle" };
  if (event.key === "Enter") return { kind: "open" };
  if (event.key === "o") return { kind: "solo" };
  if (event.key === "Escape") return { kind: "clear" };
  return null;
}

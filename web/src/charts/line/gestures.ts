// Pointer and keys of a plot, turned into the few things a chart can do.
//
//   move            cursor                 arrows left/right   cursor by 1 px, with shift by 10
//   drag            zoom x                 arrows up/down      next run up, down
//   alt + drag      zoom y                 Home, End           first, last point
//   double click    show all               + - 0               zoom in, out, show all
//   click           select the lit run     Enter, Esc          select the lit run, leave

export interface ChartActions {
  pointAt(x: number, y: number): void;
  leave(): void;
  dragTo(axis: "x" | "y", from: number, to: number): void;
  dragEnd(axis: "x" | "y", from: number, to: number): void;
  dragCancel(): void;
  showAll(): void;
  select(isToggle: boolean): void;
  moveCursor(pixels: number): void;
  cursorToEnd(isLast: boolean): void;
  changeRun(direction: 1 | -1): void;
  zoomAround(factor: number): void;
}

/** Below this length a press is a click. */
const DRAG_MIN_PX = 4;

export function listen(host: HTMLElement, actions: ChartActions): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  let press: { x: number; y: number; axis: "x" | "y"; isDrag: boolean } | null = null;

  const position = (event: PointerEvent): [number, number] => {
    const box = host.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  host.addEventListener(
    "pointerdown",
    (event) => {
      if (event.button !== 0) return;
      const [x, y] = position(event);
      press = { x, y, axis: event.altKey ? "y" : "x", isDrag: false };
      host.setPointerCapture(event.pointerId);
    },
    { signal },
  );
  host.addEventListener(
    "pointermove",
    (event) => {
      const [x, y] = position(event);
      if (press !== null && event.pointerType !== "touch") {
        const [from, to] = press.axis === "x" ? [press.x, x] : [press.y, y];
        press.isDrag ||= Math.abs(to - from) >= DRAG_MIN_PX;
        if (press.isDrag) actions.dragTo(press.axis, from, to);
      }
      actions.pointAt(x, y);
    },
    { signal },
  );
  host.addEventListener(
    "pointerup",
    (event) => {
      if (press === null) return;
      const [x, y] = position(event);
      const { axis, isDrag } = press;
      const [from, to] = axis === "x" ? [press.x, x] : [press.y, y];
      press = null;
      if (isDrag) actions.dragEnd(axis, from, to);
      else actions.select(event.ctrlKey || event.metaKey || event.shiftKey);
    },
    { signal },
  );
  host.addEventListener(
    "pointercancel",
    () => {
      press = null;
      actions.dragCancel();
    },
    { signal },
  );
  host.addEventListener("pointerleave", () => actions.leave(), { signal });
  host.addEventListener("dblclick", () => actions.showAll(), { signal });
  host.addEventListener(
    "keydown",
    (event) => {
      if (event.key === "Escape" && press !== null) {
        press = null;
        actions.dragCancel();
      } else if (!onKey(event, host, actions)) return;
      event.preventDefault();
      event.stopPropagation();
    },
    { signal },
  );
  host.addEventListener("blur", () => actions.leave(), { signal });
  return () => stop.abort();
}

/** Acts on a key of the chart; false when the key is not the chart's. */
function onKey(event: KeyboardEvent, host: HTMLElement, actions: ChartActions): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const pixels = event.shiftKey ? 10 : 1;
  switch (event.key) {
    case "ArrowLeft":
      actions.moveCursor(-pixels);
      return true;
    case "ArrowRight":
      actions.moveCursor(pixels);
      return true;
    case "ArrowUp":
      actions.changeRun(1);
      return true;
    case "ArrowDown":
      actions.changeRun(-1);
      return true;
    case "Home":
      actions.cursorToEnd(false);
      return true;
    case "End":
      actions.cursorToEnd(true);
      return true;
    case "+":
    case "=":
      actions.zoomAround(0.5);
      return true;
    case "-":
      actions.zoomAround(2);
      return true;
    case "0":
      actions.showAll();
      return true;
    case "Enter":
      actions.select(event.shiftKey);
      return true;
    case "Escape":
      actions.leave();
      host.blur();
      return true;
    default:
      return false;
  }
}

import type { Place } from "../../state/compareview";
import { writePlace } from "../../state/compareview";

/** Bring a place on the screen and give it the focus, so that Tab goes on from there. */
export function showPlace(place: Place): void {
  const spelled = writePlace({ ...place, line: null });
  const whole = document.querySelector<HTMLElement>(`[data-place="${CSS.escape(spelled)}"]`);
  const line = place.line === null ? null : whole?.querySelector<HTMLElement>(`[data-line="${place.line}"]`);
  const found = line ?? whole;
  found?.scrollIntoView({ block: line || !isTall(found) ? "center" : "start" });
  found?.focus({ preventScroll: true });
}

const isTall = (element: HTMLElement): boolean =>
  element.tagName === "H2" || element.clientHeight > innerHeight / 2;

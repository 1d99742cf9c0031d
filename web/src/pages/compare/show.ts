import { writePlace, type Place } from "../../state/compareview";

/**
 * Bring a place on the screen and give it the focus, so that Tab goes on from there. It is done once
 * more in the next frame: only then all heights above it are known.
 */
export async function showPlace(place: Place): Promise<void> {
  for (let i = 0; i < 2; i++) {
    await nextFrame();
    const found = find(place);
    found?.scrollIntoView({ block: isHeading(found) ? "start" : "center" });
    found?.focus({ preventScroll: true });
  }
}

const nextFrame = (): Promise<number> => new Promise(requestAnimationFrame);

function find(place: Place): HTMLElement | null {
  const spelled = writePlace({ ...place, line: null });
  const whole = document.querySelector<HTMLElement>(`[data-place="${CSS.escape(spelled)}"]`);
  if (place.line === null) return whole;
  return whole?.querySelector<HTMLElement>(`[data-line="${place.line}"]`) ?? whole;
}

/** A section, or a file with its lines below: its beginning is what is wanted. */
const isHeading = (element: HTMLElement): boolean =>
  element.tagName === "H2" || element.clientHeight > innerHeight / 2;

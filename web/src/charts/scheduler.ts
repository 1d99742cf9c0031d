// One animation frame for all charts. Many panels that change together are painted together;
// when their script time fills a slice, the rest waits for the next frame so that input is heard.

export interface Paintable {
  paint(): void;
}

/** Script time per frame after which painting pauses; two frames of a 60 Hz screen. */
const SLICE_MS = 32;

const waiting = new Set<Paintable>();
let frame = 0;

export function requestPaint(chart: Paintable): void {
  waiting.add(chart);
  if (frame === 0) frame = requestAnimationFrame(flush);
}

export function cancelPaint(chart: Paintable): void {
  waiting.delete(chart);
}

function flush(): void {
  frame = 0;
  const until = performance.now() + SLICE_MS;
  for (const chart of waiting) {
    waiting.delete(chart);
    chart.paint();
    if (performance.now() > until) break;
  }
  if (waiting.size > 0 && frame === 0) frame = requestAnimationFrame(flush);
}

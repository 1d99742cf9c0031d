// Grid, ticks and labels. Quiet: hairlines in the line colour, no frame, four or five ticks.

import { toPixel, type Scale } from "../data/scale";
import { ticksOf, type AxisKind, type Tick } from "../data/ticks";
import { crisp, type Box, type Pen } from "./pen";
import type { ChartTheme } from "./theme";

export const X_TICK_SPACING_PX = 58;
const Y_TICK_SPACING_PX = 32;
const TICK_COUNT_MAX = 6;
const LABEL_GAP_PX = 8;

export function xTicks(
  scale: Scale,
  kind: AxisKind,
  spacingMin = X_TICK_SPACING_PX,
): readonly Tick[] {
  const width = Math.abs(scale.end - scale.start);
  const spacing = kind === "time" ? spacingMin * 1.4 : spacingMin;
  const wanted = Math.floor(width / spacing);
  const count = Math.max(2, Math.min(width > 700 ? 9 : TICK_COUNT_MAX, wanted));
  return atLeastTwo(kind, scale, count);
}

/** One tick tells no distance: a finer step is taken where the round one meets the axis once. */
function atLeastTwo(kind: AxisKind, scale: Scale, count: number): readonly Tick[] {
  let ticks: readonly Tick[] = [];
  for (let more = 0; more < 3 && ticks.length < 2; more++) {
    ticks = ticksOf(kind, scale.kind, [scale.min, scale.max], count + more);
  }
  return ticks;
}

export function yTicks(scale: Scale): readonly Tick[] {
  const height = Math.abs(scale.end - scale.start);
  const count = Math.max(2, Math.min(TICK_COUNT_MAX, Math.floor(height / Y_TICK_SPACING_PX)));
  return atLeastTwo("number", scale, count);
}

/** Width of the widest label, in CSS pixels: the left margin of the plot. */
export function labelWidth(pen: Pen, ticks: readonly Tick[]): number {
  let width = 0;
  for (const tick of ticks) width = Math.max(width, pen.measure(tick.label));
  return Math.ceil(width);
}

export function drawYAxis(
  pen: Pen,
  theme: ChartTheme,
  plot: Box,
  scale: Scale,
  ticks: readonly Tick[],
): void {
  const hairline = 1 / pen.ratio;
  for (const tick of ticks) {
    const y = toPixel(scale, tick.value);
    const isZero = tick.value === 0 && scale.min < 0;
    const at = crisp(y, pen.ratio);
    pen.segment(plot.left, at, plot.left + plot.width, at, {
      color: isZero ? theme.lineStrong : theme.line,
      width: Math.max(hairline, isZero ? 1 : hairline),
    });
    pen.text(tick.label, plot.left - LABEL_GAP_PX, y, { color: theme.fg2, align: "right" });
  }
}

export function drawXAxis(
  pen: Pen,
  theme: ChartTheme,
  plot: Box,
  scale: Scale,
  ticks: readonly Tick[],
): void {
  const bottom = plot.top + plot.height;
  const width = Math.max(1 / pen.ratio, 0.5);
  const base = crisp(bottom, pen.ratio);
  pen.segment(plot.left, base, plot.left + plot.width, base, { color: theme.lineStrong, width });
  let textEnd = -Infinity;
  for (const tick of ticks) {
    const x = toPixel(scale, tick.value);
    const at = crisp(x, pen.ratio);
    pen.segment(at, bottom, at, bottom + 4, { color: theme.lineStrong, width });
    const half = pen.measure(tick.label) / 2;
    const middle = Math.min(x, plot.left + plot.width + 12 - half);
    if (middle - half < textEnd + 6) continue;
    pen.text(tick.label, middle, bottom + 13, { color: theme.fg2, align: "center" });
    textEnd = middle + half;
  }
}

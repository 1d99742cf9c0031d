// What lies over the lines: axes with their ticks, lanes, brushes, the run under the pointer.

import { labelsOf, LANE, type AxisData, type Projection } from "../../data/axes";
import { elide, formatCount } from "../../data/format";
import type { ChartTheme } from "../theme";
import { yOf, type ParallelLayout } from "./layout";
import { trace } from "./lines";

/** A brushed part of an axis: units from and to, or the lane. */
export type Span = readonly [from: number, to: number];

export interface FrontAxis {
  readonly projection: Projection;
  readonly data: AxisData;
  readonly spans: readonly Span[];
  /** Runs in the lane. */
  readonly laneCount: number;
  /** Where the keyboard stands on this axis. */
  readonly cursor: number | null;
}

const BRUSH_PX = 14;
const TICK_ROOM_PX = 42;
const LABEL_ROOM_PX = 13;
const CHARACTER_PX = 6.2;

export function paintFront(
  context: CanvasRenderingContext2D,
  layout: ParallelLayout,
  axes: readonly FrontAxis[],
  lit: { rows: readonly Float32Array[]; run: number } | null,
  theme: ChartTheme,
): void {
  if (lit !== null) paintRun(context, layout, lit, theme);
  context.font = `11px ${theme.font}`;
  context.textBaseline = "middle";
  context.lineJoin = "round";
  axes.forEach((axis, i) => {
    const x = Math.round(layout.xs[i] ?? 0) + 0.5;
    paintSpans(context, layout, axis, x, theme);
    context.strokeStyle = theme.fg2;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x, layout.top);
    context.lineTo(x, layout.bottom);
    context.stroke();
    context.strokeStyle = theme.lineStrong;
    context.strokeRect(x - 6, layout.laneTop, 12, layout.laneBottom - layout.laneTop);
    const isLast = i === axes.length - 1 && axes.length > 1;
    paintTicks(context, layout, axis, x, isLast, theme);
    context.textAlign = "center";
    const count = formatCount(axis.laneCount);
    write(context, i === 0 ? `missing ${count}` : count, x, layout.laneBottom + 8, theme.fg2, theme);
    if (axis.cursor !== null) paintCursor(context, x, yOf(layout, axis.cursor), theme);
  });
}

/** Text with a halo, so that it is read on top of lines. */
function write(context: CanvasRenderingContext2D, text: string, x: number, y: number, color: string, theme: ChartTheme): void {
  context.strokeStyle = theme.panel;
  context.lineWidth = 3;
  context.strokeText(text, x, y);
  context.fillStyle = color;
  context.fillText(text, x, y);
}

function paintTicks(context: CanvasRenderingContext2D, layout: ParallelLayout, axis: FrontAxis, x: number, isLast: boolean, theme: ChartTheme): void {
  context.textAlign = isLast ? "left" : "right";
  const side = isLast ? 1 : -1;
  const letters = Math.max(4, Math.floor((layout.spacing - 16) / CHARACTER_PX));
  const height = layout.bottom - layout.top;
  const room = axis.projection.scale === "category" || axis.projection.marks ? LABEL_ROOM_PX : TICK_ROOM_PX;
  for (const { unit, label } of labelsOf(axis.data, axis.projection, Math.max(2, Math.floor(height / room)))) {
    const y = yOf(layout, unit);
    context.strokeStyle = theme.fg2;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x + side * 4, y);
    context.stroke();
    write(context, elide(label, letters), x + side * 7, y, theme.fg2, theme);
  }
}

function paintSpans(context: CanvasRenderingContext2D, layout: ParallelLayout, axis: FrontAxis, x: number, theme: ChartTheme): void {
  for (const [from, to] of axis.spans) {
    const isLane = from === LANE;
    const top = isLane ? layout.laneTop : yOf(layout, Math.max(from, to));
    const bottom = isLane ? layout.laneBottom : yOf(layout, Math.min(from, to));
    const height = Math.max(3, bottom - top);
    context.globalAlpha = 0.28;
    context.fillStyle = theme.accent;
    context.fillRect(x - BRUSH_PX / 2, top, BRUSH_PX, height);
    context.globalAlpha = 1;
    context.strokeStyle = theme.accent;
    context.lineWidth = 1.5;
    context.strokeRect(x - BRUSH_PX / 2, top, BRUSH_PX, height);
  }
}

function paintCursor(context: CanvasRenderingContext2D, x: number, y: number, theme: ChartTheme): void {
  context.fillStyle = theme.accent;
  context.beginPath();
  context.moveTo(x - 14, y - 5);
  context.lineTo(x - 5, y);
  context.lineTo(x - 14, y + 5);
  context.fill();
}

function paintRun(context: CanvasRenderingContext2D, layout: ParallelLayout, { rows, run }: { rows: readonly Float32Array[]; run: number }, theme: ChartTheme): void {
  const path = new Path2D();
  trace(path, rows, layout.xs, run);
  context.strokeStyle = theme.panel;
  context.lineWidth = 5;
  context.stroke(path);
  context.strokeStyle = theme.bad;
  context.lineWidth = 2;
  context.stroke(path);
}

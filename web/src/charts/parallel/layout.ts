// Where the axes stand, and what a place between them means.

import { LANE } from "../../data/axes";

export interface ParallelLayout {
  readonly width: number;
  readonly height: number;
  /** Pixels of the axes from the left, evenly spaced. */
  readonly xs: readonly number[];
  readonly spacing: number;
  /** Units 1 and 0. */
  readonly top: number;
  readonly bottom: number;
  /** The lane of runs that have no place on an axis, below it. */
  readonly laneTop: number;
  readonly laneBottom: number;
}

const TOP_PX = 12;
const LANE_GAP_PX = 12;
const LANE_PX = 16;
const BOTTOM_PX = 16;
const SIDE_PX = 56;

export function layoutOf(count: number, width: number, height: number): ParallelLayout {
  const side = Math.min(SIDE_PX, width / 8);
  const spacing = count > 1 ? (width - 2 * side) / (count - 1) : width - 2 * side;
  const xs = Array.from({ length: count }, (_, i) => (count > 1 ? side + i * spacing : width / 2));
  const laneBottom = height - BOTTOM_PX;
  const laneTop = laneBottom - LANE_PX;
  return { width, height, xs, spacing, top: TOP_PX, bottom: Math.max(TOP_PX + 20, laneTop - LANE_GAP_PX), laneTop, laneBottom };
}

export function yOf(layout: ParallelLayout, unit: number): number {
  if (unit === LANE) return (layout.laneTop + layout.laneBottom) / 2;
  return layout.bottom - unit * (layout.bottom - layout.top);
}

/** The unit at a height, held between the ends of the axis; `LANE` in the lane. */
export function unitOf(layout: ParallelLayout, y: number): number {
  if (y > (layout.bottom + layout.laneTop) / 2) return LANE;
  return Math.max(0, Math.min(1, (layout.bottom - y) / (layout.bottom - layout.top)));
}

/** The axis that a pointer at `x` means, or null between two of them. */
export function axisAt(layout: ParallelLayout, x: number): number | null {
  const reach = Math.min(26, layout.spacing * 0.4);
  const at = layout.xs.findIndex((axis) => Math.abs(axis - x) <= reach);
  return at < 0 ? null : at;
}

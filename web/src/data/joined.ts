// The curve that a resumed run goes on from: the points of the runs before it up to the fork, and
// the step across to its own first point.

import type { Series } from "./series";

/**
 * One curve out of those of the earlier runs, oldest first, each already cut at its fork. It ends in
 * the first point of `child`, so that nothing gapes; null when there is nothing to show.
 */
export function joinCurves(earlier: readonly Series[], child: Series | undefined): Series | null {
  const parts = earlier.filter((series) => series.x.length > 0);
  const nearest = parts.at(-1);
  if (!nearest) return null;
  const end = firstPoint(child, lastX(nearest));
  const count = parts.reduce((sum, part) => sum + part.x.length, end ? 1 : 0);
  const x = new Float64Array(count);
  const y = new Float64Array(count);
  let at = 0;
  for (const part of parts) {
    for (let i = 0; i < part.x.length; i++, at++) {
      x[at] = part.x[i]! + part.xOrigin;
      y[at] = part.y[i]! + part.yOrigin;
    }
  }
  if (end) [x[at], y[at]] = end;
  return {
    ...nearest,
    x,
    xOrigin: 0,
    y,
    yOrigin: 0,
    pointCount: sum(parts, (part) => part.pointCount),
    nonfiniteCount: sum(parts, (part) => part.nonfiniteCount),
    isExact: parts.every((part) => part.isExact),
    marks: parts.flatMap((part) => part.marks),
  };
}

const lastX = (series: Series): number => (series.x.at(-1) ?? NaN) + series.xOrigin;

/** The first finite point of the child, unless it lies before what it should go on from. */
function firstPoint(child: Series | undefined, from: number): readonly [number, number] | null {
  if (!child) return null;
  for (let i = 0; i < child.x.length; i++) {
    const y = child.y[i]! + child.yOrigin;
    if (y - y !== 0) continue;
    const x = child.x[i]! + child.xOrigin;
    return x >= from ? [x, y] : null;
  }
  return null;
}

function sum(parts: readonly Series[], of: (part: Series) => number): number {
  return parts.reduce((total, part) => total + of(part), 0);
}

// From what a pointer or a key does on an axis to brushed parts of it, and back to what is drawn.

import { LANE, unitAt, valueAt, type AxisData, type Projection } from "../../data/axes";
import { roundTo, VALUES_MAX, type BrushPart } from "../../data/brushes";
import type { Span } from "./front";

const DIGITS = 4;
/** Half of the height, in units, of a single value that is brushed on an axis of numbers. */
const VALUE_UNIT = 0.006;

/** The part between two units; null when nothing lies there. */
export function partBetween(axis: AxisData, projection: Projection, from: number, to: number): BrushPart | null {
  const [low, high] = from < to ? [from, to] : [to, from];
  if (projection.scale === "category") {
    const literals = projection.categories.filter((one) => one.unit >= low && one.unit <= high).map((one) => one.literal);
    return literals.length === 0 || literals.length > VALUES_MAX ? null : { kind: "among", literals };
  }
  const ends = [valueAt(projection, low), valueAt(projection, high)];
  const [least, most] = ends[0]! < ends[1]! ? [ends[0]!, ends[1]!] : [ends[1]!, ends[0]!];
  if (axis.type === "time") return { kind: "range", low: Math.floor(least), high: Math.floor(most) };
  if (axis.isWhole && Math.ceil(least) <= Math.floor(most)) return { kind: "range", low: Math.ceil(least), high: Math.floor(most) };
  return { kind: "range", low: roundTo(least, DIGITS, "down"), high: roundTo(most, DIGITS, "up") };
}

/** The category nearest to a unit. */
export function categoryAt(projection: Projection, unit: number): string | null {
  let [found, distance] = [null as string | null, Infinity];
  for (const one of projection.categories) {
    const away = Math.abs(one.unit - unit);
    if (away < distance) [found, distance] = [one.literal, away];
  }
  return found;
}

/** Parts with a category added, or taken out when it is among them. */
export function toggleCategory(parts: readonly BrushPart[], literal: string): BrushPart[] {
  const others = parts.filter((part) => part.kind !== "among" && part.kind !== "range");
  const chosen = parts.flatMap((part) => (part.kind === "among" ? part.literals : []));
  const literals = chosen.includes(literal) ? chosen.filter((one) => one !== literal) : [...chosen, literal];
  return literals.length === 0 ? others : [{ kind: "among", literals }, ...others];
}

/** Parts with the lane added or taken out: what is missing, and what is no finite number. */
export function toggleLane(axis: AxisData, parts: readonly BrushPart[]): BrushPart[] {
  const isLane = (part: BrushPart): boolean => part.kind === "missing" || part.kind === "nonfinite";
  if (parts.some(isLane)) return parts.filter((part) => !isLane(part));
  const lane: BrushPart[] = axis.nonfinite > 0 ? [{ kind: "nonfinite" }] : [];
  if (axis.missing > 0 || lane.length === 0) lane.unshift({ kind: "missing" });
  return [...parts, ...lane];
}

/** Categories side by side are one part; parts of numbers stay as they are. */
export function joinParts(parts: readonly BrushPart[]): BrushPart[] {
  const literals = [...new Set(parts.flatMap((part) => (part.kind === "among" ? part.literals : [])))];
  const others = parts.filter((part) => part.kind !== "among");
  return literals.length === 0 ? others : [{ kind: "among", literals }, ...others];
}

/** Where a part is drawn. */
export function spansOf(projection: Projection, parts: readonly BrushPart[]): Span[] {
  const half = projection.scale === "category" ? 0.5 / Math.max(1, projection.categories.length) : VALUE_UNIT;
  const around = (unit: number): Span => [unit - half, unit + half];
  const spans = parts.flatMap((part): Span[] => {
    if (part.kind === "missing" || part.kind === "nonfinite") return [[LANE, LANE]];
    if (projection.scale === "category") {
      const isIn = (literal: string): boolean =>
        part.kind === "among" ? part.literals.includes(literal) : Number(literal) >= part.low && Number(literal) <= part.high;
      return joined(projection.categories.filter((one) => isIn(one.literal)).map((one) => around(one.unit)));
    }
    if (part.kind === "among") return part.literals.map(Number).filter(Number.isFinite).map((value) => around(unitAt(projection, value)));
    const low = part.low === -Infinity ? (projection.isFlipped ? 1 : 0) : unitAt(projection, part.low);
    const high = part.high === Infinity ? (projection.isFlipped ? 0 : 1) : unitAt(projection, part.high);
    return [[Math.min(low, high), Math.max(low, high)]];
  });
  const lane = spans.findIndex((span) => span[0] === LANE);
  return spans.filter((span, i) => span[0] !== LANE || i === lane);
}

/** Spans that touch become one. */
function joined(spans: Span[]): Span[] {
  const found: [number, number][] = [];
  for (const [from, to] of [...spans].sort((a, b) => a[0] - b[0])) {
    const last = found.at(-1);
    if (last && from - last[1] < 1e-6) last[1] = to;
    else found.push([from, to]);
  }
  return found;
}

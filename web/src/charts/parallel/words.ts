// The picture in words: what a screen reader says, and what stands in a table.

import type { AxisData, Projection } from "../../data/axes";
import type { BrushPart } from "../../data/brushes";
import { formatCount, formatDateTime, formatDuration, formatNumber } from "../../data/format";

export function writeValue(value: number, axis: AxisData): string {
  if (axis.type === "time") return formatDateTime(value);
  return axis.type === "duration" ? formatDuration(value) : formatNumber(value);
}

export function partText(part: BrushPart, axis: AxisData): string {
  if (part.kind === "missing") return "missing";
  if (part.kind === "nonfinite") return "NaN or infinite";
  if (part.kind === "among") {
    const labels = part.literals.map((literal) => axis.categories[axis.literals.indexOf(literal)] ?? literal);
    return labels.length > 4 ? `${labels.length} values` : labels.join(", ");
  }
  if (part.low === -Infinity) return `at most ${writeValue(part.high, axis)}`;
  if (part.high === Infinity) return `at least ${writeValue(part.low, axis)}`;
  return `${writeValue(part.low, axis)} to ${writeValue(part.high, axis)}`;
}

export const partsText = (parts: readonly BrushPart[], axis: AxisData): string =>
  parts.map((part) => partText(part, axis)).join(" or ");

/** From its least to its greatest value, or how many values it has. */
export function rangeText(axis: AxisData): string {
  if (axis.codes) return axis.categories.length === 1 ? "1 value" : `${formatCount(axis.categories.length)} values`;
  if (axis.low === null || axis.high === null) return "no value";
  return `${writeValue(axis.low, axis)} to ${writeValue(axis.high, axis)}`;
}

export function pictureText(
  axes: readonly { data: AxisData; projection: Projection }[],
  brushes: ReadonlyMap<string, readonly BrushPart[]>,
  runs: number,
  selected: number,
  objective: string | null,
): string {
  const names = axes.map(({ data, projection }) => {
    const missing = data.missing > 0 ? `, missing in ${formatCount(data.missing)}` : "";
    return `${data.name} (${projection.scale === "category" ? "values" : projection.scale}${missing})`;
  });
  const colour = objective === null ? "" : ` Colour is the rank of ${objective}: strong is good.`;
  const brushed = axes
    .filter(({ data }) => brushes.has(data.name))
    .map(({ data }) => `${data.name} ${partsText(brushes.get(data.name) ?? [], data)}`);
  const said = brushed.length === 0 ? "" : ` ${formatCount(selected)} of them are brushed: ${brushed.join("; ")}.`;
  return `Parallel coordinates of ${formatCount(runs)} runs on ${axes.length} axes: ${names.join(", ")}.${colour}${said}`;
}

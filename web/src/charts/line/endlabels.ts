// Names at the ends of curves. A name stands beside the last point or not at all: no line leads to
// a name that had to move, because such a line looks like data after the last point.

import { shortNames } from "../../data/names";
import { toPixel, type Scale } from "../../data/scale";
import { visibleRange, type Series } from "../../data/series";
import type { Box, Pen } from "../pen";
import type { ChartTheme } from "../theme";
import { NAMED_COUNT_MAX, type Look, type Looks } from "./looks";

export interface EndLabel {
  readonly look: Look;
  readonly text: string;
  readonly y: number;
}

export interface EndLabels {
  readonly labels: readonly EndLabel[];
  /** Room to the right of the plot, in CSS pixels. */
  readonly width: number;
}

const NONE: EndLabels = { labels: [], width: 0 };
/** A narrower plot needs its width for the curves; the read-out names them. */
const PLOT_MIN_PX = 520;
const TEXT_MAX_PX = 190;
const LINE_HEIGHT_PX = 13;
/** A name further from its curve's end would be read as another curve's. */
const SHIFT_MAX_PX = 10;
/** Part of the plot left of its right edge in which a curve counts as ending there. */
const EDGE_SHARE = 0.015;
const GAP_PX = 8;
const CHIP_PX = 7;

/** Which curves are named where; `share` maps x to 0..1 over the plot, `room` is its width. */
export function placeEndLabels(
  pen: Pen,
  looks: Looks,
  share: Scale,
  y: Scale,
  room: number,
): EndLabels {
  const named = looks.highlighted.length > 0 ? looks.highlighted : looks.all;
  if (room < PLOT_MIN_PX || named.length > NAMED_COUNT_MAX || looks.all.length < 2) return NONE;
  const texts = shortNames(named.map((look) => look.label));
  const labels: EndLabel[] = [];
  let widest = 0;
  const inOrder = named.map((look, index) => ({ look, text: texts[index]! }));
  inOrder.sort((a, b) => Number(b.look.isStrong) - Number(a.look.isStrong));
  for (const { look, text } of inOrder) {
    const wanted = endOf(look.series, share, y);
    const at = wanted === null ? null : freePlace(wanted, labels, y);
    const width = pen.measure(text);
    if (at === null || width > TEXT_MAX_PX) continue;
    widest = Math.max(widest, width);
    labels.push({ look, text, y: at });
  }
  const width = Math.ceil(widest + GAP_PX + CHIP_PX + 5);
  return labels.length > 0 && room - width >= PLOT_MIN_PX ? { labels, width } : NONE;
}

export function drawEndLabels(pen: Pen, theme: ChartTheme, plot: Box, ends: EndLabels): void {
  const left = plot.left + plot.width + GAP_PX;
  for (const { look, text, y } of ends.labels) {
    const chip = { left, top: y - CHIP_PX / 2, width: CHIP_PX, height: CHIP_PX };
    pen.rect(chip, look.color);
    pen.text(text, left + CHIP_PX + 5, y, {
      color: look.isStrong ? theme.fg : theme.fg2,
      align: "left",
      isBold: look.isStrong,
    });
  }
}

/** Height of the last finite point when it stands at the right edge of the plot, else null. */
function endOf(series: Series, share: Scale, y: Scale): number | null {
  const [first, end] = visibleRange(series, share.min, share.max);
  for (let i = end - 1; i >= first; i--) {
    const x = series.x[i]! + series.xOrigin;
    const pixel = toPixel(y, series.y[i]! + series.yOrigin);
    if (x > share.max || pixel - pixel !== 0) continue;
    const isInside = pixel <= y.start && pixel >= y.end;
    return isInside && toPixel(share, x) >= 1 - EDGE_SHARE ? pixel : null;
  }
  return null;
}

/** The place nearest to `wanted` that no name takes, or null when it is too far. */
function freePlace(wanted: number, taken: readonly EndLabel[], y: Scale): number | null {
  for (let shift = 0; shift <= SHIFT_MAX_PX; shift++) {
    for (const at of [wanted - shift, wanted + shift]) {
      const isFree = taken.every((label) => Math.abs(label.y - at) >= LINE_HEIGHT_PX);
      if (isFree && at >= y.end && at <= y.start) return at;
    }
  }
  return null;
}

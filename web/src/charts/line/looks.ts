// How each series of a chart is drawn: colour, width, dash, and in which layer.

import { forcedDash, slotDash, SLOT_COUNT } from "../../data/palette";
import type { Series } from "../../data/series";
import { isStrip } from "../points/rows";
import { runColor, type ChartTheme } from "../theme";
import type { LineInput, LineStyle } from "./model";

/** Above this number of series the unselected ones are drawn as density, not as lines. */
export const LINE_COUNT_MAX = 150;
/** Up to this number of lines each is wide enough to be followed by eye, and named at its end. */
export const NAMED_COUNT_MAX = 8;

export interface Look {
  readonly series: Series;
  readonly label: string;
  readonly color: string;
  readonly dash: readonly number[];
  readonly width: number;
  readonly alpha: number;
  /** Has a slot or its own colour: stands out from the rest, has a row in the read-out. */
  readonly isHighlighted: boolean;
  readonly isStrong: boolean;
}

export interface Looks {
  readonly all: readonly Look[];
  /** Unselected series, in grey or as density. */
  readonly rest: readonly Look[];
  readonly highlighted: readonly Look[];
  readonly isDensity: boolean;
  /** No series has a second point: a row for each run says more than dots above a step. */
  readonly isStrip: boolean;
  /** Series in the density layer carry colours of their own, which are averaged per pixel. */
  readonly hasHues: boolean;
}

const FAINT_ALPHA = 0.5;

const NO_STYLE: LineStyle = { slot: null };

export function looksOf(input: LineInput, theme: ChartTheme, ratio: number): Looks {
  const { series } = input;
  const isRows = input.link.zoom === null && isStrip(series);
  const isDensity = !isRows && series.length > LINE_COUNT_MAX;
  const isNamed = series.length <= NAMED_COUNT_MAX;
  const hairline = 1 / ratio;
  let strongCount = 0;
  const all = series.map((one, index): Look => {
    const style = input.styles?.get(one.run) ?? (input.styles ? NO_STYLE : byOrder(index, series));
    const isHighlighted = style.slot !== null && style.slot < SLOT_COUNT;
    const isStrong = style.isStrong === true && strongCount++ < NAMED_COUNT_MAX;
    return {
      series: one,
      label: style.label ?? one.label,
      color: runColor(theme, style.slot, style.color),
      dash: theme.isForced ? forcedDash(style.slot) : slotDash(style.slot),
      width: isStrong ? 2 : isNamed ? 1.5 : isHighlighted && !isNamed ? 1 : hairline,
      alpha: style.isFaint ? FAINT_ALPHA : 1,
      isHighlighted,
      isStrong,
    };
  });
  const highlighted = all.filter((look) => look.isHighlighted);
  return {
    all,
    highlighted,
    rest: all.filter((look) => !look.isHighlighted),
    isDensity,
    isStrip: isRows,
    hasHues: isDensity && (input.styles?.size ?? 0) > 0 && all.some(hasOwnColor(theme)),
  };
}

function hasOwnColor(theme: ChartTheme): (look: Look) => boolean {
  return (look) => !look.isHighlighted && look.color !== theme.rest;
}

function byOrder(index: number, series: readonly Series[]): LineStyle {
  return series.length <= SLOT_COUNT ? { slot: index } : NO_STYLE;
}

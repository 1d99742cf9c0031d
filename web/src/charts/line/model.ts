// The words of a line chart: what a page gives it, and what it tells back.

import type { AxisKind } from "../../data/ticks";
import type { Range } from "../../data/scale";
import type { Series } from "../../data/series";
import type { ChartLink } from "../link";

/** How a run looks. Without a slot it is part of the grey rest (or of the density layer). */
export interface LineStyle {
  /** Palette slot 0-15 from `assignSlots`; null for a run that is not selected. */
  readonly slot: number | null;
  /** Name at the line's end and in the read-out; the series' own label when left out. */
  readonly label?: string;
  /** A colour chosen by a person for this run. */
  readonly color?: string;
  /** Drawn 2 px wide: the best run. */
  readonly isStrong?: boolean;
  /** Drawn lighter: points that another run logged and this one goes on from. */
  readonly isFaint?: boolean;
}

export interface LineOptions {
  /** What x counts; decides ticks and the words of the read-out. */
  readonly xKind: AxisKind;
  /** Name of the x axis: "step", "relative time", "epoch" … */
  readonly xLabel: string;
  readonly isLogX: boolean;
  readonly isLogY: boolean;
  /** y range from the bulk of the points; what lies outside is counted in the footer. */
  readonly isRobust: boolean;
  /** Shade between `low` and `high` where series carry them. */
  readonly hasBands: boolean;
  /** What the band of a group is, for the footer: "95 % interval". */
  readonly bandName?: string | null;
  /** Curves stay off the plot edges unless the page pins the y range itself. */
  readonly yRange: Range | null;
}

export const DEFAULT_OPTIONS: LineOptions = {
  xKind: "step",
  xLabel: "step",
  isLogX: false,
  isLogY: false,
  isRobust: false,
  hasBands: true,
  yRange: null,
};

export interface LineInput {
  readonly title: string;
  readonly series: readonly Series[];
  /** By `series.run`. Left out: the first 16 series take the slots in order. */
  readonly styles?: ReadonlyMap<string, LineStyle>;
  readonly options: LineOptions;
  readonly link: ChartLink;
  /** Any value that changes with the theme. */
  readonly themeVersion: unknown;
  /** Runs asked for; some may not have this metric, or not be here yet. */
  readonly expectedCount?: number;
  /** Who is drawn, where a count of runs would not say it: "1 run, joined to 2 before it". */
  readonly subject?: string;
  /** More curves are on their way: an empty chart is not "no points", the footer counts runs. */
  readonly isPartial?: boolean;
}

/** One line of the read-out, or of the list of highlighted runs at the cursor. */
export interface ReadoutRow {
  readonly run: string;
  readonly key: string;
  readonly label: string;
  readonly color: string;
  readonly value: number;
  /** Four significant digits. */
  readonly valueText: string;
  /** "0.812–0.934" where the series is a band. */
  readonly bandText: string | null;
}

export interface Readout {
  readonly x: number;
  /** "step 1,200", "3m 12s", "14:03:22". */
  readonly xText: string;
  /** The run nearest to the pointer, or the lit one; null when no series has a value there. */
  readonly nearest: ReadoutRow | null;
  /** Highlighted runs (at most 8) at this x, highest value first. */
  readonly rows: readonly ReadoutRow[];
}

/** What the last painting says about itself. */
export interface LineState {
  /** "all 8 runs, 1.2 M points, min–max per pixel". */
  readonly footer: string;
  /** The sentence a screen reader hears for the picture. */
  readonly sentence: string;
  readonly isDensity: boolean;
  readonly aboveCount: number;
  readonly belowCount: number;
  /** True when the robust range would cut something: only then the switch is worth showing. */
  readonly hasOutliers: boolean;
  readonly isZoomed: boolean;
  /** What runs along the bottom: x, or the values where each run is a row; "" for a figure. */
  readonly axisLabel: string;
}

export interface LineEvents {
  readonly onReadout?: (readout: Readout | null) => void;
  readonly onState?: (state: LineState) => void;
  /** A drag ended, or a double click (null). The link has the range: refetch, write the URL. */
  readonly onZoom?: (range: Range | null) => void;
  /** A click or Enter on a run; `isToggle` with ctrl, meta or shift held. */
  readonly onSelect?: (run: string, isToggle: boolean) => void;
  /** A sentence for the live region. */
  readonly onAnnounce?: (text: string) => void;
}

// The picture of one value per run: a dot per row on a common axis, highest first. Few rows carry
// name and value; many are a strip of dots, in which the read-out names each. A lone run is a
// figure: an axis around one value would be made up.

import { elide, formatNumber } from "../../data/format";
import { shortNames } from "../../data/names";
import { makeScale, toPixel } from "../../data/scale";
import { drawXAxis, xTicks } from "../axes";
import type { Hover } from "../link";
import type { Look, Looks } from "../line/looks";
import type { LineOptions, Readout } from "../line/model";
import type { Layout } from "../line/paint";
import type { Domains } from "../line/ranges";
import { readoutRow, xText } from "../line/readout";
import { crisp, type Box, type Pen } from "../pen";
import type { ChartTheme } from "../theme";
import { pointRows, type PointRow } from "./rows";

/** Lower rows cannot hold a name; in a panel that is more than twelve of them. */
const NAMED_ROW_MIN_PX = 13.5;
const NAMED_ROWS_MAX = 60;
const MARGIN_PX = 12;
const MARGIN_TOP_PX = 6;
const MARGIN_BOTTOM_PX = 22;
const LABEL_SHARE = 0.42;
/** A name cut shorter than this says nothing. */
const LABEL_LENGTH_MIN = 12;
const LABEL_GAP_PX = 10;
const VALUES_WIDTH_MIN_PX = 280;
const DOT_PX = 4;
const STRIP_DOT_PX = 2.5;
const FIGURE_PX = 30;
const TICK_SPACING_PX = 46;

export interface StripRow extends PointRow {
  readonly look: Look;
  /** Middle of the row, in CSS pixels. */
  readonly at: number;
  /** Name left of the row; "" where there is no room. */
  readonly label: string;
  readonly valueText: string;
}

export interface Strip {
  readonly rows: readonly StripRow[];
  readonly rowHeight: number;
  readonly isNamed: boolean;
  readonly hasValues: boolean;
  /** One run only: its value in large type, under it `note`. */
  readonly note: string | null;
}

export function layOutStrip(
  pen: Pen,
  size: { readonly width: number; readonly height: number },
  looks: Looks,
  domains: Domains,
  options: LineOptions,
): Layout {
  const points = pointRows(looks.all.map((look) => look.series));
  const lookOf = new Map(looks.all.map((look) => [look.series, look]));
  const room = Math.max(20, size.height - MARGIN_TOP_PX - MARGIN_BOTTOM_PX);
  const rowHeight = room / points.length;
  const isNamed = points.length <= NAMED_ROWS_MAX && rowHeight >= NAMED_ROW_MIN_PX;
  const hasValues = isNamed && size.width >= VALUES_WIDTH_MIN_PX;
  const names = points.map(({ series }) => lookOf.get(series)!.label);
  const labels = isNamed ? fitted(pen, shortNames(names), size.width * LABEL_SHARE) : [];
  const top = points.length === 1 ? 0 : MARGIN_TOP_PX;
  const rows = points.map((point, index): StripRow => ({
    ...point,
    look: lookOf.get(point.series)!,
    at: top + (index + 0.5) * rowHeight,
    label: labels[index] ?? "",
    valueText: point.mark ?? formatNumber(point.value),
  }));
  const left = widest(pen, rows.map((row) => row.label)) || MARGIN_PX - LABEL_GAP_PX;
  const right = hasValues ? widest(pen, rows.map((row) => row.valueText)) : 0;
  const plot = {
    left: left + LABEL_GAP_PX,
    top,
    width: Math.max(20, size.width - left - LABEL_GAP_PX - right - MARGIN_PX),
    height: rowHeight * rows.length,
  };
  const pixels = [plot.left, plot.left + plot.width] as const;
  const y = makeScale(options.isLogY ? "log" : "linear", domains.y, pixels);
  const sole = domains.soleY;
  const note = rows.length === 1 ? xText(rows[0]!.x, options) : null;
  return {
    ...size,
    plot: note === null ? plot : { left: 0, top: 0, ...size },
    x: makeScale(options.isLogX ? "log" : "linear", domains.x, pixels),
    y,
    xTicks: [],
    yTicks: sole === null ? xTicks(y, "number", TICK_SPACING_PX) : [{ value: sole, label: formatNumber(sole) }],
    endLabels: { labels: [], width: 0 },
    strip: { rows, rowHeight, isNamed, hasValues, note },
  };
}

function widest(pen: Pen, texts: readonly string[]): number {
  return Math.ceil(Math.max(0, ...texts.map((text) => pen.measure(text))));
}

/** Names that fit into `width`, or none when cutting would make them meaningless or alike. */
function fitted(pen: Pen, names: readonly string[], width: number): readonly string[] {
  const short = names.map((name) => {
    let text = name;
    for (let length = name.length - 1; pen.measure(text) > width && length > 0; length--) {
      text = elide(name, length);
    }
    return text;
  });
  const isReadable = short.every((text, i) => text === names[i] || text.length >= LABEL_LENGTH_MIN);
  return isReadable && new Set(short).size === new Set(names).size ? short : [];
}

export function paintStrip(pen: Pen, theme: ChartTheme, layout: Layout, strip: Strip): void {
  const { plot, y } = layout;
  if (strip.note !== null) return paintFigure(pen, theme, plot, strip.rows[0]!, strip.note);
  const hairline = { color: theme.line, width: Math.max(1 / pen.ratio, 0.5) };
  for (const tick of layout.yTicks) {
    const x = crisp(toPixel(y, tick.value), pen.ratio);
    pen.segment(x, plot.top, x, plot.top + plot.height, hairline);
  }
  drawXAxis(pen, theme, plot, y, layout.yTicks);
  const inOrder = [...strip.rows].sort(
    (a, b) => Number(a.look.isHighlighted) - Number(b.look.isHighlighted),
  );
  for (const row of inOrder) {
    if (strip.isNamed) nameRow(pen, theme, layout, strip, row);
    drawRow(pen, theme, layout, row, strip.isNamed || row.look.isStrong ? DOT_PX : STRIP_DOT_PX);
  }
}

function nameRow(pen: Pen, theme: ChartTheme, layout: Layout, strip: Strip, row: StripRow): void {
  const { plot } = layout;
  const isBold = row.look.isStrong;
  const color = isBold ? theme.fg : theme.fg2;
  const labelEnd = plot.left - LABEL_GAP_PX;
  pen.text(row.label, labelEnd, row.at, { color, align: "right", isBold });
  if (strip.hasValues) {
    const valueEnd = layout.width - MARGIN_PX / 2;
    pen.text(row.valueText, valueEnd, row.at, { color: theme.fg, align: "right", isBold });
  }
}

function drawRow(
  pen: Pen,
  theme: ChartTheme,
  { plot, y }: Layout,
  row: StripRow,
  radius: number,
): void {
  const { color, dash } = row.look;
  const [min, max] = [plot.left, plot.left + plot.width];
  const inside = (value: number): number => Math.max(min, Math.min(max, toPixel(y, value)));
  const [low, high] = [inside(row.low), inside(row.high)];
  if (high - low > 0) pen.segment(low, row.at, high, row.at, { color, width: 1.5, alpha: 0.6 });
  const x = toPixel(y, row.value);
  if (x >= min - 0.5 && x <= max + 0.5) {
    pen.disc(x, row.at, radius, color);
    // What is a dashed line elsewhere is a ring here.
    if (dash.length > 0) pen.disc(x, row.at, radius - 1.5, theme.panel);
  } else if (x - x === 0) {
    // Out of view: an arrow head on the side where the value lies.
    const [tip, back] = x > max ? [max, max - 5] : [min, min + 5];
    const head = Float32Array.of(back, row.at - 3, tip, row.at, back, row.at + 3);
    pen.polyline(head, 6, { color, width: 1.5 });
  }
}

function paintFigure(pen: Pen, theme: ChartTheme, plot: Box, row: StripRow, note: string): void {
  const x = plot.left + plot.width / 2;
  const y = plot.top + plot.height / 2;
  const size = FIGURE_PX;
  const text = { align: "center", color: theme.fg } as const;
  pen.text(row.valueText, x, y - 8, { ...text, size, isBold: true });
  const band = Number.isFinite(row.high - row.low)
    ? `${formatNumber(row.low)} – ${formatNumber(row.high)}, `
    : "";
  pen.text(band + note, x, y + 20, { ...text, color: theme.fg2 });
}

export function paintStripOverlay(
  pen: Pen,
  theme: ChartTheme,
  layout: Layout,
  strip: Strip,
  hover: Hover,
): void {
  const row = strip.rows.find((one) => one.series.run === hover.run);
  if (row === undefined || strip.note !== null) return;
  const { plot } = layout;
  const height = Math.max(strip.rowHeight, 7);
  const box = { left: 0, top: row.at - height / 2, width: layout.width, height };
  pen.rect(box, theme.fg, 0.07);
  const x = toPixel(layout.y, row.value);
  if (!(x >= plot.left - 1 && x <= plot.left + plot.width + 1)) return;
  const color = row.look.color === theme.rest ? theme.fg : row.look.color;
  const at = crisp(x, pen.ratio);
  const line = { color: theme.fg2, width: 1, alpha: 0.55 };
  pen.segment(at, row.at, at, plot.top + plot.height, line);
  pen.disc(x, row.at, DOT_PX + 2, theme.panel);
  pen.disc(x, row.at, DOT_PX + 0.5, color);
}

/** The row under the pixel `y`; null above the first and below the last. */
export function rowAt(strip: Strip, plot: Box, y: number): StripRow | null {
  if (strip.note !== null) return strip.rows[0] ?? null;
  return strip.rows[Math.floor((y - plot.top) / strip.rowHeight)] ?? null;
}

/** The row next above (1) or below (-1) that of `run`; the first one when no row is its. */
export function neighbourRow(strip: Strip, run: string | null, direction: 1 | -1): StripRow | null {
  const index = strip.rows.findIndex((row) => row.series.run === run);
  const next = index < 0 ? 0 : index - direction;
  return strip.rows[Math.max(0, Math.min(strip.rows.length - 1, next))] ?? null;
}

/** The value of the lit run, wherever the crosshair of the other panels stands. */
export function stripReadout(strip: Strip, options: LineOptions, hover: Hover): Readout | null {
  const row = strip.rows.find((one) => one.series.run === hover.run);
  if (row === undefined) return null;
  const nearest = readoutRow(row.look, row.value, row.low, row.high);
  return { x: row.x, xText: xText(row.x, options), nearest, rows: [] };
}

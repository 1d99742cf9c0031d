// The line chart: an adapter between columns and two canvases. No framework in here; the Svelte
// shell is LineChart.svelte beside it.
//
//   const chart = mountLine(host, { onReadout, onState, onZoom, onSelect, onAnnounce });
//   chart.update({ title, series, styles, options, link, themeVersion });   // as often as you like
//   chart.destroy();
//
// `host` is an element with a size of its own; the kernel fills it, follows its size and the
// device pixel ratio, and gives it the role, the tab stop and the keys of a chart.
// `update` only notes what changed; painting happens in the next animation frame, together with
// all other charts (../scheduler.ts), and only while the host is near the screen.
//
// A panel for the dashboard is one component:
//
//   <LineChart title="val/loss" {series} {styles} {options} {link} {themeVersion}
//     onZoom={(range) => …} onSelect={(run, isToggle) => …} />
//
//   series    from `seriesOf(decodeColumns(bytes))` in api/columns.ts; replace the array, never
//             change it. Smoothed curves carry `raw`, a series of its own; group curves `low`, `high`.
//   styles    Map run id -> { slot, label?, color?, isStrong? }; slots from `assignSlots` in
//             data/palette.ts. Runs without an entry are the grey rest (density above 150).
//   options   { ...DEFAULT_OPTIONS, xKind, xLabel, isLogX, isLogY, isRobust, hasBands, yRange }
//   link      one `new ChartLink()` per section of panels with the same x. Rows of a table light
//             a run by `link.setHover({ x: null, run })`; a URL sets `link.setZoom([a, b])`.
//   onZoom    a drag ended: refetch that range, write it into the URL. The link has it already.

import { nearestSeries } from "../../data/hover";
import { curvesCsv } from "../../data/csv";
import { toPixel, toValue, type Range } from "../../data/scale";
import type { LinkChange } from "../link";
import { CanvasPen, fitCanvas } from "../pen";
import { cancelPaint, requestPaint, type Paintable } from "../scheduler";
import { readTheme } from "../theme";
import { footerText, sentenceOf } from "./describe";
import { chartPng, chartSvg, type Still } from "./export";
import { listen, type ChartActions } from "./gestures";
import { looksOf, type Looks } from "./looks";
import type { LineEvents, LineInput, LineOptions, LineState, Readout } from "./model";
import { inkOf, paintOverlay, type Drag } from "./overlay";
import { layOut, paintChart, type Layout } from "./paint";
import { countOutside, grown, soleX, xDomain, yDomain, type Domains } from "./ranges";
import { neighbourAt, readoutAt, spoken } from "./readout";
import { neighbourRow, rowAt, stripReadout, type StripRow } from "../points/strip";

export * from "./model";
export { ChartLink } from "../link";

/** A run is lit when the pointer is not further from its line than this. */
const LIT_REACH_PX = 40;
/** Charts this close below or above the screen are painted ahead of scrolling. */
const AHEAD_PX = 200;

const UNPAINTED = { isReduced: false };

export function mountLine(host: HTMLElement, events: LineEvents = {}): LineKernel {
  return new LineKernel(host, events);
}

export class LineKernel implements Paintable, ChartActions {
  readonly #base = document.createElement("canvas");
  readonly #over = document.createElement("canvas");
  readonly #ends: (() => void)[] = [];
  #input: LineInput | null = null;
  #unlink: (() => void) | null = null;
  #looks: Looks | null = null;
  #layout: Layout | null = null;
  #size = { width: 0, height: 0 };
  #isBaseDirty = true;
  #isVisible = true;
  /** Domains while the pointer is inside: they may grow under it, never shrink. */
  #held: { x: Range; y: Range } | null = null;
  #isInside = false;
  #isKeyed = false;
  #yZoom: Range | null = null;
  #drag: Drag | null = null;
  #hadReadout = false;
  #lastState = "";

  constructor(
    private readonly host: HTMLElement,
    private readonly events: LineEvents,
  ) {
    for (const canvas of [this.#base, this.#over]) {
      canvas.style.cssText = "position:absolute;inset:0;width:100%;height:100%;display:block";
      host.append(canvas);
    }
    this.#base.setAttribute("role", "img");
    this.#over.setAttribute("aria-hidden", "true");
    host.tabIndex = 0;
    host.setAttribute("role", "application");
    host.setAttribute("aria-roledescription", "chart");
    if (getComputedStyle(host).position === "static") host.style.position = "relative";
    host.style.touchAction = "pan-y";
    this.#measure();
    this.#watch();
    this.#ends.push(listen(host, this));
  }

  update(input: LineInput): void {
    const before = this.#input;
    this.#input = input;
    if (before?.link !== input.link) {
      this.#unlink?.();
      this.#unlink = input.link.subscribe((change) => this.#onLink(change));
    }
    // Another axis is another picture: what was held of the old one means nothing on it.
    if (before && isOtherPicture(before.options, input.options)) this.#forgetRanges(before, input);
    this.host.setAttribute("aria-label", `${input.title}, arrow keys move the cursor`);
    this.#invalidate();
  }

  destroy(): void {
    cancelPaint(this);
    this.#unlink?.();
    for (const end of this.#ends) end();
    this.#base.remove();
    this.#over.remove();
  }

  // -- painting --------------------------------------------------------------------------------

  paint(): void {
    if (this.#input === null || !this.#isVisible || this.#size.width === 0) return;
    if (this.#isBaseDirty) this.#paintBase(this.#input);
    if (this.#looks === null || this.#layout === null) return;
    const pen = this.#pen(this.#over);
    const { link, themeVersion } = this.#input;
    paintOverlay(pen, readTheme(themeVersion), this.#layout, this.#looks, link.hover, this.#drag);
    this.#tellReadout(this.#input, this.#looks);
  }

  #paintBase(input: LineInput): void {
    const theme = readTheme(input.themeVersion);
    const pen = this.#pen(this.#base);
    fitCanvas(this.#over, this.#size, pen.ratio);
    pen.begin(this.#size.width, this.#size.height);
    const { series } = input;
    const looks = looksOf(input, theme, pen.ratio);
    const domains = this.#domains(input);
    const layout = layOut(pen, this.#size, looks, domains, input.options);
    const isWaiting = series.length === 0 && input.isPartial === true;
    const painted = isWaiting ? UNPAINTED : paintChart(pen, theme, layout, looks, input.options);
    this.#looks = looks;
    this.#layout = layout;
    this.#isBaseDirty = false;
    this.#tellState(input, looks, layout, painted, domains.hasOutliers);
  }

  #domains(input: LineInput): Domains & { readonly hasOutliers: boolean } {
    const { series, options, link } = input;
    const xScale = options.isLogX ? "log" : "linear";
    let x = link.zoom ?? xDomain(series, xScale);
    const found = yDomain(series, x, options.isLogY ? "log" : "linear", options.isRobust);
    const pinned = this.#yZoom ?? options.yRange;
    let y = pinned ?? found.range;
    if (this.#isInside && link.zoom === null && pinned === null) {
      x = grown(this.#held?.x ?? null, x);
      y = grown(this.#held?.y ?? null, y);
      this.#held = { x, y };
    }
    return {
      x,
      y,
      soleX: link.zoom === null ? soleX(series, xScale) : null,
      soleY: pinned === null ? found.sole : null,
      hasOutliers: found.hasOutliers,
    };
  }

  #pen(canvas: HTMLCanvasElement): CanvasPen {
    const ratio = window.devicePixelRatio || 1;
    if (canvas === this.#base) fitCanvas(canvas, this.#size, ratio);
    const context = canvas.getContext("2d");
    if (context === null) throw new Error("this browser gave no 2D canvas");
    return new CanvasPen(context, ratio, readTheme(this.#input?.themeVersion).font);
  }

  #invalidate(): void {
    this.#isBaseDirty = true;
    requestPaint(this);
  }

  // -- telling ---------------------------------------------------------------------------------

  #tellState(
    input: LineInput,
    looks: Looks,
    layout: Layout,
    painted: { readonly isReduced: boolean },
    hasOutliers: boolean,
  ): void {
    const { x, y } = layout;
    const outside = countOutside(input.series, [x.min, x.max], [y.min, y.max], y.kind);
    const state: LineState = {
      footer: footerText(input, looks, painted, outside),
      sentence: sentenceOf(input, looks),
      isDensity: looks.isDensity,
      aboveCount: outside.above,
      belowCount: outside.below,
      hasOutliers,
      isZoomed: input.link.zoom !== null || this.#yZoom !== null,
      axisLabel:
        layout.strip === null ? input.options.xLabel : layout.strip.note === null ? "value" : "",
    };
    const text = JSON.stringify(state);
    if (text === this.#lastState) return;
    this.#lastState = text;
    this.#base.setAttribute("aria-label", state.sentence);
    this.events.onState?.(state);
  }

  #tellReadout(input: LineInput, looks: Looks): void {
    const { hover } = input.link;
    const strip = this.#layout?.strip;
    if (strip) return this.#tell(input, stripReadout(strip, input.options, hover));
    const hasReadout = hover.x !== null && looks.all.length > 0 && this.#isInDomain(hover.x);
    const isTold = hover.x !== null && hasReadout;
    this.#tell(input, isTold ? readoutAt(looks, input.options, hover.x, hover.run) : null);
  }

  #tell(input: LineInput, readout: Readout | null): void {
    if (readout === null && !this.#hadReadout) return;
    this.#hadReadout = readout !== null;
    if (readout?.nearest) {
      const color = inkOf(readTheme(input.themeVersion), readout.nearest);
      this.events.onReadout?.({ ...readout, nearest: { ...readout.nearest, color } });
    } else this.events.onReadout?.(readout);
    if (this.#isKeyed && readout !== null) this.events.onAnnounce?.(spoken(readout));
  }

  #isInDomain(x: number): boolean {
    const scale = this.#layout?.x;
    return scale !== undefined && x >= scale.min && x <= scale.max;
  }

  // -- gestures --------------------------------------------------------------------------------

  pointAt(px: number, py: number): void {
    const { input, looks, layout } = this.#drawn();
    if (input === null || looks === null || layout === null) return;
    this.#isInside = true;
    this.#isKeyed = false;
    const { plot, strip } = layout;
    if (strip !== null) {
      const row = rowAt(strip, plot, py);
      input.link.setHover(row && { x: row.x, run: row.series.run });
      return;
    }
    if (px < plot.left - 4 || px > plot.left + plot.width + 4) {
      input.link.setHover(null);
      return;
    }
    const value = toValue(layout.x, px);
    const nearest = nearestSeries(input.series, layout.x, layout.y, px, py, value);
    const isLit = nearest !== null && nearest.distancePx <= LIT_REACH_PX;
    const run = isLit ? (input.series[nearest.series]?.run ?? null) : null;
    input.link.setHover({ x: isLit ? nearest.hit.x : value, run });
  }

  leave(): void {
    this.#isInside = false;
    this.#isKeyed = false;
    this.#drag = null;
    this.#input?.link.setHover(null);
    if (this.#held !== null) {
      this.#held = null;
      this.#invalidate();
    }
  }

  dragTo(axis: "x" | "y", from: number, to: number): void {
    if (this.#layout?.strip) return;
    this.#drag = { axis, range: this.#insidePlot(axis, from, to) };
    requestPaint(this);
  }

  dragEnd(axis: "x" | "y", from: number, to: number): void {
    this.#drag = null;
    const { input, layout } = this.#drawn();
    if (input === null || layout === null || layout.strip !== null) return;
    const scale = axis === "x" ? layout.x : layout.y;
    const [a, b] = this.#insidePlot(axis, from, to).map((pixel) => toValue(scale, pixel));
    const range: Range = [Math.min(a!, b!), Math.max(a!, b!)];
    if (axis === "x") this.#zoomX(range);
    else this.#yZoom = range;
    this.#invalidate();
  }

  dragCancel(): void {
    this.#drag = null;
    requestPaint(this);
  }

  showAll(): void {
    this.#yZoom = null;
    if (this.#input?.link.zoom) this.#zoomX(null);
    this.#invalidate();
  }

  select(isToggle: boolean): void {
    const run = this.#input?.link.hover.run;
    if (run) this.events.onSelect?.(run, isToggle);
  }

  moveCursor(pixels: number): void {
    const { input, layout } = this.#drawn();
    if (input === null || layout === null) return;
    if (layout.strip !== null) return this.changeRun(pixels > 0 ? 1 : -1);
    const { hover } = input.link;
    const { plot, x } = layout;
    const from = hover.x === null ? plot.left + plot.width / 2 : toPixel(x, hover.x);
    const to = Math.max(plot.left, Math.min(plot.left + plot.width, from + pixels));
    this.#setCursor(toValue(x, to), hover.run);
  }

  cursorToEnd(isLast: boolean): void {
    const { input, layout } = this.#drawn();
    if (layout?.strip) this.#setRow(layout.strip.rows.at(isLast ? -1 : 0));
    else if (input && layout)
      this.#setCursor(isLast ? layout.x.max : layout.x.min, input.link.hover.run);
  }

  changeRun(direction: 1 | -1): void {
    const { input, looks, layout } = this.#drawn();
    if (input === null || looks === null || layout === null) return;
    if (layout.strip !== null) {
      this.#setRow(neighbourRow(layout.strip, input.link.hover.run, direction));
      return;
    }
    const x = input.link.hover.x ?? (layout.x.min + layout.x.max) / 2;
    const next = neighbourAt(looks, x, input.link.hover.run, direction);
    this.#setCursor(x, next);
  }

  zoomAround(factor: number): void {
    const { input, layout } = this.#drawn();
    if (input === null || layout === null || layout.strip !== null) return;
    const { plot, x } = layout;
    const centre =
      input.link.hover.x === null ? plot.width / 2 + plot.left : toPixel(x, input.link.hover.x);
    const range: Range = [
      toValue(x, centre - (centre - plot.left) * factor),
      toValue(x, centre + (plot.left + plot.width - centre) * factor),
    ];
    const all = xDomain(input.series, x.kind);
    const isWhole = range[0] <= all[0] && range[1] >= all[1];
    this.#zoomX(isWhole ? null : range);
  }

  #setRow(row: StripRow | null | undefined): void {
    if (row) this.#setCursor(row.x, row.series.run);
  }

  #setCursor(x: number, run: string | null): void {
    this.#isKeyed = true;
    const first = this.#looks?.highlighted[0] ?? this.#looks?.all[0];
    this.#input?.link.setHover({ x, run: run ?? first?.series.run ?? null });
  }

  #zoomX(range: Range | null): void {
    this.#held = null;
    this.#input?.link.setZoom(range);
    this.events.onZoom?.(range);
  }

  #insidePlot(axis: "x" | "y", from: number, to: number): [number, number] {
    const plot = this.#layout?.plot;
    if (!plot) return [from, to];
    const [start, end] =
      axis === "x" ? [plot.left, plot.left + plot.width] : [plot.top, plot.top + plot.height];
    return [Math.max(start, Math.min(end, from)), Math.max(start, Math.min(end, to))];
  }

  #drawn(): { input: LineInput | null; looks: Looks | null; layout: Layout | null } {
    return { input: this.#input, looks: this.#looks, layout: this.#layout };
  }

  // -- surroundings ----------------------------------------------------------------------------

  #onLink(change: LinkChange): void {
    if (change === "zoom") {
      this.#held = null;
      this.#isBaseDirty = true;
    }
    requestPaint(this);
  }

  #forgetRanges(before: LineInput, after: LineInput): void {
    this.#held = null;
    if (before.options.isLogY !== after.options.isLogY) this.#yZoom = null;
  }

  #measure(): void {
    const box = this.host.getBoundingClientRect();
    this.#size = { width: Math.round(box.width), height: Math.round(box.height) };
    this.#isVisible = box.bottom > -AHEAD_PX && box.top < window.innerHeight + AHEAD_PX;
  }

  #watch(): void {
    const sizes = new ResizeObserver(() => {
      const { clientWidth: width, clientHeight: height } = this.host;
      if (width === this.#size.width && height === this.#size.height) return;
      this.#size = { width, height };
      this.#invalidate();
    });
    sizes.observe(this.host);
    const screen = new IntersectionObserver(
      (entries) => {
        this.#isVisible = entries.at(-1)?.isIntersecting ?? true;
        if (this.#isVisible && this.#isBaseDirty) requestPaint(this);
      },
      { rootMargin: `${AHEAD_PX}px` },
    );
    screen.observe(this.host);
    this.#ends.push(
      () => sizes.disconnect(),
      () => screen.disconnect(),
    );
  }

  // -- the picture as a file -------------------------------------------------------------------

  /** The chart as SVG: lines and text are vectors, only a density layer is an image. */
  svg(): string {
    return chartSvg(this.#still());
  }

  /** The chart as PNG at two device pixels per CSS pixel. */
  png(): Promise<Blob> {
    return chartPng(this.#still());
  }

  /** The points in view as they are drawn. */
  csv(): string {
    const { series, options, link } = this.#need();
    return curvesCsv(series, options.xLabel, link.zoom ?? undefined);
  }

  #still(): Still {
    const input = this.#need();
    return { input, size: this.#size, domains: this.#domains(input) };
  }

  #need(): LineInput {
    if (this.#input === null) throw new Error("the chart has no data yet: call update first");
    return this.#input;
  }
}

function isOtherPicture(before: LineOptions, after: LineOptions): boolean {
  const names = ["xKind", "xLabel", "isLogX", "isLogY", "isRobust", "yRange"] as const;
  return names.some((name) => before[name] !== after[name]);
}

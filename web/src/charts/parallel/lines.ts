// The lines of a parallel-coordinates picture. Few runs are drawn one by one, the best on top; many
// become a raster in which opacity is their count and colour their mean objective, so that every
// run is counted and overplotting says something.

import { SHADE_NONE, type Projection } from "../../data/axes";
import { DensityRaster, SHADES, type Rgb } from "../density/raster";
import type { ChartTheme } from "../theme";
import { toRgb } from "../theme";
import { yOf, type ParallelLayout } from "./layout";

export { SHADES };
/** Above this many runs single lines say nothing any more. */
export const LINES_MAX = 2_000;

/** Between two axes with more different lines than this every second column is enough. */
const LINES_FINE_MAX = 3_000;
/** Opacity of what the brush leaves out. */
const CONTEXT_ALPHA = 0.3;
const CONTEXT_LINE_ALPHA = 0.16;
/** Least opacity of a pixel of the raster, of 255. */
const ALPHA_MIN = 46;
/** Thin lines add up; the fewer there are, the stronger each one. */
const LINE_ALPHA = { few: 0.85, many: 0.4, manyRuns: 1_000 } as const;

export interface LinesInput {
  readonly axes: readonly Projection[];
  /** A shade a run, or `SHADE_NONE`. */
  readonly shades: Uint8Array;
  /** 1 for runs that the brush lets through; null when nothing is brushed. */
  readonly selected: Uint8Array | null;
}

/** Colours from the worst to the best: light is bad and strong is good, in both themes. */
export function shadeColors(theme: ChartTheme): Rgb[] {
  const stops: Rgb[] = theme.isForced
    ? [toRgb(theme.fg2), toRgb(theme.fg)]
    : (theme.isDark ? DARK : LIGHT).map(toRgb);
  return Array.from({ length: SHADES }, (_, i) => {
    const at = (i / (SHADES - 1)) * (stops.length - 1);
    const k = Math.min(stops.length - 2, Math.floor(at));
    const [from, to, part] = [stops[k]!, stops[k + 1]!, at - k];
    return [0, 1, 2].map((c) => from[c]! + (to[c]! - from[c]!) * part) as unknown as Rgb;
  });
}

const LIGHT = ["#b9cbea", "#6f9bea", "#2f63cf", "#0c2a70"] as const;
const DARK = ["#33415f", "#3f68b8", "#7aa5f8", "#eef4ff"] as const;

export const cssOf = ([red, green, blue]: Rgb): string =>
  `rgb(${Math.round(red)} ${Math.round(green)} ${Math.round(blue)})`;

/** Rows of all runs on all axes, in CSS pixels from the top. */
export function rowsOf(axes: readonly Projection[], layout: ParallelLayout): Float32Array[] {
  const span = layout.bottom - layout.top;
  const lane = yOf(layout, -1);
  return axes.map(({ units }) => {
    const rows = new Float32Array(units.length);
    for (let run = 0; run < rows.length; run++) {
      const unit = units[run]!;
      rows[run] = unit < 0 ? lane : layout.bottom - unit * span;
    }
    return rows;
  });
}

/** Rasters of all runs and of the brushed ones, kept while only the brush changes. */
export class DenseLines {
  readonly #all: DensityRaster;
  #chosen: DensityRaster | null = null;
  /** Which runs `#chosen` holds. */
  #held: Uint8Array;
  /** Columns of the axes. */
  readonly #columns: number[];
  /** How fine the gap behind each axis is drawn. */
  readonly #paces: (1 | 2)[];
  #context: OffscreenCanvas | null = null;

  constructor(
    readonly rows: readonly Float32Array[],
    readonly layout: ParallelLayout,
    readonly shades: Uint8Array,
  ) {
    const { xs, height } = layout;
    this.#columns = xs.map((x) => Math.round(x - (xs[0] ?? 0)));
    const width = Math.max(1, this.#columns.at(-1) ?? 1);
    this.#all = new DensityRaster(width, Math.ceil(height), "shade");
    const kinds = rows.map((values) => new Set(values).size);
    this.#paces = kinds.map((count, i) => (Math.min(shades.length, count * (kinds[i + 1] ?? 1)) > LINES_FINE_MAX ? 2 : 1));
    this.#held = new Uint8Array(shades.length);
    const everyone = Int32Array.from(shades, (_, run) => run);
    this.#put(this.#all, everyone, 1);
    this.#all.finish();
  }

  #put(raster: DensityRaster, runs: Int32Array, sign: 1 | -1): void {
    if (runs.length === 0) return;
    const shades = Uint8Array.from(runs, (run) => (this.shades[run] === SHADE_NONE ? 0 : this.shades[run]!));
    let left = gather(this.rows[0]!, runs);
    for (let i = 1; i < this.rows.length; i++) {
      const right = gather(this.rows[i]!, runs);
      raster.addFan([this.#columns[i - 1]!, this.#columns[i]!], [left, right], shades, sign, this.#paces[i - 1]);
      left = right;
    }
    raster.seriesCount += sign * runs.length;
  }

  /** The raster of the runs that are let through, made from what costs least to change. */
  #select(selected: Uint8Array): DensityRaster {
    const runs = selected.length;
    let [count, changes] = [0, 0];
    for (let run = 0; run < runs; run++) {
      if (selected[run]) count++;
      if (selected[run] !== this.#held[run]) changes++;
    }
    const chosen = (this.#chosen ??= new DensityRaster(this.#all.width, this.#all.height, "shade"));
    const least = Math.min(count, changes, runs - count);
    if (least === runs - count && least < changes) {
      chosen.copy(this.#all);
      this.#held.fill(1);
    } else if (least === count && least < changes) {
      chosen.clear();
      this.#held.fill(0);
    }
    const [come, gone]: [number[], number[]] = [[], []];
    for (let run = 0; run < runs; run++) {
      if (selected[run] !== this.#held[run]) (selected[run] ? come : gone).push(run);
    }
    this.#held.set(selected);
    this.#put(chosen, Int32Array.from(come), 1);
    this.#put(chosen, Int32Array.from(gone), -1);
    chosen.finish();
    return chosen;
  }

  paint(context: CanvasRenderingContext2D, selected: Uint8Array | null, theme: ChartTheme): void {
    const left = this.layout.xs[0] ?? 0;
    const across = (this.layout.xs.at(-1) ?? 0) - left;
    const { height } = this.#all;
    if (selected !== null) {
      this.#context ??= canvasOf(this.#all.toImage(theme.densityRest));
      context.globalAlpha = CONTEXT_ALPHA;
      context.drawImage(this.#context, left, 0, across, height);
      context.globalAlpha = 1;
    }
    const raster = selected === null ? this.#all : this.#select(selected);
    const image = raster.toShadedImage(shadeColors(theme), ALPHA_MIN);
    context.drawImage(canvasOf(image), left, 0, across, height);
  }
}

function gather(values: Float32Array, at: Int32Array): Float32Array {
  const found = new Float32Array(at.length);
  for (let i = 0; i < found.length; i++) found[i] = values[at[i]!]!;
  return found;
}

function canvasOf(image: ImageData): OffscreenCanvas {
  const canvas = new OffscreenCanvas(image.width, image.height);
  canvas.getContext("2d")?.putImageData(image, 0, 0);
  return canvas;
}

/** Each run as a line, a path for every shade. */
export function paintLines(
  context: CanvasRenderingContext2D,
  rows: readonly Float32Array[],
  layout: ParallelLayout,
  { shades, selected }: LinesInput,
  theme: ChartTheme,
): void {
  const buckets = new Map<number, Path2D>();
  const rest = new Path2D();
  let count = 0;
  for (let run = 0; run < shades.length; run++) {
    if (selected !== null && !selected[run]) {
      trace(rest, rows, layout.xs, run);
      continue;
    }
    const shade = shades[run]!;
    let path = buckets.get(shade);
    if (!path) buckets.set(shade, (path = new Path2D()));
    trace(path, rows, layout.xs, run);
    count++;
  }
  context.lineWidth = 1;
  context.strokeStyle = theme.rest;
  context.globalAlpha = CONTEXT_LINE_ALPHA;
  context.stroke(rest);
  const { few, many, manyRuns } = LINE_ALPHA;
  context.globalAlpha = Math.max(many, few - ((few - many) * count) / manyRuns);
  const colors = shadeColors(theme);
  const order = [...buckets.keys()].sort((a, b) => rankOf(a) - rankOf(b));
  for (const shade of order) {
    context.strokeStyle = shade === SHADE_NONE ? theme.rest : cssOf(colors[shade] ?? [0, 0, 0]);
    context.stroke(buckets.get(shade)!);
  }
  context.globalAlpha = 1;
}

const rankOf = (shade: number): number => (shade === SHADE_NONE ? -1 : shade);

export function trace(path: Path2D, rows: readonly Float32Array[], xs: readonly number[], run: number): void {
  for (let i = 0; i < rows.length; i++) {
    const y = rows[i]![run]!;
    if (i === 0) path.moveTo(xs[0]!, y);
    else path.lineTo(xs[i]!, y);
  }
}

// Runs as points over two axes. Few are drawn one by one, the best on top; many become a raster in
// which opacity is their count and colour their mean objective: a heat map of the two.

import { LANE, SHADE_NONE, type Projection } from "../../data/axes";
import { DensityRaster } from "../density/raster";
import { cssOf, LINES_MAX, shadeColors } from "../parallel/lines";
import type { ChartTheme } from "../theme";

export interface ScatterInput {
  readonly x: Projection;
  readonly y: Projection;
  readonly shades: Uint8Array;
  readonly selected: Uint8Array | null;
  readonly lit: number | null;
}

export interface Plot {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const CELL_PX = 3;
const DOT_PX = 3;
const ALPHA_MIN = 120;
const REST_ALPHA = 0.25;
/** The lane of what is missing stands so far before the axis. */
const LANE_PX = 9;

export const placeX = ({ left, right }: Plot, unit: number): number =>
  unit === LANE ? left - LANE_PX : left + unit * (right - left);
export const placeY = ({ top, bottom }: Plot, unit: number): number =>
  unit === LANE ? bottom + LANE_PX : bottom - unit * (bottom - top);

export function paintScatter(context: CanvasRenderingContext2D, plot: Plot, input: ScatterInput, theme: ChartTheme): void {
  const { x, y, shades, selected, lit } = input;
  const runs = shades.length;
  const isIn = (run: number): boolean => selected === null || selected[run] === 1;
  if (runs > LINES_MAX) paintRaster(context, plot, input, theme);
  else {
    const colors = shadeColors(theme).map(cssOf);
    const order = Array.from({ length: runs }, (_, run) => run).sort(
      (a, b) => Number(isIn(a)) - Number(isIn(b)) || rank(shades[a]!) - rank(shades[b]!),
    );
    for (const run of order) {
      context.globalAlpha = isIn(run) ? 0.9 : REST_ALPHA;
      context.fillStyle = isIn(run) ? (colors[shades[run]!] ?? theme.rest) : theme.rest;
      dot(context, placeX(plot, x.units[run]!), placeY(plot, y.units[run]!), DOT_PX);
    }
    context.globalAlpha = 1;
  }
  if (lit === null) return;
  context.fillStyle = theme.bad;
  dot(context, placeX(plot, x.units[lit]!), placeY(plot, y.units[lit]!), DOT_PX + 4);
}

const rank = (shade: number): number => (shade === SHADE_NONE ? -1 : shade);

function dot(context: CanvasRenderingContext2D, x: number, y: number, size: number): void {
  context.fillRect(x - size / 2, y - size / 2, size, size);
}

function paintRaster(context: CanvasRenderingContext2D, plot: Plot, { x, y, shades, selected }: ScatterInput, theme: ChartTheme): void {
  const [left, top] = [plot.left - 2 * LANE_PX, plot.top - CELL_PX];
  const width = Math.ceil((plot.right + CELL_PX - left) / CELL_PX);
  const height = Math.ceil((plot.bottom + 2 * LANE_PX - top) / CELL_PX);
  const raster = new DensityRaster(width, height, "shade");
  for (let run = 0; run < shades.length; run++) {
    if (selected !== null && !selected[run]) continue;
    const shade = shades[run] === SHADE_NONE ? 0 : shades[run]!;
    raster.addPoint((placeX(plot, x.units[run]!) - left) / CELL_PX, (placeY(plot, y.units[run]!) - top) / CELL_PX, shade);
  }
  raster.finish();
  const image = raster.toShadedImage(shadeColors(theme), ALPHA_MIN);
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d")?.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(canvas, left, top, width * CELL_PX, height * CELL_PX);
}


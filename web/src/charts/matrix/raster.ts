// A confusion matrix as pixels. Where cells are smaller than a pixel, a pixel shows the worst of
// its cells: no mistake is hidden by shrinking.

import type { Grid, Measure, Window } from "../../data/grid";

export type Rgb = readonly [number, number, number];
export interface MatrixInk {
  ground: Rgb;
  right: Rgb;
  wrong: Rgb;
}
/** A cell with a single example is still seen. */
const LEAST = 0.16;

/** How strong the colour of a cell is, 0 to 1: by the square root, so that rare mistakes are seen. */
export function strength(value: number, most: number): number {
  if (value === 0 || most === 0) return 0;
  return LEAST + (1 - LEAST) * Math.sqrt(Math.min(1, Math.abs(value) / most));
}

/** Whether a cell is good news: a right answer, or in a difference more of them or fewer mistakes. */
export const isGood = (onDiagonal: boolean, value: number): boolean => onDiagonal === value > 0;

export const mix = (from: Rgb, to: Rgb, share: number): Rgb => [
  from[0] + (to[0] - from[0]) * share,
  from[1] + (to[1] - from[1]) * share,
  from[2] + (to[2] - from[2]) * share,
];

/** RGBA of the cells in view, a pixel a cell, or `pixels` a side when there are more cells. */
export function rasterize(
  grid: Grid,
  measure: Measure,
  view: Window,
  ink: MatrixInk,
  pixels: number,
): { side: number; data: Uint8ClampedArray<ArrayBuffer> } {
  const [firstRow, firstColumn] = [Math.floor(view.row), Math.floor(view.column)];
  const cells = Math.min(grid.size, Math.ceil(view.size) + 1);
  const side = Math.max(1, Math.min(cells, Math.floor(pixels)));
  const scale = side / cells;
  const data = new Uint8ClampedArray(side * side * 4);
  const strongest = new Float32Array(side * side);
  const most = grid.most(measure);
  const ground = new Uint8ClampedArray([...ink.ground, 255]);
  new Uint32Array(data.buffer).fill(new Uint32Array(ground.buffer)[0] ?? 0);
  for (let k = 0; k < grid.counts.length; k++) {
    const [row = 0, column = 0] = [grid.rows[k], grid.columns[k]];
    const y = Math.floor((row - firstRow) * scale);
    const x = Math.floor((column - firstColumn) * scale);
    if (x < 0 || y < 0 || x >= side || y >= side) continue;
    const onDiagonal = row === column;
    const value = grid.worth(k, measure);
    const share = strength(value, onDiagonal ? most.right : most.wrong);
    const good = isGood(onDiagonal, value);
    const rank = good ? share : 1 + share;
    const at = y * side + x;
    if (rank <= (strongest[at] ?? 0)) continue;
    strongest[at] = rank;
    const color = mix(ink.ground, good ? ink.right : ink.wrong, share);
    data[at * 4] = color[0];
    data[at * 4 + 1] = color[1];
    data[at * 4 + 2] = color[2];
  }
  return { side, data };
}

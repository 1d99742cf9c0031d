// The picture of a confusion matrix on a canvas: cells, numbers where there is room, labels.

import type { Grid, Measure, Window } from "../../data/grid";
import { elide, formatCount } from "../../data/format";
import { toRgb, type ChartTheme } from "../theme";
import { isGood, mix, rasterize, strength, type MatrixInk, type Rgb } from "./raster";

export interface Spot {
  row: number;
  column: number;
}
export interface Plot {
  left: number;
  top: number;
  side: number;
}
/** Cells of at least so many pixels hold their number, and their classes a label. */
const NUMBER_PX = 26;
const LABEL_PX = 13;
const LABEL_LENGTH = 14;
const MARGIN_PX = 22;

/** Where the cells are drawn in a box: labels take their room at the left and on top. */
export function plotOf(grid: Grid, width: number, height: number, view: Window): Plot {
  const longest = grid.classes.reduce((most, label) => Math.max(most, Math.min(LABEL_LENGTH, label.length)), 1);
  const isLabelled = Math.min(width, height) / view.size >= LABEL_PX;
  const margin = MARGIN_PX + (isLabelled ? longest * 7 + 6 : 0);
  return { left: margin, top: margin, side: Math.max(40, Math.min(width, height) - margin - 1) };
}

export function cellAt(plot: Plot, view: Window, x: number, y: number): Spot | null {
  const [column, row] = [(x - plot.left) / plot.side, (y - plot.top) / plot.side];
  if (column < 0 || row < 0 || column >= 1 || row >= 1) return null;
  return { row: Math.floor(view.row + row * view.size), column: Math.floor(view.column + column * view.size) };
}

export const textOf = (value: number, measure: Measure): string =>
  measure === "count" ? formatCount(value).replace("-", "−") : `${Math.round(value * 1000) / 10}`;

export interface Drawing {
  grid: Grid;
  measure: Measure;
  view: Window;
  plot: Plot;
  theme: ChartTheme;
  ratio: number;
  chosen: { row: number | null; column: number | null };
  hovered: Spot | null;
}

export function draw(context: CanvasRenderingContext2D, drawing: Drawing): void {
  const { view, plot, theme, ratio } = drawing;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, context.canvas.width, context.canvas.height);
  const ink: MatrixInk = { ground: toRgb(theme.panel), right: toRgb(theme.accent), wrong: toRgb(theme.bad) };
  context.save();
  context.beginPath();
  context.rect(plot.left, plot.top, plot.side, plot.side);
  context.clip();
  drawCells(context, drawing, ink);
  const cell = plot.side / view.size;
  if (cell >= NUMBER_PX) drawNumbers(context, drawing, ink);
  drawMarks(context, drawing, cell);
  context.restore();
  context.strokeStyle = theme.lineStrong;
  context.lineWidth = 1;
  context.strokeRect(plot.left - 0.5, plot.top - 0.5, plot.side + 1, plot.side + 1);
  context.font = `11px ${theme.font}`;
  context.fillStyle = theme.fg2;
  context.textBaseline = "middle";
  if (cell >= LABEL_PX) drawLabels(context, drawing, cell);
  context.textAlign = "center";
  context.fillText("predicted →", plot.left + plot.side / 2, 8);
  context.save();
  context.translate(8, plot.top + plot.side / 2);
  context.rotate(-Math.PI / 2);
  context.fillText("← true", 0, 0);
  context.restore();
}

function drawCells(context: CanvasRenderingContext2D, drawing: Drawing, ink: MatrixInk): void {
  const { grid, measure, view, plot, ratio } = drawing;
  const { side, data } = rasterize(grid, measure, view, ink, plot.side * ratio);
  const picture = new OffscreenCanvas(side, side);
  picture.getContext("2d")?.putImageData(new ImageData(data, side, side), 0, 0);
  context.imageSmoothingEnabled = false;
  const cells = Math.min(grid.size, Math.ceil(view.size) + 1);
  const cell = plot.side / view.size;
  context.drawImage(
    picture,
    plot.left + (Math.floor(view.column) - view.column) * cell,
    plot.top + (Math.floor(view.row) - view.row) * cell,
    cells * cell,
    cells * cell,
  );
}

/** Calls back for every cell in view that may be seen. */
function eachInView({ grid, view }: Drawing, call: (row: number, column: number) => void): void {
  for (let row = Math.floor(view.row); row < Math.min(grid.size, view.row + view.size); row++) {
    for (let column = Math.floor(view.column); column < Math.min(grid.size, view.column + view.size); column++) {
      call(row, column);
    }
  }
}

function drawNumbers(context: CanvasRenderingContext2D, drawing: Drawing, ink: MatrixInk): void {
  const { grid, measure, view, plot, theme } = drawing;
  const cell = plot.side / view.size;
  const most = grid.most(measure);
  context.font = `${cell > 44 ? 13 : 11}px ${theme.font}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  eachInView(drawing, (row, column) => {
    const value = grid.value(row, column, measure);
    if (value === 0) return;
    const onDiagonal = row === column;
    const share = strength(value, onDiagonal ? most.right : most.wrong);
    const ground = mix(ink.ground, isGood(onDiagonal, value) ? ink.right : ink.wrong, share);
    context.fillStyle = luminance(ground) > 0.18 ? "#16181d" : "#ffffff";
    context.fillText(textOf(value, measure), plot.left + (column - view.column + 0.5) * cell, plot.top + (row - view.row + 0.5) * cell);
  });
}

/** Relative luminance of WCAG; black on more than 0.18 reads better than white. */
function luminance(color: Rgb): number {
  const [red, green, blue] = color.map((part) => (part / 255) ** 2.2) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function drawMarks(context: CanvasRenderingContext2D, { view, plot, theme, chosen, hovered }: Drawing, cell: number): void {
  const outline = (row: number | null, column: number | null, color: string, width: number) => {
    context.strokeStyle = color;
    context.lineWidth = width;
    const x = column === null ? plot.left : plot.left + (column - view.column) * cell;
    const y = row === null ? plot.top : plot.top + (row - view.row) * cell;
    const least = Math.max(cell, 5);
    context.strokeRect(x + 1, y + 1, (column === null ? plot.side : least) - 2, (row === null ? plot.side : least) - 2);
  };
  if (hovered) outline(hovered.row, hovered.column, theme.fg2, 1);
  if (chosen.row !== null || chosen.column !== null) outline(chosen.row, chosen.column, theme.fg, 2);
}

function drawLabels(context: CanvasRenderingContext2D, { grid, view, plot }: Drawing, cell: number): void {
  for (let at = Math.ceil(view.row - 0.4); at < Math.min(grid.size, view.row + view.size - 0.4); at++) {
    context.textAlign = "right";
    context.fillText(elide(grid.classes[at] ?? "", LABEL_LENGTH), plot.left - 6, plot.top + (at - view.row + 0.5) * cell);
  }
  for (let at = Math.ceil(view.column - 0.4); at < Math.min(grid.size, view.column + view.size - 0.4); at++) {
    context.save();
    context.translate(plot.left + (at - view.column + 0.5) * cell, plot.top - 6);
    const label = elide(grid.classes[at] ?? "", LABEL_LENGTH);
    if (label.length > 2) {
      context.rotate(-Math.PI / 2);
      context.textAlign = "left";
      context.fillText(label, 0, 0);
    } else {
      context.textAlign = "center";
      context.fillText(label, 0, -6);
    }
    context.restore();
  }
}

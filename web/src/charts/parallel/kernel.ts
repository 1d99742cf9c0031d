// Parallel coordinates on two canvases: lines below, axes and the lit run above, so that a pointer
// that moves never draws ten thousand lines again.

import { cancelPaint, requestPaint } from "../scheduler";
import { readTheme } from "../theme";
import { paintFront, type FrontAxis } from "./front";
import { layoutOf, type ParallelLayout } from "./layout";
import { DenseLines, LINES_MAX, paintLines, rowsOf, type LinesInput } from "./lines";

export interface ParallelInput extends LinesInput {
  readonly front: readonly Omit<FrontAxis, "projection">[];
  /** The run that is lit, or null. */
  readonly lit: number | null;
  readonly themeVersion: unknown;
}

/** A pointer further from every line than this means none. */
const REACH_PX = 12;

export class ParallelKernel {
  readonly #lines = document.createElement("canvas");
  readonly #front = document.createElement("canvas");
  #input: ParallelInput | null = null;
  #layout: ParallelLayout = layoutOf(0, 0, 0);
  #rows: Float32Array[] = [];
  #dense: DenseLines | null = null;
  #painted: { input: ParallelInput; ratio: number } | null = null;
  #size = { width: 0, height: 0 };

  constructor(readonly host: HTMLElement) {
    for (const canvas of [this.#lines, this.#front]) {
      canvas.style.cssText = "position:absolute;inset:0;pointer-events:none";
      canvas.setAttribute("aria-hidden", "true");
      host.append(canvas);
    }
  }

  get layout(): ParallelLayout {
    return this.#layout;
  }

  update(input: ParallelInput, width: number, height: number): void {
    const before = this.#input;
    const isSameShape = before?.axes === input.axes && this.#size.width === width && this.#size.height === height;
    if (!isSameShape) {
      this.#layout = layoutOf(input.axes.length, width, height);
      this.#rows = rowsOf(input.axes, this.#layout);
      this.#size = { width, height };
    }
    if (!isSameShape || before?.shades !== input.shades || before.themeVersion !== input.themeVersion) {
      this.#dense = null;
      this.#painted = null;
    }
    this.#input = input;
    requestPaint(this);
  }

  paint(): void {
    const input = this.#input;
    const { width, height } = this.#size;
    if (!input || width < 1 || height < 1) return;
    const ratio = devicePixelRatio;
    const theme = readTheme(input.themeVersion);
    const last = this.#painted;
    if (last?.input.selected !== input.selected || last.ratio !== ratio) {
      const context = opened(this.#lines, width, height, ratio);
      if (input.shades.length > LINES_MAX) {
        this.#dense ??= new DenseLines(this.#rows, this.#layout, input.shades);
        this.#dense.paint(context, input.selected, theme);
      } else paintLines(context, this.#rows, this.#layout, input, theme);
    }
    const front = input.front.map((axis, i) => ({ ...axis, projection: input.axes[i]! }));
    const lit = input.lit === null ? null : { rows: this.#rows, run: input.lit };
    paintFront(opened(this.#front, width, height, ratio), this.#layout, front, lit, theme);
    this.#painted = { input, ratio };
  }

  /** The run whose line passes nearest to a place, of those that are brushed. */
  runAt(x: number, y: number): number | null {
    const { xs } = this.#layout;
    const selected = this.#input?.selected ?? null;
    const right = xs.findIndex((axis) => axis >= x);
    if (right < 0 || xs.length < 2) return null;
    const i = Math.max(1, right);
    const [from, to] = [xs[i - 1]!, xs[i]!];
    const part = (x - from) / (to - from);
    const [a, b] = [this.#rows[i - 1]!, this.#rows[i]!];
    let [nearest, distance] = [-1, REACH_PX];
    for (let run = 0; run < a.length; run++) {
      if (selected !== null && !selected[run]) continue;
      const away = Math.abs(a[run]! + (b[run]! - a[run]!) * part - y);
      if (away < distance) [nearest, distance] = [run, away];
    }
    return nearest < 0 ? null : nearest;
  }

  destroy(): void {
    cancelPaint(this);
    this.#lines.remove();
    this.#front.remove();
  }
}

function opened(canvas: HTMLCanvasElement, width: number, height: number, ratio: number): CanvasRenderingContext2D {
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== across) canvas.width = across;
  if (canvas.height !== down) canvas.height = down;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d")!;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

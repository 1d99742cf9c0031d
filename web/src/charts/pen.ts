// The one way charts draw: the same calls paint a canvas or write an SVG, so that an exported
// figure is the picture on the screen. Lengths are CSS pixels.

import type { Points } from "../data/decimate";

export interface Stroke {
  readonly color: string;
  readonly width: number;
  readonly dash?: readonly number[];
  readonly alpha?: number;
}

export interface TextStyle {
  readonly color: string;
  readonly align: "left" | "center" | "right";
  readonly isBold?: boolean;
  /** In CSS pixels; FONT_SIZE_PX when left out. */
  readonly size?: number;
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface Pen {
  /** Device pixels per CSS pixel; an SVG counts as 2. */
  readonly ratio: number;
  readonly font: string;
  /** `points` holds `size` floats, x and y in turn; NaN lifts the pen, a lone point is a dot. */
  polyline(points: Points, size: number, stroke: Stroke): void;
  area(points: Points, color: string, alpha: number): void;
  segment(x1: number, y1: number, x2: number, y2: number, stroke: Stroke): void;
  disc(x: number, y: number, radius: number, color: string): void;
  text(text: string, x: number, y: number, style: TextStyle): void;
  measure(text: string): number;
  /** A raster stretched over `box`; its pixels are device pixels. */
  image(image: ImageData, box: Box): void;
  rect(box: Box, color: string, alpha?: number): void;
  clip(box: Box, draw: () => void): void;
}

export const FONT_SIZE_PX = 11;

/**
 * Above this many points per pixel column a wide polyline is a filled area, and is drawn as
 * hairlines side by side: a wide stroke costs the software rasteriser up to thirteen of them.
 */
const DENSE_POINTS_PER_PIXEL = 2;

export class CanvasPen implements Pen {
  constructor(
    readonly context: CanvasRenderingContext2D,
    readonly ratio: number,
    readonly font: string,
  ) {}

  /** Empties the canvas and sets the unit to one CSS pixel. */
  begin(width: number, height: number, background?: string): void {
    const { context } = this;
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    if (background !== undefined) {
      context.fillStyle = background;
      context.fillRect(0, 0, width, height);
    }
    context.font = `${FONT_SIZE_PX}px ${this.font}`;
    context.textBaseline = "middle";
    context.lineJoin = "bevel"; // a mitre would overshoot the top of a spike
    context.lineCap = "butt";
  }

  polyline(points: Points, size: number, stroke: Stroke): void {
    const { context } = this;
    this.#setStroke(stroke);
    const path = new Path2D();
    let isDown = false;
    for (let i = 0; i < size; i += 2) {
      const x = points[i]!;
      if (x !== x) isDown = false;
      else if (isDown) path.lineTo(x, points[i + 1]!);
      else {
        path.moveTo(x, points[i + 1]!);
        isDown = true;
      }
    }
    const passes = Math.round(stroke.width * this.ratio);
    const isDense = size / 2 > context.canvas.width * DENSE_POINTS_PER_PIXEL;
    if (passes > 1 && isDense && (stroke.dash?.length ?? 0) === 0) {
      this.#strokeThin(path, stroke.width, passes);
    } else context.stroke(path);
    const dots = lonePoints(points, size);
    if (dots.length > 0) {
      context.fillStyle = stroke.color;
      context.beginPath();
      const radius = dotRadius(stroke);
      for (const i of dots) {
        context.moveTo(points[i]! + radius, points[i + 1]!);
        context.arc(points[i]!, points[i + 1]!, radius, 0, 2 * Math.PI);
      }
      context.fill();
    }
    this.#reset(stroke);
  }

  area(points: Points, color: string, alpha: number): void {
    const { context } = this;
    context.globalAlpha = alpha;
    context.fillStyle = color;
    context.beginPath();
    for (let i = 0; i < points.length; i += 2) {
      if (i === 0) context.moveTo(points[0]!, points[1]!);
      else context.lineTo(points[i]!, points[i + 1]!);
    }
    context.fill();
    context.globalAlpha = 1;
  }

  segment(x1: number, y1: number, x2: number, y2: number, stroke: Stroke): void {
    const { context } = this;
    this.#setStroke(stroke);
    context.beginPath();
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
    context.stroke();
    this.#reset(stroke);
  }

  disc(x: number, y: number, radius: number, color: string): void {
    const { context } = this;
    context.fillStyle = color;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
  }

  text(text: string, x: number, y: number, style: TextStyle): void {
    const { context } = this;
    const isPlain = !style.isBold && style.size === undefined;
    if (!isPlain) {
      context.font = `${style.isBold ? "600 " : ""}${style.size ?? FONT_SIZE_PX}px ${this.font}`;
    }
    context.fillStyle = style.color;
    context.textAlign = style.align;
    context.fillText(text, x, y);
    if (!isPlain) context.font = `${FONT_SIZE_PX}px ${this.font}`;
  }

  measure(text: string): number {
    return this.context.measureText(text).width;
  }

  image(image: ImageData, box: Box): void {
    const canvas = new OffscreenCanvas(image.width, image.height);
    canvas.getContext("2d")?.putImageData(image, 0, 0);
    const { context } = this;
    context.imageSmoothingEnabled = false;
    context.drawImage(canvas, box.left, box.top, box.width, box.height);
  }

  rect(box: Box, color: string, alpha = 1): void {
    const { context } = this;
    context.globalAlpha = alpha;
    context.fillStyle = color;
    context.fillRect(box.left, box.top, box.width, box.height);
    context.globalAlpha = 1;
  }

  clip(box: Box, draw: () => void): void {
    const { context } = this;
    context.save();
    context.beginPath();
    context.rect(box.left, box.top, box.width, box.height);
    context.clip();
    draw();
    context.restore();
  }

  /** A wide line as hairlines side by side, over the width of the stroke. */
  #strokeThin(path: Path2D, width: number, passes: number): void {
    const { context, ratio } = this;
    const spread = width - 1 / ratio;
    context.lineWidth = 1 / ratio;
    for (let pass = 0; pass < passes; pass++) {
      const shift = passes === 1 ? 0 : (pass / (passes - 1) - 0.5) * spread;
      context.translate(shift, shift);
      context.stroke(path);
      context.translate(-shift, -shift);
    }
  }

  #setStroke(stroke: Stroke): void {
    const { context } = this;
    context.strokeStyle = stroke.color;
    context.lineWidth = stroke.width;
    if (stroke.alpha !== undefined) context.globalAlpha = stroke.alpha;
    if (stroke.dash !== undefined && stroke.dash.length > 0) context.setLineDash([...stroke.dash]);
  }

  #reset(stroke: Stroke): void {
    if (stroke.alpha !== undefined) this.context.globalAlpha = 1;
    if (stroke.dash !== undefined && stroke.dash.length > 0) this.context.setLineDash([]);
  }
}

/** A dot must be seen where a line of the same width would be. */
const DOT_RADIUS_MIN_PX = 2.5;

export function dotRadius(stroke: Stroke): number {
  return Math.max(DOT_RADIUS_MIN_PX, stroke.width);
}

/** A stretch shorter than this would leave no ink on the plot. */
const STRETCH_MIN_PX = 1;
const NO_DOTS: readonly number[] = [];

/** Where each stretch between two gaps starts that is too short to be seen as a line. */
export function lonePoints(points: Points, size: number): readonly number[] {
  let dots: number[] | null = null;
  let start = -1;
  let reach = 0;
  for (let i = 0; i <= size; i += 2) {
    const x = i < size ? points[i]! : NaN;
    if (x !== x) {
      if (start >= 0 && reach < STRETCH_MIN_PX) (dots ??= []).push(start);
      start = -1;
    } else if (start < 0) {
      start = i;
      reach = 0;
    } else if (reach < STRETCH_MIN_PX) {
      const dy = Math.abs(points[i + 1]! - points[start + 1]!);
      reach = Math.max(reach, Math.abs(x - points[start]!), dy);
    }
  }
  return dots ?? NO_DOTS;
}

/** The pixel edge nearest to `value`, moved so that a one-device-pixel line fills one row. */
export function crisp(value: number, ratio: number): number {
  return (Math.round(value * ratio) + 0.5) / ratio;
}

/** Gives a canvas the pixels of its size; setting a size clears, so only when it changed. */
export function fitCanvas(
  canvas: HTMLCanvasElement,
  { width, height }: { readonly width: number; readonly height: number },
  ratio: number,
): void {
  const pixelWidth = Math.round(width * ratio);
  const pixelHeight = Math.round(height * ratio);
  if (canvas.width !== pixelWidth) canvas.width = pixelWidth;
  if (canvas.height !== pixelHeight) canvas.height = pixelHeight;
}

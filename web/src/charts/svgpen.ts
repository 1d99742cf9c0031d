// A pen that writes SVG: the exported figure has real lines and real text.

import type { Points } from "../data/decimate";
import { dotRadius, FONT_SIZE_PX, lonePoints, type Box, type Pen, type Stroke, type TextStyle } from "./pen";
import { toRgb } from "./theme";

export class SvgPen implements Pen {
  /** Twice the pixels of the screen decide how finely curves are reduced. */
  readonly ratio = 2;
  readonly #parts: string[] = [];
  #clipCount = 0;

  /** `measureText` is the canvas' measure; SVG text has no width until it is shown. */
  constructor(
    readonly font: string,
    private readonly measureText: (text: string) => number,
  ) {}

  polyline(points: Points, size: number, stroke: Stroke): void {
    let path = "";
    let runLength = 0;
    for (let i = 0; i < size; i += 2) {
      const x = points[i]!;
      if (x !== x) {
        runLength = 0;
        continue;
      }
      path += `${runLength++ === 0 ? "M" : "L"}${short(x)} ${short(points[i + 1]!)}`;
    }
    if (path !== "") this.#parts.push(`<path d="${path}" fill="none"${strokeText(stroke)}/>`);
    const dots = lonePoints(points, size);
    for (const i of dots) this.disc(points[i]!, points[i + 1]!, dotRadius(stroke), stroke.color);
  }

  area(points: Points, color: string, alpha: number): void {
    let path = "";
    for (let i = 0; i < points.length; i += 2) {
      path += `${i === 0 ? "M" : "L"}${short(points[i]!)} ${short(points[i + 1]!)}`;
    }
    this.#parts.push(`<path d="${path}Z" fill="${hex(color)}" fill-opacity="${alpha}"/>`);
  }

  segment(x1: number, y1: number, x2: number, y2: number, stroke: Stroke): void {
    this.#parts.push(
      `<path d="M${short(x1)} ${short(y1)}L${short(x2)} ${short(y2)}"${strokeText(stroke)}/>`,
    );
  }

  disc(x: number, y: number, radius: number, color: string): void {
    this.#parts.push(
      `<circle cx="${short(x)}" cy="${short(y)}" r="${radius}" fill="${hex(color)}"/>`,
    );
  }

  text(text: string, x: number, y: number, style: TextStyle): void {
    const anchor = { left: "start", center: "middle", right: "end" }[style.align];
    this.#parts.push(
      `<text x="${short(x)}" y="${short(y)}" text-anchor="${anchor}" ` +
        `fill="${hex(style.color)}"` +
        `${style.isBold ? ' font-weight="600"' : ""}` +
        `${style.size === undefined ? "" : ` font-size="${style.size}"`}>${escaped(text)}</text>`,
    );
  }

  measure(text: string): number {
    return this.measureText(text);
  }

  image(image: ImageData, box: Box): void {
    const canvas = document.createElement("canvas");
    canvas.width = image.width;
    canvas.height = image.height;
    canvas.getContext("2d")?.putImageData(image, 0, 0);
    const source = canvas.toDataURL("image/png");
    this.#parts.push(`<image ${boxText(box)} image-rendering="pixelated" href="${source}"/>`);
  }

  rect(box: Box, color: string, alpha = 1): void {
    this.#parts.push(`<rect ${boxText(box)} fill="${hex(color)}" fill-opacity="${alpha}"/>`);
  }

  clip(box: Box, draw: () => void): void {
    const id = `plot${this.#clipCount++}`;
    this.#parts.push(`<clipPath id="${id}"><rect ${boxText(box)}/></clipPath>`);
    this.#parts.push(`<g clip-path="url(#${id})">`);
    draw();
    this.#parts.push("</g>");
  }

  /** Draws with the origin moved by (x, y). */
  move(x: number, y: number, draw: () => void): void {
    this.#parts.push(`<g transform="translate(${short(x)} ${short(y)})">`);
    draw();
    this.#parts.push("</g>");
  }

  /** The whole document. */
  finish(width: number, height: number): string {
    return (
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
      `viewBox="0 0 ${width} ${height}" font-family="${escaped(this.font)}" ` +
      `font-size="${FONT_SIZE_PX}" dominant-baseline="central" stroke-linejoin="bevel">` +
      `${this.#parts.join("\n")}</svg>\n`
    );
  }
}

function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function boxText(box: Box): string {
  return (
    `x="${short(box.left)}" y="${short(box.top)}" ` +
    `width="${short(box.width)}" height="${short(box.height)}"`
  );
}

function strokeText({ color, width, dash, alpha }: Stroke): string {
  const dashes = dash && dash.length > 0 ? ` stroke-dasharray="${dash.join(" ")}"` : "";
  const opacity = alpha === undefined ? "" : ` stroke-opacity="${alpha}"`;
  return ` stroke="${hex(color)}" stroke-width="${width}"${dashes}${opacity}`;
}

/** Few programs that open an SVG know the colours of CSS, such as oklch(). */
function hex(color: string): string {
  return `#${toRgb(color)
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("")}`;
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

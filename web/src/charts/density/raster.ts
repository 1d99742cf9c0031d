// A thousand curves as a picture of counts: each pixel knows how many series pass through it.
//
// Per series and pixel column the curve covers one span of rows. The span is written as +1 at
// its first row and -1 below its last; one running sum per column turns these differences into
// counts. So a series costs two additions per column, however steep or noisy it is.
// Every series counts, a spike of one step included; nothing is sampled.

import type { Points } from "../../data/decimate";

export type Rgb = readonly [red: number, green: number, blue: number];

export class DensityRaster {
  /** Differences while accumulating, counts after `finish`; column-major, `height + 1` rows. */
  readonly counts: Int32Array;
  countMax = 0;
  seriesCount = 0;
  readonly #stride: number;
  /** Sums of red, green, blue per pixel, only when colours differ between series. */
  readonly #hues: readonly [Float32Array, Float32Array, Float32Array] | null;
  readonly #low: Float32Array;
  readonly #high: Float32Array;

  constructor(
    readonly width: number,
    readonly height: number,
    hasHues = false,
  ) {
    this.#stride = height + 1;
    const size = width * this.#stride;
    this.counts = new Int32Array(size);
    this.#hues = hasHues
      ? [new Float32Array(size), new Float32Array(size), new Float32Array(size)]
      : null;
    this.#low = new Float32Array(width);
    this.#high = new Float32Array(width);
  }

  /** Adds one polyline, in raster pixels from the top left; NaN lifts the pen. */
  add(points: Points, size: number, hue?: Rgb): void {
    const low = this.#low.fill(Infinity);
    const high = this.#high.fill(-Infinity);
    let x1 = NaN;
    let y1 = NaN;
    for (let i = 0; i < size; i += 2) {
      const x2 = points[i]!;
      const y2 = points[i + 1]!;
      if (x2 === x2) {
        if (x1 === x1) this.#cover(x1, y1, x2, y2);
        else this.#cover(x2, y2, x2, y2);
      }
      x1 = x2;
      y1 = y2;
    }
    this.seriesCount++;
    this.#write(low, high, hue);
  }

  /** Widens the spans of all columns that the segment crosses. */
  #cover(x1: number, y1: number, x2: number, y2: number): void {
    const low = this.#low;
    const high = this.#high;
    if (x2 < x1) {
      let t = x1;
      x1 = x2;
      x2 = t;
      t = y1;
      y1 = y2;
      y2 = t;
    }
    let column = Math.floor(x1);
    const last = Math.floor(x2);
    if (last < 0 || column >= this.width) return;
    if (column === last) {
      if (y1 < y2) {
        if (y1 < low[column]!) low[column] = y1;
        if (y2 > high[column]!) high[column] = y2;
      } else {
        if (y2 < low[column]!) low[column] = y2;
        if (y1 > high[column]!) high[column] = y1;
      }
      return;
    }
    const slope = (y2 - y1) / (x2 - x1);
    let y = y1;
    if (column < 0) {
      y = y1 - slope * x1;
      column = 0;
    }
    const end = last < this.width ? last : this.width - 1;
    for (; column <= end; column++) {
      const next = column === last ? y2 : y1 + slope * (column + 1 - x1);
      const top = y < next ? y : next;
      const bottom = y < next ? next : y;
      if (top < low[column]!) low[column] = top;
      if (bottom > high[column]!) high[column] = bottom;
      y = next;
    }
  }

  #write(low: Float32Array, high: Float32Array, hue?: Rgb): void {
    const { counts, height } = this;
    const hues = this.#hues;
    for (let column = 0; column < this.width; column++) {
      const top = low[column]!;
      const bottom = high[column]!;
      if (!(top <= bottom) || bottom < 0 || top >= height) continue;
      const base = column * this.#stride;
      const from = base + (top > 0 ? Math.floor(top) : 0);
      const to = base + (bottom < height ? Math.floor(bottom) + 1 : height);
      counts[from]!++;
      counts[to]!--;
      if (hues !== null && hue !== undefined) {
        for (let c = 0; c < 3; c++) {
          hues[c]![from]! += hue[c]!;
          hues[c]![to]! -= hue[c]!;
        }
      }
    }
  }

  /** Turns differences into counts. */
  finish(): void {
    const { counts, width, height } = this;
    let countMax = 0;
    for (let column = 0; column < width; column++) {
      const base = column * this.#stride;
      let sum = 0;
      for (let row = 0; row < height; row++) {
        sum += counts[base + row]!;
        counts[base + row] = sum;
        if (sum > countMax) countMax = sum;
      }
    }
    this.countMax = countMax;
    for (const hue of this.#hues ?? []) {
      for (let column = 0; column < width; column++) {
        const base = column * this.#stride;
        for (let row = 1; row < height; row++) hue[base + row]! += hue[base + row - 1]!;
      }
    }
  }

  countAt(column: number, row: number): number {
    return this.counts[column * this.#stride + row] ?? 0;
  }

  /** The counts as colour: one series is light but seen, the busiest pixels are full. */
  toImage(ink: DensityInk): ImageData {
    const { counts, width, height } = this;
    const image = new ImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    const ramp = inkRamp(ink, this.countMax, busyCount(counts));
    const hues = this.#hues;
    for (let column = 0; column < width; column++) {
      const base = column * this.#stride;
      for (let row = 0; row < height; row++) {
        const count = counts[base + row]!;
        if (count === 0) continue;
        let pixel = ramp[count]!;
        if (hues !== null) {
          const at = base + row;
          const [red, green, blue] = hues;
          pixel = packed([red[at]! / count, green[at]! / count, blue[at]! / count], pixel >>> 24);
        }
        pixels[row * width + column] = pixel;
      }
    }
    return image;
  }
}

/** Colours for few, many and most series in a pixel. */
export type DensityInk = readonly [few: Rgb, many: Rgb, most: Rgb];

const ALPHA_MIN = 110; // of 255: a single run among a thousand must still be seen
const ALPHA_MAX = 250;

/** Packed RGBA by count: logarithmic, so that one run and all runs both show. */
export function inkRamp(ink: DensityInk, countMax: number, countFull: number): Uint32Array {
  const ramp = new Uint32Array(countMax + 1);
  const full = Math.log(Math.max(2, countFull));
  for (let count = 1; count <= countMax; count++) {
    const share = Math.min(1, Math.log(count) / full) ** 1.4;
    const [from, to, part] =
      share < 0.5 ? [ink[0], ink[1], share * 2] : [ink[1], ink[2], share * 2 - 1];
    const mixed: Rgb = [
      from[0] + (to[0] - from[0]) * part,
      from[1] + (to[1] - from[1]) * part,
      from[2] + (to[2] - from[2]) * part,
    ];
    ramp[count] = packed(mixed, ALPHA_MIN + (ALPHA_MAX - ALPHA_MIN) * share);
  }
  return ramp;
}

/** One pixel of little-endian RGBA. */
function packed([red, green, blue]: Rgb, alpha: number): number {
  return ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/** The count 99 % of the covered pixels stay below: a few busy pixels must not dim the rest. */
function busyCount(counts: Int32Array): number {
  const sample: number[] = [];
  const stride = Math.max(1, Math.floor(counts.length / 20_000)) | 1; // odd, so that rows vary
  for (let i = 0; i < counts.length; i += stride) if (counts[i]! > 0) sample.push(counts[i]!);
  if (sample.length === 0) return 1;
  sample.sort((a, b) => a - b);
  return sample[Math.floor(sample.length * 0.99)]!;
}

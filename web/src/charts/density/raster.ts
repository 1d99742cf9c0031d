// A thousand curves as a picture of counts: each pixel knows how many series pass through it.
//
// Per series and pixel column the curve covers one span of rows. The span is written as +1 at
// its first row and -1 below its last; one running sum per column turns these differences into
// counts. So a series costs two additions per column, however steep or noisy it is.
// Every series counts, a spike of one step included; nothing is sampled.
//
// Differences and counts are kept apart, so that a series can be taken away again: what is brushed
// changes by a few runs between two frames, and only those cost anything.

import type { Points } from "../../data/decimate";

export type Rgb = readonly [red: number, green: number, blue: number];

/** What a pixel knows beside its count: nothing, the mean colour, or the mean of one number. */
export type RasterKind = "count" | "hue" | "shade";

/** Shades are whole numbers from 0 to `SHADES - 1`, so that taking one away leaves no rest. */
export const SHADES = 64;

export class DensityRaster {
  /** Series per pixel after `finish`; column-major, `height + 1` rows. */
  readonly counts: Int32Array;
  countMax = 0;
  seriesCount = 0;
  readonly #stride: number;
  /** Where a span begins (+) and ends (-), in the same order. */
  readonly #steps: Int32Array;
  /** Sums of red, green, blue per pixel, only when colours differ between series. */
  readonly #hues: readonly [Float32Array, Float32Array, Float32Array] | null;
  readonly #shadeSteps: Int32Array | null;
  readonly #shades: Int32Array | null;
  readonly #low: Float32Array;
  readonly #high: Float32Array;
  /** 1 for columns that are the one before them again. */
  readonly #repeated: Uint8Array;
  /** Where a line between two rows is kept while a fan is bundled; 0 is nowhere. */
  #places: Int32Array | null = null;
  /** Columns that the polyline being added has touched. */
  #from = 0;
  #to = -1;

  constructor(
    readonly width: number,
    readonly height: number,
    readonly kind: RasterKind = "count",
  ) {
    this.#stride = height + 1;
    const size = width * this.#stride;
    this.counts = new Int32Array(size);
    this.#steps = new Int32Array(size);
    this.#hues =
      kind === "hue" ? [new Float32Array(size), new Float32Array(size), new Float32Array(size)] : null;
    this.#shades = kind === "shade" ? new Int32Array(size) : null;
    this.#shadeSteps = kind === "shade" ? new Int32Array(size) : null;
    this.#repeated = new Uint8Array(width);
    this.#low = new Float32Array(width).fill(Infinity);
    this.#high = new Float32Array(width).fill(-Infinity);
  }

  /** Becomes what `other` is, which has the same size and kind. */
  copy(other: DensityRaster): void {
    this.#steps.set(other.#steps);
    if (other.#shadeSteps) this.#shadeSteps?.set(other.#shadeSteps);
    this.#repeated.set(other.#repeated);
    this.seriesCount = other.seriesCount;
  }

  clear(): void {
    this.#steps.fill(0);
    this.#shadeSteps?.fill(0);
    this.seriesCount = 0;
  }

  /** Adds one polyline, in raster pixels from the top left; NaN lifts the pen. */
  add(points: Points, size: number, hue?: Rgb): void {
    this.#from = this.width;
    this.#to = -1;
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
    this.#write(hue);
  }

  /**
   * Adds straight lines that all go from column `x1` to column `x2`, the latter left out: from the
   * rows `left` to the rows `right`, which lie within the raster. Lines between the same two rows are
   * one line that counts several times; and all is written column by column, so that what is touched
   * lies close together. `sign` -1 takes lines away that were added before. With `pace` 2 every
   * second column is the one before it again: half the work where lines lie dense. For rasters of
   * shades.
   */
  addFan(
    [x1, x2]: readonly [number, number],
    [left, right]: readonly [Float32Array, Float32Array],
    shades: Uint8Array,
    sign: 1 | -1,
    pace: 1 | 2 = 1,
  ): void {
    const { high, slopes, counts, sums, turned } = this.#bundle(left, right, shades, 1 / (x2 - x1), sign);
    const count = high.length;
    const steps = this.#steps;
    const shadeSteps = this.#shadeSteps!;
    for (let column = x1; column < x2; column += pace) {
      const base = column * this.#stride;
      const near = column - x1;
      const far = Math.min(near + pace, x2 - x1);
      if (pace === 2 && column + 1 < x2) this.#repeated[column + 1] = 1;
      // Lines that go down have their upper end on the left of a column, the others on its right.
      for (let i = 0; i < turned; i++) {
        const from = base + ((high[i]! + slopes[i]! * near) | 0);
        const to = base + ((high[i]! + slopes[i]! * far) | 0) + 1;
        steps[from]! += counts[i]!;
        steps[to]! -= counts[i]!;
        shadeSteps[from]! += sums[i]!;
        shadeSteps[to]! -= sums[i]!;
      }
      for (let i = turned; i < count; i++) {
        const from = base + ((high[i]! + slopes[i]! * far) | 0);
        const to = base + ((high[i]! + slopes[i]! * near) | 0) + 1;
        steps[from]! += counts[i]!;
        steps[to]! -= counts[i]!;
        shadeSteps[from]! += sums[i]!;
        shadeSteps[to]! -= sums[i]!;
      }
    }
  }

  /** The different lines of a fan, those that go down (to greater rows) first: `turned` of them. */
  #bundle(left: Float32Array, right: Float32Array, shades: Uint8Array, share: number, sign: 1 | -1) {
    const { height } = this;
    const places = (this.#places ??= new Int32Array(height * height));
    const keys = new Int32Array(left.length);
    const counts = new Int32Array(left.length);
    const sums = new Int32Array(left.length);
    let found = 0;
    for (let i = 0; i < left.length; i++) {
      const key = (left[i]! | 0) * height + (right[i]! | 0);
      let place = places[key]! - 1;
      if (place < 0) {
        place = found++;
        places[key] = found;
        keys[place] = key;
      }
      counts[place]! += sign;
      sums[place]! += shades[i]! * sign;
    }
    const [high, slopes] = [new Float32Array(found), new Float32Array(found)];
    const [lines, shaded] = [new Int32Array(found), new Int32Array(found)];
    let [first, last] = [0, found];
    for (let i = 0; i < found; i++) {
      const key = keys[i]!;
      places[key] = 0; // as it was, for the next fan
      const from = (key / height) | 0;
      const to = key - from * height;
      const at = to >= from ? first++ : --last;
      high[at] = from + 0.5;
      slopes[at] = (to - from) * share;
      lines[at] = counts[i]!;
      shaded[at] = sums[i]!;
    }
    return { high, slopes, counts: lines, sums: shaded, turned: first };
  }

  /** Adds one pixel to a raster of shades. */
  addPoint(column: number, row: number, shade: number): void {
    if (!(column >= 0 && column < this.width && row >= 0 && row < this.height)) return;
    const at = Math.floor(column) * this.#stride + Math.floor(row);
    this.#steps[at]! += 1;
    this.#steps[at + 1]! -= 1;
    this.#shadeSteps![at]! += shade;
    this.#shadeSteps![at + 1]! -= shade;
    this.seriesCount++;
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
    if (column < this.#from) this.#from = column < 0 ? 0 : column;
    if (last > this.#to) this.#to = last < this.width ? last : this.width - 1;
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

  #write(hue?: Rgb): void {
    const { height } = this;
    const steps = this.#steps;
    const low = this.#low;
    const high = this.#high;
    const hues = this.#hues;
    for (let column = this.#from; column <= this.#to; column++) {
      const top = low[column]!;
      const bottom = high[column]!;
      low[column] = Infinity;
      high[column] = -Infinity;
      if (!(top <= bottom) || bottom < 0 || top >= height) continue;
      const base = column * this.#stride;
      const from = base + (top > 0 ? Math.floor(top) : 0);
      const to = base + (bottom < height ? Math.floor(bottom) + 1 : height);
      steps[from]!++;
      steps[to]!--;
      if (hues !== null && hue !== undefined) {
        for (let c = 0; c < 3; c++) {
          hues[c]![from]! += hue[c]!;
          hues[c]![to]! -= hue[c]!;
        }
      }
    }
  }

  /** Sums differences up to counts. More may be added afterwards, and `finish` called again. */
  finish(): void {
    const { counts, width, height } = this;
    const steps = this.#steps;
    let countMax = 0;
    for (let column = 0; column < width; column++) {
      const base = column * this.#stride;
      let sum = 0;
      for (let at = base; at < base + height; at++) {
        sum += steps[at]!;
        counts[at] = sum;
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
    if (this.#shades === null || this.#shadeSteps === null) return;
    for (let column = 0; column < width; column++) {
      const base = column * this.#stride;
      let sum = 0;
      for (let at = base; at < base + height; at++) {
        sum += this.#shadeSteps[at]!;
        this.#shades[at] = sum;
      }
    }
    for (let column = 1; column < width; column++) {
      if (!this.#repeated[column]) continue;
      const base = column * this.#stride;
      counts.copyWithin(base, base - this.#stride, base);
      this.#shades.copyWithin(base, base - this.#stride, base);
    }
  }

  countAt(column: number, row: number): number {
    return this.counts[column * this.#stride + row] ?? 0;
  }

  /** The mean shade of the series in a pixel; 0 where there is none. */
  shadeAt(column: number, row: number): number {
    const at = column * this.#stride + row;
    return (this.#shades?.[at] ?? 0) / Math.max(1, this.counts[at] ?? 0);
  }

  /** Counts as opacity, the mean shade as colour: `shades` has one for each. */
  toShadedImage(shades: readonly Rgb[], alphaMin: number): ImageData {
    const { counts, width, height } = this;
    const image = new ImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    const colors = Uint32Array.from(shades, (rgb) => packed(rgb, 0));
    const alphas = alphaRamp(this.countMax, busyCount(counts), alphaMin);
    const sums = this.#shades!;
    for (let column = 0; column < width; column++) {
      const base = column * this.#stride;
      for (let row = 0; row < height; row++) {
        const count = counts[base + row]!;
        if (count === 0) continue;
        const shade = (sums[base + row]! / count) | 0;
        pixels[row * width + column] = colors[shade]! | alphas[count]!;
      }
    }
    return image;
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

/** Opacity by count, shifted to its byte. */
function alphaRamp(countMax: number, countFull: number, alphaMin: number): Uint32Array {
  const ramp = new Uint32Array(countMax + 1);
  const full = Math.log(Math.max(2, countFull));
  for (let count = 1; count <= countMax; count++) {
    const share = Math.min(1, Math.log(count) / full);
    ramp[count] = ((alphaMin + (ALPHA_MAX - alphaMin) * share) << 24) >>> 0;
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

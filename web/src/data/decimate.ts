// M4 in pixel space: of all points that fall into one pixel column the first, the lowest, the
// highest and the last are kept, in their order. The picture is the same as with every point,
// and a spike of one step always stays (Jugel et al., "M4", VLDB 2014).

/** Interleaved x, y of a polyline; a NaN pair lifts the pen. */
export type Points = Float32Array;

/** The most floats that `decimate` can write for `count` points. */
export function pointsCapacity(count: number): number {
  return 4 * count + 4;
}

/**
 * Writes the polyline through (px[i], py[i]) to `out` and returns the number of floats written.
 * `columnWidth` is the width of a pixel column in the units of `px`. Order of x does not matter
 * for correctness: a point that goes back simply opens its column again.
 */
export function decimate(
  px: Float32Array,
  py: Float32Array,
  count: number,
  columnWidth: number,
  out: Points,
): number {
  let size = 0;
  let isPenDown = false;
  const inverse = 1 / columnWidth;
  let i = 0;
  while (i < count) {
    const y = py[i]!;
    const x = px[i]!;
    if (y - y !== 0 || x - x !== 0) {
      // NaN, or a place no pixel has
      if (isPenDown) {
        out[size++] = NaN;
        out[size++] = NaN;
        isPenDown = false;
      }
      i++;
      continue;
    }
    const column = Math.floor(x * inverse);
    const first = i;
    let low = i;
    let high = i;
    let lowY = y;
    let highY = y;
    i++;
    while (i < count) {
      const nextY = py[i]!;
      if (nextY - nextY !== 0 || Math.floor(px[i]! * inverse) !== column) break;
      if (nextY < lowY) {
        lowY = nextY;
        low = i;
      } else if (nextY > highY) {
        highY = nextY;
        high = i;
      }
      i++;
    }
    const last = i - 1;
    out[size++] = x;
    out[size++] = y;
    const near = low < high ? low : high;
    const far = low < high ? high : low;
    if (near > first && near < last) {
      out[size++] = px[near]!;
      out[size++] = py[near]!;
    }
    if (far > first && far < last && far !== near) {
      out[size++] = px[far]!;
      out[size++] = py[far]!;
    }
    if (last > first) {
      out[size++] = px[last]!;
      out[size++] = py[last]!;
    }
    isPenDown = true;
  }
  return size;
}

/** One outline per unbroken stretch of a band: along the upper edge, back along the lower. */
export function outlines(
  px: Float32Array,
  low: Float32Array,
  high: Float32Array,
  count: number,
  columnWidth: number,
): Points[] {
  const found: Points[] = [];
  const inverse = 1 / columnWidth;
  let upper: number[] = [];
  let lower: number[] = [];
  const close = (): void => {
    if (upper.length > 0) {
      for (let k = lower.length - 2; k >= 0; k -= 2) upper.push(lower[k]!, lower[k + 1]!);
      found.push(Float32Array.from(upper));
    }
    upper = [];
    lower = [];
  };
  let i = 0;
  while (i < count) {
    if (low[i]! !== low[i]! || high[i]! !== high[i]! || px[i]! !== px[i]!) {
      close();
      i++;
      continue;
    }
    // Pixels grow downwards or upwards as the caller likes: keep the outermost of both edges.
    const first = i;
    const column = Math.floor(px[i]! * inverse);
    const isFlipped = low[i]! > high[i]!;
    let bottom = low[i]!;
    let top = high[i]!;
    i++;
    while (i < count && Math.floor(px[i]! * inverse) === column) {
      if (low[i]! !== low[i]! || high[i]! !== high[i]!) break;
      bottom = isFlipped ? Math.max(bottom, low[i]!) : Math.min(bottom, low[i]!);
      top = isFlipped ? Math.min(top, high[i]!) : Math.max(top, high[i]!);
      i++;
    }
    upper.push(px[first]!, top);
    lower.push(px[first]!, bottom);
  }
  close();
  return found;
}

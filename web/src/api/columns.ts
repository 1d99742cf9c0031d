// The binary answer of the server: a JSON header that names typed arrays, then their bytes.
// Arrays are views on the response, never copies; see docs/formats for the byte layout.

import type { Column, NonFinite, Series } from "../data/series";

export const COLUMNS_TYPE = "application/vnd.peira.columns";

const MAGIC = 0x4c4f4350; // "PCOL", little-endian
const PREFIX_BYTES = 8;

type Dtype = "f64" | "f32" | "i32" | "u8" | "i64";

export type TypedArray = Float64Array | Float32Array | Int32Array | Uint8Array | BigInt64Array;

interface ArrayHeader {
  readonly name: string;
  readonly dtype: Dtype;
  /** Byte offset from the start of the data section. */
  readonly offset: number;
  readonly count: number;
}

export interface SeriesHeader {
  /** Null for a group of runs. */
  readonly run: string | null;
  readonly key: string;
  readonly label?: string;
  readonly group?: Readonly<Record<string, unknown>>;
  /** Stored points in view, over all runs of a group. */
  readonly n: number;
  readonly nonfinite?: number;
  readonly exact?: boolean;
  readonly x0?: number;
  readonly y0?: number;
  readonly first: number;
  readonly count: number;
  /** Range of the smoothed curve in the same arrays; the main range is always as logged. */
  readonly smooth?: { readonly first: number; readonly count: number } | null;
  /** x without `x0` subtracted. */
  readonly marks?: readonly (readonly [number, NonFinite])[];
  /** Runs behind the curve; 1 unless it is a group. */
  readonly runs?: number;
  /** With inherited points: the runs whose points follow each other, and where on x each begins. */
  readonly parts?: readonly (readonly [string, number])[];
}

export interface Columns {
  readonly header: Readonly<Record<string, unknown>>;
  readonly arrays: ReadonlyMap<string, TypedArray>;
  readonly series: readonly SeriesHeader[];
  readonly totalPoints: number;
  readonly tookMs: number;
}

export class ColumnsError extends Error {}

/** Decodes one answer. Throws `ColumnsError` when the bytes are not what the format says. */
export function decodeColumns(bytes: ArrayBuffer): Columns {
  if (bytes.byteLength < PREFIX_BYTES) throw new ColumnsError("the answer is cut short");
  const view = new DataView(bytes);
  if (view.getUint32(0, true) !== MAGIC) throw new ColumnsError("the answer is not in columns");
  const start = PREFIX_BYTES + view.getUint32(4, true);
  if (start > bytes.byteLength) throw new ColumnsError("the header is cut short");
  const text = new TextDecoder().decode(new Uint8Array(bytes, PREFIX_BYTES, start - PREFIX_BYTES));
  const header = JSON.parse(text) as Record<string, unknown>;
  const arrays = new Map<string, TypedArray>();
  for (const array of (header["arrays"] ?? []) as ArrayHeader[]) {
    arrays.set(array.name, slice(bytes, start, array));
  }
  return {
    header,
    arrays,
    series: (header["series"] ?? []) as SeriesHeader[],
    totalPoints: Number(header["total_points"] ?? 0),
    tookMs: Number(header["took_ms"] ?? 0),
  };
}

const SIZES: Record<Dtype, number> = { f64: 8, f32: 4, i32: 4, u8: 1, i64: 8 };

function slice(bytes: ArrayBuffer, start: number, array: ArrayHeader): TypedArray {
  const { dtype, offset, count, name } = array;
  const size = SIZES[dtype];
  const at = start + offset;
  if (size === undefined) throw new ColumnsError(`array ${name} has the unknown type ${dtype}`);
  if (at + count * size > bytes.byteLength) throw new ColumnsError(`array ${name} is cut short`);
  // A typed array must start at a multiple of its size; where it does not, a copy serves.
  const aligned = at % size === 0;
  const source = aligned ? bytes : bytes.slice(at, at + count * size);
  const from = aligned ? at : 0;
  switch (dtype) {
    case "f64":
      return new Float64Array(source, from, count);
    case "f32":
      return new Float32Array(source, from, count);
    case "i32":
      return new Int32Array(source, from, count);
    case "i64":
      return new BigInt64Array(source, from, count);
    case "u8":
      return new Uint8Array(source, from, count);
  }
}

/** The curves of an answer, ready for a chart. `labelOf` names a run where the server did not. */
export function seriesOf(columns: Columns, labelOf?: (run: string) => string): Series[] {
  const column = (name: string): Column | undefined => {
    const array = columns.arrays.get(name);
    return array instanceof Float64Array || array instanceof Float32Array ? array : undefined;
  };
  const [x, y, low, high] = [column("x"), column("y"), column("low"), column("high")];
  if (!x || !y) {
    if (columns.series.length === 0) return [];
    throw new ColumnsError("the answer has no x and y arrays");
  }
  return columns.series.map((one): Series => {
    const id = one.run ?? JSON.stringify(one.group ?? one.label);
    const facts = {
      run: id,
      key: one.key,
      label: one.run === null ? groupName(one) : one.label || labelOf?.(one.run) || one.run,
      xOrigin: one.x0 ?? 0,
      yOrigin: one.y0 ?? 0,
      pointCount: one.n,
      nonfiniteCount: one.nonfinite ?? 0,
      isExact: one.exact ?? false,
      marks: one.marks ?? [],
    };
    const part = (whole: Column, { first, count }: { first: number; count: number }): Column => {
      if (first + count > whole.length) {
        throw new ColumnsError(`series ${id} ${one.key} reaches past its arrays`);
      }
      return whole.subarray(first, first + count);
    };
    const logged: Series = { ...facts, x: part(x, one), y: part(y, one) };
    if (one.smooth)
      return { ...logged, x: part(x, one.smooth), y: part(y, one.smooth), raw: logged };
    if (one.run !== null || !low || !high) return logged;
    const runs = one.runs ?? 1;
    const band = { low: part(low, one), high: part(high, one), runCount: runs };
    return { ...logged, ...band, label: `${facts.label}, n=${runs}` };
  });
}

/** "lr=0.1, kernel=5": the values of a group, without the kind of field they come from. */
function groupName({ group, label }: SeriesHeader): string {
  if (!group) return label ?? "all runs";
  const parts = Object.entries(group).map(([name, value]) => {
    const short = name.replace(/^(params|metrics|tags|run)\./, "");
    return `${short}=${value === null ? "missing" : String(value)}`;
  });
  return parts.join(", ") || "all runs";
}

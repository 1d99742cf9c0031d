import { describe, expect, it } from "vitest";
import { ColumnsError, decodeColumns, seriesOf } from "./columns";

/** Bytes of an answer: header padded with spaces to a multiple of 8, then the arrays. */
function answer(header: object, ...data: ArrayBufferView[]): ArrayBuffer {
  let text = JSON.stringify(header);
  while ((8 + text.length) % 8 !== 0) text += " ";
  const size = data.reduce((sum, array) => sum + array.byteLength, 0);
  const bytes = new Uint8Array(8 + text.length + size);
  bytes.set(new TextEncoder().encode("PCOL"));
  new DataView(bytes.buffer).setUint32(4, text.length, true);
  bytes.set(new TextEncoder().encode(text), 8);
  let at = 8 + text.length;
  for (const array of data) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at);
    at += array.byteLength;
  }
  return bytes.buffer;
}

const header = {
  arrays: [
    { name: "y", dtype: "f64", offset: 0, count: 3 },
    { name: "x", dtype: "f32", offset: 24, count: 3 },
  ],
  series: [
    {
      run: "r1",
      key: "loss",
      n: 900,
      nonfinite: 1,
      exact: false,
      x0: 1e12,
      first: 0,
      count: 2,
      marks: [[1e12, "NaN"]],
    },
    { run: "r2", key: "loss", label: "two", n: 1, exact: true, x0: 5, first: 2, count: 1 },
  ],
  total_points: 901,
  took_ms: 3.5,
};
const bytes = answer(header, Float64Array.of(0.5, NaN, 0.25), Float32Array.of(0, 1, 0));

describe("columns", () => {
  it("become series that share the bytes of the answer", () => {
    const columns = decodeColumns(bytes);
    const [one, two] = seriesOf(columns, (run) => `name of ${run}`);
    expect(one).toMatchObject({ run: "r1", label: "name of r1", pointCount: 900, xOrigin: 1e12 });
    expect(one?.y).toEqual(Float64Array.of(0.5, NaN));
    expect(one?.marks).toEqual([[1e12, "NaN"]]);
    expect(two).toMatchObject({ label: "two", isExact: true, nonfiniteCount: 0 });
    expect(two?.y.buffer).toBe(bytes);
    expect(columns.totalPoints).toBe(901);
  });

  it("put a smoothed curve, with an x of its own, before the logged one", () => {
    const smooth = { ...header.series[0], smooth: { first: 2, count: 1 } };
    const columns = decodeColumns(
      answer(
        { ...header, series: [smooth] },
        Float64Array.of(0.5, NaN, 0.25),
        Float32Array.of(0, 1, 0),
      ),
    );
    const [one] = seriesOf(columns);
    expect(one?.y).toEqual(Float64Array.of(0.25));
    expect(one?.raw?.y).toEqual(Float64Array.of(0.5, NaN));
  });

  it("name a group by its values and its number of runs", () => {
    const group = {
      ...header.series[1],
      run: null,
      label: "params.lr=0.1",
      group: { "params.lr": 0.1 },
      runs: 9,
    };
    const arrays = [
      ...header.arrays,
      ...["low", "high"].map((name) => ({ ...header.arrays[0], name })),
    ];
    const columns = decodeColumns(
      answer(
        { ...header, arrays, series: [group] },
        Float64Array.of(1, 2, 3),
        Float32Array.of(0, 1, 2),
      ),
    );
    const [one] = seriesOf(columns);
    expect(one).toMatchObject({ run: '{"params.lr":0.1}', label: "lr=0.1, n=9", runCount: 9 });
    expect(one?.low).toEqual(Float64Array.of(3));
  });

  it("may be empty", () => {
    expect(seriesOf(decodeColumns(answer({ arrays: [], series: [] })))).toEqual([]);
  });

  it("are refused when they are something else or cut short, never half read", () => {
    expect(() => decodeColumns(new ArrayBuffer(3))).toThrow(ColumnsError);
    expect(() => decodeColumns(new TextEncoder().encode("<!doctype html>").buffer)).toThrow(
      ColumnsError,
    );
    expect(() => decodeColumns(bytes.slice(0, -4))).toThrow(/array x is cut short/);
    const wrong = answer(
      { ...header, series: [{ ...header.series[0], count: 99 }] },
      Float64Array.of(1, 2, 3),
      Float32Array.of(1, 2, 3),
    );
    expect(() => seriesOf(decodeColumns(wrong))).toThrow(/past its arrays/);
  });
});

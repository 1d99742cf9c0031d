// The answer of the Explore route: a header that names runs and axes, and an array an axis.

import type { AxisData } from "../data/axes";
import { ColumnsError, decodeColumns, type TypedArray } from "./columns";
import type { ObjectiveData } from "./types";

export interface ExploreData {
  readonly objective: ObjectiveData | null;
  readonly total: number;
  readonly matched: number;
  readonly ids: readonly string[];
  readonly names: readonly string[];
  readonly axes: readonly AxisData[];
  /** How the axes were chosen: as asked, by their importance, or because they vary. */
  readonly chosen: "asked" | "importance" | "varying";
  readonly took_ms: number;
  readonly rev: number;
}

interface AxisHeader {
  name: string;
  kind: AxisData["kind"];
  type: AxisData["type"];
  missing: number;
  nonfinite?: number;
  whole?: boolean;
  low?: number | null;
  high?: number | null;
  categories?: string[];
  literals?: string[];
}

type Header = Pick<ExploreData, "objective" | "total" | "matched" | "names" | "chosen" | "took_ms" | "rev"> & {
  axes: AxisHeader[];
};

const ID_LENGTH = 12;

export function decodeExplore(bytes: ArrayBuffer): ExploreData {
  const { header, arrays } = decodeColumns(bytes);
  const said = header as unknown as Header;
  const letters = new TextDecoder().decode(take(arrays, "ids", Uint8Array));
  const ids = said.names.map((_, i) => letters.slice(i * ID_LENGTH, (i + 1) * ID_LENGTH));
  const axes = said.axes.map((axis, n): AxisData => {
    const facts = {
      name: axis.name, kind: axis.kind, type: axis.type, missing: axis.missing,
      nonfinite: axis.nonfinite ?? 0, isWhole: axis.whole ?? false, low: axis.low ?? null, high: axis.high ?? null,
      categories: axis.categories ?? [], literals: axis.literals ?? [],
    };
    if (axis.type === "category") return { ...facts, numbers: null, isMissing: null, codes: take(arrays, `codes${n}`, Int32Array) };
    return { ...facts, codes: null, numbers: take(arrays, `numbers${n}`, Float64Array), isMissing: take(arrays, `missing${n}`, Uint8Array) };
  });
  const { objective, total, matched, names, chosen, took_ms, rev } = said;
  return { objective, total, matched, names, chosen, took_ms, rev, ids, axes };
}

function take<T extends TypedArray>(arrays: ReadonlyMap<string, TypedArray>, name: string, kind: abstract new (...args: never[]) => T): T {
  const found = arrays.get(name);
  if (!(found instanceof kind)) throw new ColumnsError(`the answer has no array ${name}`);
  return found;
}

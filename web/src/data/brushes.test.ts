import { describe, expect, it } from "vitest";
import type { AxisData } from "./axes";
import { joinQuery, readBrushes, roundTo, selectRuns, writeBrushes, type BrushPart } from "./brushes";

const never = () => false;

function numeric(name: string, values: (number | null)[], type: AxisData["type"] = "number"): AxisData {
  const numbers = Float64Array.from(values, (value) => value ?? NaN);
  const finite = numbers.filter(Number.isFinite);
  return {
    name, kind: "param", type, numbers, codes: null, categories: [], literals: [], isWhole: false,
    isMissing: Uint8Array.from(values, (value) => Number(value === null)),
    missing: values.filter((value) => value === null).length, nonfinite: 0,
    low: Math.min(...finite), high: Math.max(...finite),
  };
}

const optimizer: AxisData = {
  name: "opt", kind: "param", type: "category", numbers: null, isMissing: null, isWhole: false,
  codes: Int32Array.of(0, 1, -1, 1), categories: ["adam", "sgd"], literals: ['"adam"', '"sgd"'],
  missing: 1, nonfinite: 0, low: null, high: null,
};

describe("brushes as text", () => {
  const cases: [string, [string, BrushPart[]][]][] = [
    ["lr in 0.001..0.01", [["lr", [{ kind: "range", low: 0.001, high: 0.01 }]]]],
    ["val/acc.best >= 0.95", [["val/acc.best", [{ kind: "range", low: 0.95, high: Infinity }]]]],
    ["x in -2..-1e-7", [["x", [{ kind: "range", low: -2, high: -1e-7 }]]]],
    ['opt = "adam"', [["opt", [{ kind: "among", literals: ['"adam"'] }]]]],
    ['params.`odd name` in ("a, b", true, 3)', [["params.`odd name`", [{ kind: "among", literals: ['"a, b"', "true", "3"] }]]]],
    ["(lr in 1..2 or lr in 4..5 or lr is missing)", [["lr", [{ kind: "range", low: 1, high: 2 }, { kind: "range", low: 4, high: 5 }, { kind: "missing" }]]]],
    ["loss in (nan, inf, -inf)", [["loss", [{ kind: "nonfinite" }]]]],
    ["lr <= 0.1 and opt is missing", [["lr", [{ kind: "range", low: -Infinity, high: 0.1 }]], ["opt", [{ kind: "missing" }]]]],
  ];

  it("reads what it writes", () => {
    for (const [text, brushes] of cases) {
      expect(writeBrushes(new Map(brushes), never)).toBe(text);
      expect([...(readBrushes(text) ?? [])]).toEqual(brushes);
    }
  });

  it("writes times as whole seconds and reads them back", () => {
    const brushes = new Map([["created", [{ kind: "range", low: 1_760_000_000, high: 1_760_000_600 } as const]]]);
    const text = writeBrushes(brushes, () => true);
    expect(text).toBe("created in 2025-10-09T08:53:20Z..2025-10-09T09:03:20Z");
    expect(readBrushes(text)).toEqual(brushes);
  });

  it("refuses what no brush can say", () => {
    for (const text of ["lr > 1", "lr in 1..2 or opt = 3", "(lr = 1 or opt = 2)", "cnn", "lr in 1..2 and lr in 3..4", "not lr = 1", "lr in 1.."]) {
      expect(readBrushes(text)).toBe(null);
    }
  });
});

describe("selectRuns", () => {
  const lr = numeric("lr", [0.1, 0.01, null, 0.5]);

  it("joins parts by or, and axes by and", () => {
    const brushes = readBrushes('(lr in 0.05..0.2 or lr is missing) and opt is missing');
    expect(selectRuns([lr, optimizer], brushes!)).toEqual(Uint8Array.of(0, 0, 1, 0));
    expect(selectRuns([lr, optimizer], readBrushes('opt in ("sgd", "none")')!)).toEqual(Uint8Array.of(0, 1, 0, 1));
  });

  it("is null while nothing is brushed, and takes a second of time whole", () => {
    expect(selectRuns([lr], new Map())).toBe(null);
    const created = numeric("created", [100.9, 101.2], "time");
    const brushes = new Map([["created", [{ kind: "range", low: 99, high: 100 } as const]]]);
    expect(selectRuns([created], brushes)).toEqual(Uint8Array.of(1, 0));
  });
});

it("joins a brush to any filter", () => {
  expect(joinQuery("", "a = 1")).toBe("a = 1");
  expect(joinQuery("b > 2", "")).toBe("b > 2");
  expect(joinQuery("b > 2 sort -b", "a = 1")).toBe("b > 2 and a = 1 sort -b");
  expect(joinQuery('b = "x or y"', "a = 1")).toBe('b = "x or y" and a = 1');
  expect(joinQuery("b = 1 or c = 2 group by lr", "a = 1")).toBe("(b = 1 or c = 2) and a = 1 group by lr");
});

it("rounds outwards", () => {
  for (const value of [0.123456, -0.123456, 98765.4321, 3e-9, -5]) {
    expect(roundTo(value, 4, "down")).toBeLessThanOrEqual(value);
    expect(roundTo(value, 4, "up")).toBeGreaterThanOrEqual(value);
    expect(Math.abs(roundTo(value, 4, "up") - value)).toBeLessThanOrEqual(Math.abs(value) * 1e-3);
  }
});

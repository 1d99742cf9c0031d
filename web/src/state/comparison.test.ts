import { describe, expect, it } from "vitest";
import type { CompareFileRow, CompareSection, CompareValueRow } from "../api/types";
import { fateOf, numberCells, placesOf, silentOf, summaryOf, valueCells } from "./comparison";

const FACTS = { recorded: [true, true], remarks: [], equal: 2, incidental: 0, unknown: 0, differing: 1 };
const VERSION = { digest: "a", size: 1, origin: "kept" as const, reason: "", path: "", is_sure: true };
const HUNK = { old_start: 5, old_count: 2, new_start: 5, new_count: 2, heading: "" };

const value = (row: Partial<CompareValueRow>): CompareValueRow => ({
  name: "lr",
  values: [1, 2],
  has: [true, true],
  differs: true,
  is_incidental: false,
  remark: "",
  ...row,
});
const file = (row: Partial<CompareFileRow>): CompareFileRow => ({
  name: "train.py",
  versions: [VERSION, { ...VERSION, digest: "b" }],
  differs: true,
  is_known: true,
  changes: [],
  is_incidental: false,
  remark: "",
  ...row,
});

describe("places", () => {
  it("are rows that differ and may matter", () => {
    const rows = [value({}), value({ name: "pid", is_incidental: true }), value({ name: "n", differs: false })];
    const section: CompareSection = { ...FACTS, kind: "values", name: "params", rows };
    expect(placesOf(section)).toEqual([{ section: "params", name: "lr", line: null }]);
  });

  it("are the changes of a file, each once, or the file", () => {
    const change = { to: [1], added: 1, removed: 1, reason: "", is_cosmetic: false };
    const hunks = [{ ...HUNK, lines: [" a", "-b", "+c"] }];
    const rows = [
      file({ changes: [{ ...change, hunks }, { ...change, to: [2], hunks }] }),
      file({ name: "model.bin", changes: [{ ...change, hunks: [] }] }),
    ];
    const section: CompareSection = { ...FACTS, kind: "files", name: "code", rows };
    expect(placesOf(section)).toEqual([
      { section: "code", name: "train.py", line: 6 },
      { section: "code", name: "model.bin", line: null },
    ]);
  });
});

describe("what a section says", () => {
  const section: CompareSection = { ...FACTS, kind: "values", name: "params", rows: [] };
  const runs = [{ name: "one" }, { name: "two" }];

  it("counts what is there", () => {
    expect(summaryOf(section)).toBe("1 differs, 2 equal");
    expect(summaryOf({ ...section, differing: 0, equal: 0, unknown: 3 })).toBe("3 not known");
  });

  it("names who recorded nothing, which is not called equal", () => {
    expect(silentOf(section, runs)).toBe("");
    expect(silentOf({ ...section, recorded: [true, false] }, runs)).toContain("Not recorded by two");
    expect(silentOf({ ...section, recorded: [false, false] }, runs)).toBe("No run recorded any.");
  });
});

describe("cells", () => {
  it("tell a missing value from one that is none", () => {
    const cells = valueCells(value({ values: [null, null], has: [true, false] }), "params");
    expect(cells.map((cell) => [cell.text, cell.isMissing])).toEqual([
      ["none", false],
      ["–", true],
    ]);
  });

  it("mark where long texts differ", () => {
    const texts = ["python train.py --lr 0.01", "python train.py --lr 0.02"];
    const cells = valueCells(value({ values: texts }), "command");
    expect(cells.map((cell) => cell.parts?.middle)).toEqual(["0.01", "0.02"]);
  });

  it("say better or worse by the direction, in words", () => {
    const numbers = { values: [0.9, 0.8], steps: [1, 2], deltas: [null, 0.8 - 0.9], winner: 0 };
    const [base, other] = numberCells(numbers, "max");
    expect(base).toMatchObject({ text: "0.9", isWinner: true, delta: null });
    expect(other?.delta).toMatchObject({ change: "\u22120.1", share: "\u221211.1 %", isBetter: false });
    expect(numberCells(numbers, "min")[1]?.delta?.isBetter).toBe(true);
    expect(numberCells(numbers, null)[1]?.delta?.isBetter).toBeNull();
  });

  it("call rounding neither better nor worse", () => {
    const values = [0.9986772486772487, 0.9986772486772486];
    const numbers = { values, steps: [1, 1], deltas: [null, -1.1102230246251565e-16], winner: null };
    expect(numberCells(numbers, "max")[1]?.delta).toMatchObject({ share: "rounding", isBetter: null });
  });

  it("have no percentage where it would say nothing", () => {
    const shareOf = (from: number, by: number) =>
      numberCells({ values: [from, from + by], steps: [0, 0], deltas: [null, by], winner: null }, null)[1]
        ?.delta?.share;
    expect(shareOf(0, 1)).toBe("");
    expect(shareOf(0.1, -0.2)).toBe("");
    expect(shareOf(1e-9, 1)).toBe("");
  });
});

describe("the fate of a file", () => {
  it("is told from the first run's", () => {
    const of = (...digests: (string | null | undefined)[]) =>
      fateOf(
        file({ versions: digests.map((digest) => (digest === undefined ? null : { ...VERSION, digest })) }),
        1,
      );
    expect(of("a", "a")).toBe("equal");
    expect(of("a", "b")).toBe("changed");
    expect(of("a", undefined)).toBe("gone");
    expect(of(undefined, "a")).toBe("added");
    expect(of("a", null)).toBe("unknown");
    expect(of(undefined, undefined)).toBe("");
  });
});

import { expect, test } from "vitest";
import type { RunRow } from "../api/types";
import { letterAt, letterOf, marksOf } from "./marks";

const row = (value: number | null, kind?: string): RunRow =>
  ({ values: { "dev/accuracy": value }, kinds: kind ? { "dev/accuracy": kind } : {} }) as unknown as RunRow;
const measures = new Map([
  ["k1", { text: "100 examples", price: null }],
  ["k2", { text: "50 examples", price: null }],
  ["k3", { text: "10 examples", price: "was unsealed" }],
]);

test("numbers of one kind carry no mark, a missing one none either", () => {
  expect(marksOf([row(0.9, "k1"), row(0.8, "k1"), row(null)], measures).size).toBe(0);
  expect(marksOf([row(0.9), row(0.8)], measures).size).toBe(0);
});

test("numbers of two kinds, and logged ones, have letters that are explained", () => {
  const rows = [row(0.9, "k1"), row(0.8, "k2"), row(0.7)];
  const mark = marksOf(rows, measures).get("dev/accuracy");
  expect(rows.map((one) => letterOf(mark, one, "dev/accuracy"))).toEqual(["a", "b", "c"]);
  expect(mark?.note).toContain("b: 50 examples");
  expect(mark?.note).toContain("c: logged by the program");
});

test("a former hold-out is said of its column, without letters", () => {
  const rows = [row(0.9, "k3"), row(0.8, "k3")];
  const mark = marksOf(rows, measures).get("dev/accuracy");
  expect(mark?.note).toBe("was unsealed");
  expect(letterOf(mark, rows[0] as RunRow, "dev/accuracy")).toBe("");
});

test("letters go on after z", () => {
  expect([0, 25, 26, 27].map(letterAt)).toEqual(["a", "z", "aa", "ab"]);
});

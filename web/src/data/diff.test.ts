import { describe, expect, it } from "vitest";
import { blocksOf, changedLine, gapLines, textLines, type DiffHunk, type DiffLine } from "./diff";

const HUNK: DiffHunk = {
  old_start: 10,
  old_count: 4,
  new_start: 10,
  new_count: 5,
  heading: "def train():",
  lines: [" a", "-learning_rate = 0.01", "+learning_rate = 0.02", "+seed = 1", " b", " c"],
};
const REPLACED: DiffHunk = {
  ...HUNK,
  lines: [" a", "-learning_rate = 0.01", "+learning_rate = 0.02", " b"],
  old_count: 3,
  new_count: 3,
};

function lines(hunk: DiffHunk): readonly DiffLine[] {
  const block = blocksOf([hunk]).find((one) => one.kind === "lines");
  return block?.kind === "lines" ? block.lines : [];
}

describe("blocks of a diff", () => {
  it("number both sides", () => {
    expect(lines(HUNK).map(({ old, new: fresh }) => [old, fresh])).toEqual([
      [10, 10],
      [11, null],
      [null, 11],
      [null, 12],
      [12, 13],
      [13, 14],
    ]);
  });

  it("tell what is left out before, between and after hunks", () => {
    const lines = ["-x", "+y", " 1", " 2", " 3"];
    const second = { ...REPLACED, old_start: 40, new_start: 41, old_count: 4, new_count: 4, lines, heading: "" };
    const gaps = blocksOf([HUNK, second]).flatMap((one) => (one.kind === "gap" ? [one.gap] : []));
    expect(gaps).toEqual([
      { old: 1, new: 1, count: 9, heading: "def train():" },
      { old: 14, new: 15, count: 26, heading: "" },
      { old: 44, new: 45, count: null, heading: "" },
    ]);
  });

  it("begin at once when the first line changed, in new and in deleted files, too", () => {
    const made = { ...HUNK, old_start: 0, old_count: 0, new_start: 1, new_count: 1, lines: ["+a"] };
    const gone = { ...HUNK, old_start: 1, old_count: 1, new_start: 0, new_count: 0, lines: ["-a"] };
    for (const hunk of [made, gone]) {
      const blocks = blocksOf([hunk]);
      expect(blocks.map((block) => block.kind)).toEqual(["lines"]);
    }
    expect(lines(made)[0]).toMatchObject({ old: null, new: 1 });
    expect(lines(gone)[0]).toMatchObject({ old: 1, new: null, at: 1 });
  });

  it("end with the file when the last hunk has less context than it could have", () => {
    expect(blocksOf([HUNK]).map((block) => block.kind)).toEqual(["gap", "lines"]);
  });

  it("mark what differs in a line that replaces another", () => {
    const [, removed, added] = lines(REPLACED);
    expect([removed?.parts?.middle, added?.parts?.middle]).toEqual(["0.01", "0.02"]);
    expect(lines(HUNK).every((line) => line.parts === undefined)).toBe(true);
  });

  it("keep the remark on a missing line end", () => {
    const hunk = { ...HUNK, lines: [...HUNK.lines, "\\ No newline at end of file"] };
    expect(lines(hunk).at(-1)).toMatchObject({ kind: "remark", text: "No newline at end of file" });
  });
});

describe("a gap", () => {
  const gap = { old: 3, new: 4, count: 3, heading: "" };

  it("is filled from the text of either side", () => {
    const text = textLines("1\n2\n3\n4\n5\n6\n");
    expect(gapLines(gap, text, "new", 0, 3)).toEqual([
      { kind: "same", old: 3, new: 4, at: 4, text: "4" },
      { kind: "same", old: 4, new: 5, at: 5, text: "5" },
      { kind: "same", old: 5, new: 6, at: 6, text: "6" },
    ]);
    expect(gapLines({ ...gap, old: 4, new: 3 }, text, "old", 0, 1)[0]).toMatchObject({ new: 3, text: "4" });
    expect(gapLines(gap, text, "new", 2, 99)).toHaveLength(1);
  });
});

describe("the changed line of a hunk", () => {
  it("is its first one that is not as before", () => {
    expect(changedLine(HUNK)).toBe(11);
    expect(changedLine({ ...HUNK, old_start: 1, new_start: 0, new_count: 0, lines: ["-a"] })).toBe(1);
  });
});

import { expect, test } from "vitest";
import { overwritten, plainOf, spansOf } from "./ansi";

test("colours become classes and everything else of a sequence disappears", () => {
  expect(spansOf("a\x1b[1;32mok\x1b[0m b")).toEqual([
    { text: "a", classes: "" },
    { text: "ok", classes: "a2 bold" },
    { text: " b", classes: "" },
  ]);
});

test("titles, links, cursor moves and string commands are never shown nor followed", () => {
  expect(plainOf("x\x1b]0;title\x07y")).toBe("xy");
  expect(plainOf("\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\")).toBe("click");
  expect(plainOf("a\x1b[2Jb\x1b[10;5Hc")).toBe("abc");
  expect(plainOf("a\x1bPq#0\x1b\\b")).toBe("ab");
});

test("an unfinished sequence at the end of a piece swallows no text before it", () => {
  expect(plainOf("text\x1b[3")).toContain("text");
});

test("of a progress bar the last state is left", () => {
  expect(overwritten("10%\r50%\r100%\r")).toBe("100%");
});

test("characters that fool the eye are made visible", () => {
  expect(plainOf("abc\u202edef\x00")).toBe("abc\ufffddef\ufffd");
});

test("256-colour parameters do not read as other codes", () => {
  expect(spansOf("\x1b[38;5;9mred\x1b[48;2;1;2;3mstill")).toEqual([
    { text: "red", classes: "a9" },
    { text: "still", classes: "a9" },
  ]);
});

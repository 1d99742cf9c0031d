import { expect, test } from "vitest";
import { tellBoxes } from "./boxes";

const answer = (...labels: (string | number)[]) =>
  JSON.stringify({ boxes: labels.map(() => [0, 0, 1, 1]), labels });

test("boxes are counted by their label", () => {
  expect(tellBoxes(answer("dog", "cat", "cat"))).toBe("2 cat, 1 dog");
  expect(tellBoxes(answer(7))).toBe("1 7");
  expect(tellBoxes(answer("a", "b", "c", "d", "d", "e"))).toBe("2 d, 1 a, 1 b, 2 more");
  expect(tellBoxes(answer())).toBe("nothing");
  expect(tellBoxes(JSON.parse(answer("dog", "cat")))).toBe("1 dog, 1 cat");
});

test("other answers are left as they are", () => {
  for (const other of ["cat", "{half", '{"labels": []}', { labels: [] }, [1], null, 3]) expect(tellBoxes(other)).toBeNull();
});

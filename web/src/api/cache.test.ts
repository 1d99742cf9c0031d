import { expect, test } from "vitest";
import { Cache } from "./cache";

test("the least recently used answer leaves first when the bytes are used up", () => {
  const cache = new Cache<string>(100);
  cache.set("a", "A", 40);
  cache.set("b", "B", 40);
  cache.get("a");
  cache.set("c", "C", 40);
  expect(cache.get("b")).toBeUndefined();
  expect(cache.get("a")).toBe("A");
  expect(cache.bytes).toBe(80);
});

test("an answer larger than the whole cache is not kept and drives nothing out", () => {
  const cache = new Cache<string>(100);
  cache.set("a", "A", 40);
  cache.set("big", "B", 200);
  expect(cache.get("a")).toBe("A");
  expect(cache.get("big")).toBeUndefined();
});

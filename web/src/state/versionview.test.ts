import { expect, test } from "vitest";
import { readVersion, writeVersion } from "./versionview";

test("a view of rows survives its address; nonsense is the plain view", () => {
  const view = { part: "main/test", label: "", page: 3, other: "digits:v2" };
  expect(readVersion(writeVersion(view))).toEqual(view);
  expect(readVersion("?page=x&part=")).toEqual({ part: null, label: null, page: 0, other: null });
  expect(writeVersion(readVersion(""))).toBe("");
});

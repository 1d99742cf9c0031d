import { describe, expect, it } from "vitest";
import { shortNames } from "./names";

describe("shortNames", () => {
  it("drops the words that all names share at either end", () => {
    expect(shortNames(["svm-raw-3", "knn-raw-3"])).toEqual(["svm", "knn"]);
    expect(shortNames(["run/a-1", "run/b-1", "run/a-b-1"])).toEqual(["a", "b", "a-b"]);
    expect(shortNames(["network-1", "network-2"])).toEqual(["1", "2"]);
  });

  it("keeps what has nothing in common, what stands alone, and equal names", () => {
    expect(shortNames(["cnn", "mlp-2"])).toEqual(["cnn", "mlp-2"]);
    expect(shortNames(["svm-raw-3"])).toEqual(["svm-raw-3"]);
    expect(shortNames(["a-b", "a-b"])).toEqual(["b", "b"]);
    expect(shortNames(["a", "a-b"])).toEqual(["a", "a-b"]);
  });
});

import { describe, expect, it } from "vitest";
import { shortNames } from "./names";

describe("shortNames", () => {
  it("drops the words that all names share at either end", () => {
    expect(shortNames(["svm-raw-3", "knn-raw-3"])).toEqual(["svm", "knn"]);
    expect(shortNames(["run/a-1", "run/b-1", "run/a-b-1"])).toEqual(["a", "b", "a-b"]);
    expect(shortNames(["network-1", "network-2"])).toEqual(["1", "2"]);
  });

  it("leaves the values of groups, with the key where it is a number", () => {
    expect(shortNames(["model=svm, set=raw, n=3", "model=cnn, set=raw, n=3"])).toEqual([
      "svm",
      "cnn",
    ]);
    expect(shortNames(["lr=0.1, act=relu, n=3", "lr=1, act=tanh, n=2"])).toEqual([
      "lr=0.1, relu, n=3",
      "lr=1, tanh, n=2",
    ]);
  });

  it("keeps what has nothing in common, what stands alone, and equal names", () => {
    expect(shortNames(["cnn", "mlp-2"])).toEqual(["cnn", "mlp-2"]);
    expect(shortNames(["svm-raw-3"])).toEqual(["svm-raw-3"]);
    expect(shortNames(["a-b", "a-b"])).toEqual(["b", "b"]);
    expect(shortNames(["a", "a-b"])).toEqual(["a", "a-b"]);
  });
});

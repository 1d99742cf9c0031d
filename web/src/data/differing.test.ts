import { describe, expect, it } from "vitest";
import { differingParts } from "./differing";

const middles = (...texts: string[]) => differingParts(texts).map((part) => part.middle);

describe("differing parts", () => {
  it("are whole words between what all texts share", () => {
    expect(middles("python train.py --lr 0.01 --epochs 3", "python train.py --lr 0.02 --epochs 3")).toEqual(
      ["0.01", "0.02"],
    );
    expect(middles("/usr/lib/python3.11/site.py", "/usr/lib/python3.12/site.py")).toEqual(["python3.11", "python3.12"]);
  });

  it("may be missing on one side", () => {
    expect(middles("python -m train.py", "python -m train.py --seed 1")).toEqual(["", " --seed 1"]);
  });

  it("put together are the texts", () => {
    const texts = ["aaaa aaaa aaaa aaaa aaaa", "aaaa aaaa aaaa aaaa", "aaaa aaaa aaaa aaaa a"];
    const joined = differingParts(texts).map(({ head, middle, tail }) => head + middle + tail);
    expect(joined).toEqual(texts);
  });

  it("are all of short texts and nothing of equal ones", () => {
    expect(middles("cosine", "constant")).toEqual(["cosine", "constant"]);
    expect(middles("same text here", "same text here")).toEqual(["", ""]);
  });
});

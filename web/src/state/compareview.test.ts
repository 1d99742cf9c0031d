import { describe, expect, it } from "vitest";
import { readCompare, readPlace, writeCompare, writePlace } from "./compareview";

describe("the address of a comparison", () => {
  it("comes back as it was written, without defaults", () => {
    const view = { runs: ["a1", "b2", "c3"], isAll: true };
    expect(writeCompare(view)).toBe("?r=a1,b2,c3&all=1");
    expect(readCompare(writeCompare(view))).toEqual(view);
    expect(writeCompare({ runs: ["a1", "b2"], isAll: false })).toBe("?r=a1,b2");
  });

  it("takes a run once and at most eight", () => {
    expect(readCompare("?r=a,b,a,").runs).toEqual(["a", "b"]);
    expect(readCompare("?r=a,b,c,d,e,f,g,h,i").runs).toHaveLength(8);
    expect(readCompare("").runs).toEqual([]);
  });
});

describe("a place in a comparison", () => {
  it("is readable in the address and comes back whole", () => {
    expect(readPlace("#code/src/train.py:120")).toEqual({
      section: "code",
      name: "src/train.py",
      line: 120,
    });
    const places = [
      { section: "params", name: "", line: null },
      { section: "params", name: "model/lr:2", line: null },
      { section: "code", name: "a b%#?.py", line: 1 },
      { section: "data", name: "ü/x.csv", line: null },
    ];
    for (const place of places) expect(readPlace(writePlace(place))).toEqual(place);
    expect(writePlace({ section: "code", name: "src/train.py", line: 120 })).toBe(
      "#code/src/train.py:120",
    );
  });

  it("is nothing when it cannot be read", () => {
    expect(readPlace("#%")).toEqual({ section: "", name: "", line: null });
  });
});

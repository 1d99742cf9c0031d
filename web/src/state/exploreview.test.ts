import { expect, test } from "vitest";
import { defaultExplore, readExplore, writeExplore } from "./exploreview";

test("an address says the whole view, and a bare one the default", () => {
  expect(writeExplore(defaultExplore())).toBe("");
  expect(readExplore("")).toEqual(defaultExplore());
  const view = {
    ...defaultExplore(),
    q: "state = finished",
    sort: "-lr",
    axes: [
      { name: "lr", scale: "log" as const, isFlipped: false },
      { name: "params.`a,b~c`", scale: null, isFlipped: true },
    ],
    brush: 'lr in 0.001..0.01 and (opt = "a & b" or opt is missing)',
    objective: "val/acc.best",
    direction: "max" as const,
    panel: "slices" as const,
    isTable: true,
    states: ["pruned", "nan"],
  };
  expect(readExplore(writeExplore(view))).toEqual(view);
});

import { describe, expect, it } from "vitest";
import { randomFrom } from "../../bench/curves";
import { densityRows, stepColumns, stepRange, valueRange } from "./histogram";

describe("histograms over steps", () => {
  it("keep the mass of every histogram, however its bins fall on the rows", () => {
    const random = randomFrom(9);
    for (let round = 0; round < 50; round++) {
      const edges = [0];
      while (edges.length < 12) edges.push(edges.at(-1)! + 0.01 + random());
      const counts = edges.slice(1).map(() => Math.floor(random() * 100) + 1);
      const range = valueRange([{ step: 0, edges, counts }])!;
      const rows = densityRows({ step: 0, edges, counts }, range, 37);
      const mass = rows.reduce((sum, density) => sum + (density * (range[1] - range[0])) / 37, 0);
      expect(mass).toBeCloseTo(1, 9);
    }
  });

  it("put high values on top", () => {
    const rows = densityRows({ step: 0, edges: [0, 1, 2], counts: [0, 4] }, [0, 2], 2);
    expect([...rows]).toEqual([1, 0]);
  });

  it("have no range and no density without bins", () => {
    expect(valueRange([{ step: 3, edges: [], counts: [] }])).toBeNull();
    expect([...densityRows({ step: 3, edges: [], counts: [] }, [0, 1], 2)]).toEqual([0, 0]);
  });

  it("give each column to the nearest step", () => {
    const steps = [0, 1, 10].map((step) => ({ step, edges: [], counts: [] }));
    expect([...stepColumns(steps, [0, 10], 5)]).toEqual([1, 1, 1, 2, 2]);
    expect(stepRange(steps)).toEqual([-2.5, 12.5]);
  });
});

// Times of the parallel-coordinates kernel, from the call to rasterised pixels: a pixel is read back
// after each painting, because a canvas only notes what to draw until somebody looks.

import { ParallelKernel, type ParallelInput } from "../src/charts/parallel/kernel";
import { SHADES } from "../src/charts/density/raster";
import { projectAxis, shadesOf, type AxisData } from "../src/data/axes";
import { selectRuns, type BrushPart } from "../src/data/brushes";
import { randomFrom } from "./curves";

const [WIDTH_PX, HEIGHT_PX] = [1200, 480];

/** An axis of values between 0 and 1: every fourth has five values, every fifth lacks a tenth. */
function axisOf(k: number, runs: number, random: () => number): AxisData {
  const numbers = new Float64Array(runs);
  const isMissing = new Uint8Array(runs);
  let missing = 0;
  for (let run = 0; run < runs; run++) {
    numbers[run] = k % 4 === 3 ? Math.floor(random() * 5) / 4 : random();
    if (k % 5 === 4 && random() < 0.1) {
      numbers[run] = NaN;
      isMissing[run] = 1;
      missing++;
    }
  }
  return {
    name: `p${k}`, kind: "param", type: "number", missing, nonfinite: 0, isWhole: false, low: 0, high: 1,
    numbers, isMissing, codes: null, categories: [], literals: [],
  };
}

export interface ParallelTiming {
  readonly firstMs: number;
  readonly brushMs: readonly number[];
  readonly selected: readonly number[];
}

function bench(runs: number, count: number): ParallelTiming {
  const random = randomFrom(7);
  const axes = Array.from({ length: count }, (_, k) => axisOf(k, runs, random));
  const host = document.createElement("div");
  host.style.cssText = `position:absolute;left:0;top:0;width:${WIDTH_PX}px;height:${HEIGHT_PX}px`;
  document.body.append(host);
  const kernel = new ParallelKernel(host);
  let input: ParallelInput;
  const timed = (act: () => void): number => {
    const start = performance.now();
    act();
    kernel.update(input, WIDTH_PX, HEIGHT_PX);
    kernel.paint();
    for (const canvas of host.querySelectorAll("canvas")) canvas.getContext("2d")?.getImageData(0, 0, 1, 1);
    return performance.now() - start;
  };
  const firstMs = timed(() => {
    input = {
      axes: axes.map((axis) => projectAxis(axis, "linear", false)),
      shades: shadesOf(axes.at(-1) ?? null, "max", SHADES, runs),
      selected: null,
      front: axes.map((axis) => ({ data: axis, spans: [], laneCount: axis.missing, cursor: null })),
      lit: null,
      themeVersion: "light",
    };
  });
  const brushMs: number[] = [];
  const selected: number[] = [];
  // A brush that is pulled open in steps, then a second one, then a wide one: most runs stay.
  const pulls: [string, BrushPart][][] = [0.02, 0.04, 0.06, 0.1].map((high) => [["p0", { kind: "range", low: 0, high }]]);
  pulls.push([["p0", { kind: "range", low: 0, high: 0.5 }], ["p1", { kind: "range", low: 0.2, high: 0.6 }]]);
  pulls.push([["p2", { kind: "range", low: 0.05, high: 1 }]]);
  for (const pull of pulls) {
    const brushes = new Map(pull.map(([name, part]) => [name, [part]]));
    brushMs.push(timed(() => (input = { ...input, selected: selectRuns(axes, brushes) })));
    selected.push(input!.selected!.reduce((sum, is) => sum + is, 0));
  }
  kernel.destroy();
  host.remove();
  return { firstMs, brushMs, selected };
}

Object.assign(window, { bench });

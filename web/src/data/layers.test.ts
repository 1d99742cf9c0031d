import { describe, expect, it } from "vitest";
import { layOutLayers, neighbourOf } from "./layers";

const SIZES = { width: 100, height: 20, gapX: 50, gapY: 10 };
const node = (id: string) => ({ id });
const edge = (source: string, target: string) => ({ source, target });

describe("layers", () => {
  const nodes = [node("run"), node("data"), node("model"), node("next"), node("code")];
  const edges = [edge("data", "run"), edge("code", "run"), edge("run", "model"), edge("model", "next")];
  const layers = layOutLayers(nodes, edges, SIZES);

  it("put what was before to the left and what came after to the right", () => {
    expect(layers.columns).toEqual([["data", "code"], ["run"], ["model"], ["next"]]);
    expect(layers.width).toBe(4 * 100 + 3 * 50);
    expect(layers.height).toBe(50);
    expect(layers.boxes.get("run")).toEqual({ x: 150, y: 15, column: 1, row: 0 });
  });

  it("put what two read before both of them, however late it was found", () => {
    const shared = layOutLayers(
      [node("last"), node("first"), node("state"), node("data"), node("more")],
      [edge("first", "state"), edge("state", "last"), edge("data", "last"), edge("data", "first"), edge("more", "last")],
      SIZES,
    );
    expect(shared.columns).toEqual([["data"], ["first"], ["state", "more"], ["last"]]);
  });

  it("keep a lane free for a link that passes a column, one for all links of a node", () => {
    const long = layOutLayers(
      [node("data"), node("a"), node("m"), node("b")],
      [edge("data", "a"), edge("a", "m"), edge("m", "b"), edge("data", "b")],
      SIZES,
    );
    expect(long.columns).toEqual([["data"], ["a"], ["m"], ["b"]]);
    expect(long.height).toBe(20 + 10 + 8);
    const a = long.boxes.get("a");
    const lane = Number(/ 150 ([\d.]+)H250/.exec(long.paths[3] ?? "")?.[1]);
    expect(lane < (a?.y ?? 0) || lane > (a?.y ?? 0) + SIZES.height).toBe(true);
  });

  it("end, also when a run reads what it wrote", () => {
    const circle = layOutLayers([node("run"), node("file")], [edge("run", "file"), edge("file", "run")], SIZES);
    expect(circle.columns.flat().sort()).toEqual(["file", "run"]);
    expect(circle.paths).toHaveLength(2);
  });

  it("draw an edge from the right of its source to the left of its target", () => {
    expect(layers.paths[2]).toBe("M250 25C275 25 275 25 300 25");
  });

  it("leave an edge to a node that is not there without a path", () => {
    expect(layOutLayers(nodes, [edge("run", "gone")], SIZES).paths).toEqual([""]);
  });

  it("are of a size for one node and for none", () => {
    expect(layOutLayers([node("a")], [], SIZES)).toMatchObject({ width: 100, height: 20 });
    expect(layOutLayers([], [], SIZES).boxes.size).toBe(0);
  });

  it("uncross what need not cross", () => {
    const crossed = [node("m"), node("a"), node("b"), node("to-b"), node("to-a")];
    const links = [edge("m", "a"), edge("m", "b"), edge("a", "to-a"), edge("b", "to-b")];
    const [, first = [], second = []] = layOutLayers(crossed, links, SIZES).columns;
    expect(second).toEqual(first.map((id) => `to-${id}`));
  });
});

describe("arrow keys", () => {
  const nodes = [node("run"), node("a"), node("b"), node("data")];
  const edges = [edge("run", "a"), edge("run", "b"), edge("data", "run")];
  const layers = layOutLayers(nodes, edges, SIZES);

  it("follow edges sideways and the column up and down", () => {
    expect(neighbourOf(layers, edges, "run", "ArrowLeft")).toBe("data");
    expect(["a", "b"]).toContain(neighbourOf(layers, edges, "run", "ArrowRight"));
    expect(neighbourOf(layers, edges, "a", "ArrowDown")).toBe("b");
    expect(neighbourOf(layers, edges, "b", "ArrowUp")).toBe("a");
    expect(neighbourOf(layers, edges, "a", "ArrowLeft")).toBe("run");
  });

  it("stay where nothing is", () => {
    expect(neighbourOf(layers, edges, "a", "ArrowRight")).toBeNull();
    expect(neighbourOf(layers, edges, "gone", "ArrowUp")).toBeNull();
  });
});

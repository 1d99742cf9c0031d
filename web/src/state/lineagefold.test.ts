import { describe, expect, it } from "vitest";
import type { LineageData, LineageEdge, LineageNode } from "../api/types";
import { foldLeaves } from "./lineagefold";

const node = (id: string, kind: LineageNode["kind"], depth: number, rest: Partial<LineageNode> = {}): LineageNode => ({
  id,
  kind,
  name: id,
  depth,
  run: null,
  project: null,
  state: null,
  created: null,
  deleted: false,
  known: true,
  type: null,
  digest: null,
  files: null,
  size: null,
  step: null,
  kept: null,
  more_up: 0,
  more_down: 0,
  ...rest,
});
const edge = (source: string, target: string, kind: LineageEdge["kind"]): LineageEdge => ({ source, target, kind });
const steps = [10, 20, 30, 40].map((step) => node(`step ${step}`, "checkpoint", 1, { step }));

function data(nodes: LineageNode[], edges: LineageEdge[]): LineageData {
  return { run: "a", nodes, edges, cut: false, took_ms: 1, rev: 1 };
}

describe("folding", () => {
  const full = data(
    [node("a", "run", 0), ...steps, node("b", "run", 2), node("in.csv", "file", -1)],
    [
      ...steps.map((step) => edge("a", step.id, "saved")),
      edge("step 20", "b", "resumed"),
      edge("in.csv", "a", "read"),
    ],
  );

  it("makes one node of leaves alike and leaves what leads on", () => {
    const { nodes, edges } = foldLeaves(full, "p", new Set());
    expect(nodes.map((one) => one.name)).toEqual(["a", "step 20", "b", "in.csv", "3 checkpoints"]);
    expect(nodes.at(-1)).toMatchObject({ detail: "steps 10 to 40", count: 3, href: null });
    expect(edges.filter((one) => one.kind === "saved")).toHaveLength(2);
  });

  it("is undone for a node on demand", () => {
    const id = foldLeaves(full, "p", new Set()).nodes.at(-1)?.id ?? "";
    expect(foldLeaves(full, "p", new Set([id])).nodes).toHaveLength(full.nodes.length);
  });

  it("leaves two alone, and nodes with neighbours that are not shown", () => {
    const few = data([node("a", "run", 0), ...steps.slice(0, 2)], steps.slice(0, 2).map((step) => edge("a", step.id, "saved")));
    expect(foldLeaves(few, "p", new Set()).nodes).toHaveLength(3);
    const known = steps.map((step) => ({ ...step, more_down: 1 }));
    const linked = data([node("a", "run", 0), ...known], known.map((step) => edge("a", step.id, "saved")));
    expect(foldLeaves(linked, "p", new Set()).nodes).toHaveLength(5);
  });

  it("marks the run that was asked for and what is gone", () => {
    const [first, gone] = foldLeaves(
      data([node("a", "run", 0), node("x", "run", -1, { known: false })], [edge("x", "a", "rerun")]),
      "p",
      new Set(),
    ).nodes;
    expect(first).toMatchObject({ isHere: true, isGone: false });
    expect(gone).toMatchObject({ isHere: false, isGone: true, href: null });
  });
});

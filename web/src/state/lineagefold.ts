import type { LineageData, LineageEdge, LineageKind, LineageNode } from "../api/types";
import { formatCount } from "../data/format";
import type { IconName } from "../ui/icons";
import { describeNode, hrefOf, iconOf, kindOf } from "./lineage.svelte";

/** A node as it is drawn: one thing, or several alike that nothing else is linked with. */
export interface GraphNode {
  id: string;
  kind: LineageKind;
  icon: IconName;
  name: string;
  detail: string;
  /** Everything, for the title and a screen reader. */
  label: string;
  href: string | null;
  /** Neighbours that are not shown, at least so many. */
  more: number;
  isHere: boolean;
  /** Not in this lab, removed or not kept. */
  isGone: boolean;
  /** Folded: how many things it stands for. */
  count: number;
}

export interface Graph {
  nodes: GraphNode[];
  edges: LineageEdge[];
}

/** So many leaves alike are one node. */
const FOLDED_MIN = 3;
const PLURALS: Readonly<Record<LineageKind, string>> = {
  run: "runs",
  artifact: "artifacts",
  file: "files",
  checkpoint: "checkpoints",
};

/** The graph with leaves of a kind at one run folded into one node, those in `unfolded` apart. */
export function foldLeaves(
  data: LineageData,
  project: string,
  unfolded: ReadonlySet<string>,
): Graph {
  const here = data.nodes[0]?.id ?? "";
  const edgesOf = new Map<string, LineageEdge[]>();
  for (const edge of data.edges)
    for (const id of [edge.source, edge.target]) edgesOf.set(id, [...(edgesOf.get(id) ?? []), edge]);

  const groups = new Map<string, LineageNode[]>();
  for (const node of data.nodes) {
    const [edge, ...others] = edgesOf.get(node.id) ?? [];
    const isLeaf = edge && others.length === 0 && node.more_up + node.more_down === 0;
    if (!isLeaf || node.kind === "run" || node.id === here) continue;
    const isBefore = edge.source === node.id;
    const key = `fold:${isBefore ? edge.target : edge.source} ${isBefore ? "<" : ">"} ${node.kind}`;
    groups.set(key, [...(groups.get(key) ?? []), node]);
  }
  const foldOf = new Map<string, string>();
  const nodes: GraphNode[] = [];
  for (const [key, members] of groups) {
    if (members.length < FOLDED_MIN || unfolded.has(key)) continue;
    for (const member of members) foldOf.set(member.id, key);
    nodes.push(folded(key, members));
  }
  const single = data.nodes.filter((node) => !foldOf.has(node.id));
  const seen = new Set<string>();
  const edges = data.edges.flatMap((edge) => {
    const source = foldOf.get(edge.source) ?? edge.source;
    const target = foldOf.get(edge.target) ?? edge.target;
    const key = `${source} ${target} ${edge.kind}`;
    if (seen.has(key)) return [];
    seen.add(key);
    return [{ ...edge, source, target }];
  });
  return { nodes: [...single.map((node) => shown(node, node.id === here, project)), ...nodes], edges };
}

function shown(node: LineageNode, isHere: boolean, project: string): GraphNode {
  return {
    id: node.id,
    kind: node.kind,
    icon: iconOf(node),
    name: node.name,
    detail: kindOf(node),
    label: describeNode(node, isHere),
    href: hrefOf(node, project),
    more: node.more_up + node.more_down,
    isHere,
    isGone: !node.known || node.deleted || node.kept === false,
    count: 1,
  };
}

function folded(id: string, members: readonly LineageNode[]): GraphNode {
  const [first, last] = [members[0]!, members.at(-1)!];
  const name = `${formatCount(members.length)} ${PLURALS[first.kind]}`;
  const steps = members.map((member) => member.step ?? 0);
  const detail =
    first.kind === "checkpoint"
      ? `steps ${Math.min(...steps)} to ${Math.max(...steps)}`
      : `${first.name}, …, ${last.name}`;
  return {
    id,
    kind: first.kind,
    icon: iconOf(first),
    name,
    detail,
    label: `${name}, ${detail}; Enter shows them`,
    href: null,
    more: 0,
    isHere: false,
    isGone: members.every((member) => member.kept === false),
    count: members.length,
  };
}

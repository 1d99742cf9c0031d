import { ApiError, apiUrl, getJson, segment } from "../api/client";
import type { LineageData, LineageEdge, LineageNode } from "../api/types";
import { formatBytes, formatCount, formatDateTime } from "../data/format";
import type { IconName } from "../ui/icons";
import { Latest } from "./latest";
import { runPath } from "./router.svelte";

export const NODES_STEP = 60;
const NODES_MAX = 1_000;

/** What a run comes from and what came of it, as far as it is asked for. */
export class LineageScreen {
  readonly #run: string;
  readonly #latest = new Latest();
  data: LineageData | null = $state.raw(null);
  error: string | null = $state(null);
  nodes_max = $state(NODES_STEP);

  constructor(run: string) {
    this.#run = run;
  }

  refresh(): void {
    const nodes = this.nodes_max;
    this.#latest.run(() => this.#load(nodes));
  }

  more(): void {
    this.nodes_max = Math.min(NODES_MAX, this.nodes_max * 3);
    this.refresh();
  }

  async #load(nodes: number): Promise<void> {
    try {
      this.data = await getJson<LineageData>(apiUrl(`runs/${segment(this.#run)}/lineage`, { nodes }));
      this.error = null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.error = error.message;
    }
  }
}

/** What an edge says, read from its source. */
export const FLOWS: Readonly<Record<LineageEdge["kind"], string>> = {
  read: "was read by",
  "may-read": "may have been read by",
  wrote: "wrote",
  made: "made",
  used: "was used by",
  saved: "saved",
  resumed: "was gone on from by",
  rerun: "was re-run as",
  repeat: "was repeated as",
  part: "has the part",
  derived: "was made into",
};

export function iconOf(node: LineageNode): IconName {
  if (node.kind === "run") return node.state ?? "help";
  return ({ artifact: "package", file: "file", checkpoint: "bookmark" } as const)[node.kind];
}

/** The second line of a node: what it is. */
export function kindOf(node: LineageNode): string {
  const parts = ((): (string | null)[] => {
    switch (node.kind) {
      case "run":
        if (!node.known) return ["a run that is not in this lab"];
        return ["run", node.deleted ? "removed" : node.state];
      case "artifact":
        return [node.type ?? "artifact", node.files === null ? null : `${formatCount(node.files)} ${node.files === 1 ? "file" : "files"}`, sizeOf(node)];
      case "checkpoint":
        return ["checkpoint", node.kept === false ? "not kept" : sizeOf(node)];
      case "file":
        return ["file", sizeOf(node), node.digest?.slice(0, 8) ?? null];
    }
  })();
  return parts.filter((part) => part !== null).join(" · ");
}

const sizeOf = (node: LineageNode): string | null => (node.size === null ? null : formatBytes(node.size));

/** Everything that is known of a node, for the title and a screen reader. */
export function describeNode(node: LineageNode, isHere: boolean): string {
  const made = node.created === null ? "" : `, ${formatDateTime(node.created)}`;
  const hidden = node.more_up + node.more_down;
  const more = hidden > 0 ? `, ${formatCount(hidden)} more not shown` : "";
  return `${node.name}, ${kindOf(node)}${isHere ? ", this run" : ""}${made}${more}`;
}

/** Where a node leads: a run to itself, what a run made or saved to that run. */
export function hrefOf(node: LineageNode, project: string): string | null {
  if (node.run === null || !node.known) return null;
  if (node.kind === "run") return runPath(node.project ?? project, node.run, "?tab=lineage");
  return runPath(node.project ?? project, node.run, node.kind === "artifact" ? "?tab=files" : "?tab=lineage");
}

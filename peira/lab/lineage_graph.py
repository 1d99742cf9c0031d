"""The graph of a lineage: its nodes and edges, and the limits under which it grows."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from peira.lab.rows import RunRow
from peira.record.events import Artifact

NodeKind = Literal["run", "artifact", "file", "checkpoint"]
EdgeKind = Literal[
    "read",
    "may-read",
    "wrote",
    "made",
    "used",
    "saved",
    "resumed",
    "rerun",
    "repeat",
    "part",
    "derived",
]
Side = Literal["up", "down"]

NEIGHBOURS_MAX = 40
"""So many neighbours of one node are shown on one side."""
FILES_MAX = 12
"""So many files of a run that no other run met are shown in each role."""


class LineageNode(msgspec.Struct, kw_only=True):
    """A run, or what passes between runs. Facts that do not fit the kind are None.

    `depth` counts edges from the run that was asked for, below zero for what was before it.
    `more_up` and `more_down` count neighbours that are not in the graph: at least so many.
    """

    id: str
    kind: NodeKind
    name: str
    """Of a run or an artifact; the path of a file; `step 40` of a checkpoint."""
    depth: int
    run: str | None = None
    """The run itself; of an artifact or a checkpoint a run that made it."""
    project: str | None = None
    state: str | None = None
    created: float | None = None
    deleted: bool = False
    known: bool = True
    """False for a run that is named by another and is not in this lab."""
    type: str | None = None
    """Of an artifact: `model`, `file`, …"""
    digest: str | None = None
    """Of a file: its content."""
    files: int | None = None
    size: int | None = None
    """Bytes of an artifact or a checkpoint."""
    step: int | None = None
    kept: bool | None = None
    """Whether a checkpoint is still there."""
    more_up: int = 0
    more_down: int = 0


class LineageEdge(msgspec.Struct, frozen=True):
    """What flowed from `source` to `target`, both ids of nodes."""

    source: str
    target: str
    kind: EdgeKind


class Lineage(msgspec.Struct):
    """The graph around a run; its node is the first."""

    run: str
    nodes: list[LineageNode]
    edges: list[LineageEdge]
    is_cut: bool
    """Whether anything was left out; the nodes tell where."""
    took_s: float = 0.0

    def before(self, node: str) -> list[tuple[LineageEdge, LineageNode]]:
        """Return what flowed into a node, with where it came from."""
        by_id = {found.id: found for found in self.nodes}
        return [(edge, by_id[edge.source]) for edge in self.edges if edge.target == node]

    def after(self, node: str) -> list[tuple[LineageEdge, LineageNode]]:
        """Return what flowed out of a node, with where it went."""
        by_id = {found.id: found for found in self.nodes}
        return [(edge, by_id[edge.target]) for edge in self.edges if edge.source == node]


class Graph:
    """Nodes and edges under the limits."""

    def __init__(self, nodes_max: int) -> None:
        self.nodes: dict[str, LineageNode] = {}
        self.edges: dict[tuple[str, str], LineageEdge] = {}
        self.is_cut = False
        self._nodes_max = nodes_max
        self._fan: dict[tuple[str, Side], int] = {}

    def add(self, node: LineageNode) -> bool:
        """Add a node unless it is there; return whether it is in the graph now."""
        if node.id not in self.nodes:
            if len(self.nodes) >= self._nodes_max:
                return False
            self.nodes[node.id] = node
        return True

    def attach(self, anchor: str, side: Side, node: LineageNode, kind: EdgeKind) -> bool:
        """Join a node to one that is there; return whether there was room, and count it if not."""
        ends = (node.id, anchor) if side == "up" else (anchor, node.id)
        known = self.edges.get(ends)
        if known is not None:  # what was said first says more: resumed before read
            if known.kind == "may-read":
                self.edges[ends] = LineageEdge(*ends, kind)
            return True
        fan = self._fan.get((anchor, side), 0)
        if fan >= NEIGHBOURS_MAX or not self.add(node):
            self.leave_out(anchor, side, 1)
            return False
        self._fan[anchor, side] = fan + 1
        self.edges[ends] = LineageEdge(*ends, kind)
        return True

    def leave_out(self, anchor: str, side: Side, count: int) -> None:
        """Count neighbours that are not shown."""
        if count <= 0:
            return
        self.is_cut = True
        node = self.nodes[anchor]
        if side == "up":
            node.more_up += count
        else:
            node.more_down += count


def run_key(run: RunRow) -> str:
    """Return the id of the node of a run."""
    return f"run:{run.id}"


def run_node(run: RunRow, depth: int) -> LineageNode:
    """Return the node of a run."""
    return LineageNode(
        id=run_key(run),
        kind="run",
        name=run.name,
        depth=depth,
        run=run.id,
        project=run.project,
        state=run.state,
        created=run.created,
        deleted=bool(run.deleted),
    )


def lost_node(run: str, depth: int) -> LineageNode:
    """Return the node of a run that another one names and that is not in this lab."""
    return LineageNode(id=f"run:{run}", kind="run", name=run, depth=depth, run=run, known=False)


def file_node(digest: str, path: str, depth: int) -> LineageNode:
    """Return the node of a content, called by one of its paths."""
    return LineageNode(id=f"file:{digest}", kind="file", name=path, depth=depth, digest=digest)


def artifact_key(artifact: Artifact) -> str:
    """Return the id of an artifact's content: the same for the run that made it and one that used
    it. One without files is only itself.
    """
    from blake3 import blake3

    content: list[Any] = sorted((file.path, file.object) for file in artifact.files)
    if not content:
        content = [artifact.name, artifact.time]
    return f"artifact:{blake3(msgspec.json.encode(content)).hexdigest(16)}"


def artifact_node(artifact: Artifact, depth: int, run: str | None) -> LineageNode:
    """Return the node of an artifact's content; `run` is one that made it. Of a data version the
    one file is its manifest, whose size says nothing.
    """
    is_version = artifact.type == "dataset" and "content" in artifact.metadata
    return LineageNode(
        id=artifact_key(artifact),
        kind="artifact",
        name=artifact.name,
        depth=depth,
        run=run,
        type=artifact.type,
        created=artifact.time,
        files=None if is_version else len(artifact.files),
        size=None if is_version else sum(file.size for file in artifact.files),
    )


def holds(artifact: Artifact, digest: str) -> bool:
    """Whether an artifact has a file of that content."""
    return any(file.object == digest for file in artifact.files)

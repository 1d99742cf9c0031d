"""Where a run comes from and what came of it: data -> run -> artifact -> run.

    up     what the run read, used and went on from; the runs that made that; and so on
    down   what it wrote, made and saved; the runs that took that; and so on

Runs meet by content: a file that one run wrote and another opened is one node, whatever its path.
The graph is bounded, and every node tells how many neighbours are left out.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec
from sqlalchemy import Connection

from peira.core.errors import UsageError
from peira.lab import lineage_rows as rows
from peira.lab.checkpoints import read_checkpoints
from peira.lab.index import schema
from peira.lab.query.several import among
from peira.lab.rows import RunRow
from peira.record.events import Artifact, Checkpoint, FileRole

NodeKind = Literal["run", "artifact", "file", "checkpoint"]
EdgeKind = Literal["read", "wrote", "made", "used", "saved", "resumed", "rerun", "repeat", "part"]
Side = Literal["up", "down"]

DEPTH = 10
"""Generations of runs on each side, unless asked otherwise."""
DEPTH_MAX = 100
NODES_MAX = 400
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


def read_lineage(
    connection: Connection,
    run: RunRow,
    *,
    sides: Sequence[Side] = ("up", "down"),
    depth: int = DEPTH,
    nodes: int = NODES_MAX,
) -> Lineage:
    """Return the graph of what the run comes from, and of what came of it.

    Args:
        depth: generations of runs on each side, 1 to 100.
        nodes: nodes at most.

    Raises:
        UsageError: the depth is out of range.
    """
    if not 1 <= depth <= DEPTH_MAX:
        raise UsageError(f"depth is {depth}; 1 to {DEPTH_MAX} were expected.")
    started = time.perf_counter()
    graph = _Graph(nodes)
    graph.add(_run_node(run, 0))
    for side in sides:
        walk = (_Up if side == "up" else _Down)(connection, graph)
        walk.walk(run, depth)
    return Lineage(
        run.id,
        list(graph.nodes.values()),
        list(graph.edges.values()),
        graph.is_cut,
        time.perf_counter() - started,
    )


class _Graph:
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
        if ends in self.edges:  # what was said first says more: resumed before read
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


class _Walk:
    """One side of the search, a generation of runs at a time."""

    side: Side

    def __init__(self, connection: Connection, graph: _Graph) -> None:
        self.connection = connection
        self.graph = graph
        self.runs: dict[int, RunRow] = {}
        self.artifacts: dict[int, list[Artifact]] = {}
        self.checkpoints: dict[int, dict[int, Checkpoint]] = {}
        self._known: set[int] = set()
        self._next: dict[int, RunRow] = {}

    def walk(self, root: RunRow, depth: int) -> None:
        """Expand generation after generation, as far as the limits go."""
        self.runs[root.n] = root
        frontier = {root.n: root}
        for _ in range(depth):
            if not frontier:
                return
            self._next = {}
            self.expand(frontier)
            frontier = self._next
        if frontier:
            self.count_rest(frontier)

    def expand(self, frontier: dict[int, RunRow]) -> None:
        """Attach the neighbours of some runs; `reach` tells the runs that come next."""
        raise NotImplementedError

    def count_rest(self, frontier: dict[int, RunRow]) -> None:
        """Say of runs at the end of the search how many neighbours they have, at least."""
        raise NotImplementedError

    def leave_out(self, run: RunRow, neighbours: int) -> None:
        """Count those of the neighbours of a run that are not shown."""
        end = 1 if self.side == "up" else 0  # of an edge: its target, or its source
        shown = sum(ends[end] == _run_id(run) for ends in self.graph.edges)
        self.graph.leave_out(_run_id(run), self.side, neighbours - shown)

    def attach_files(
        self, frontier: dict[int, RunRow], role: FileRole, shared: dict[int, set[str]]
    ) -> None:
        """Attach the files of runs in one role that were not shared with other runs."""
        most = FILES_MAX + max(map(len, shared.values()), default=0)
        kind: EdgeKind = "read" if role == "input" else "wrote"
        for n, met in rows.read_files(self.connection, frontier, role, most).items():
            anchor = _run_id(frontier[n])
            fresh = [f for f in met.files if f[0] not in shared.get(n, ())]
            for digest, path in fresh[:FILES_MAX]:
                node = _file_node(digest, path, self.depth_of(anchor))
                self.graph.attach(anchor, self.side, node, kind)
            passed = len(met.files) - len(fresh)
            self.graph.leave_out(anchor, self.side, met.total - passed - len(fresh[:FILES_MAX]))

    def load(self, numbers: Iterable[int]) -> None:
        """Read what runs made, used and saved, unless it is known."""
        new = [n for n in numbers if n not in self._known]
        if not new:
            return
        self._known.update(new)
        missing = [n for n in new if n not in self.runs]
        if missing:
            for row in rows.read_runs(self.connection, among(schema.run.c.n, missing)):
                self.runs[row.n] = row
        self.artifacts |= rows.read_artifacts(self.connection, new)
        for n, kept in read_checkpoints(self.connection, new).items():
            self.checkpoints[n] = {made.step: made for made in kept}

    def depth_of(self, anchor: str) -> int:
        """Return the depth of a new neighbour of a node."""
        return self.graph.nodes[anchor].depth + (-1 if self.side == "up" else 1)

    def reach(self, anchor: str, run: RunRow, kind: EdgeKind) -> None:
        """Attach a run, and go on from it in the next generation unless it was there."""
        is_new = _run_id(run) not in self.graph.nodes
        node = _run_node(run, self.depth_of(anchor))
        if self.graph.attach(anchor, self.side, node, kind) and is_new:
            self.runs[run.n] = run
            self._next[run.n] = run

    def checkpoint_node(self, run: RunRow, step: int, depth: int) -> LineageNode:
        """Return the node of a checkpoint of a run, also of one that is there no more."""
        made = self.checkpoints.get(run.n, {}).get(step)
        return LineageNode(
            id=f"checkpoint:{run.id}/{step}",
            kind="checkpoint",
            name=f"step {step}",
            depth=depth,
            run=run.id,
            created=None if made is None else made.time,
            step=step,
            kept=made is not None,
            files=None if made is None else len(made.files),
            size=None if made is None else sum(file.size for file in made.files),
        )

    def container(self, found: rows.Shared, depth: int) -> tuple[LineageNode, EdgeKind]:
        """Return the node of content that a run made, and how it made it."""
        run = self.runs[found.maker]
        if found.made_as == "checkpoint":
            step = found.made_path.partition("/")[0]
            return self.checkpoint_node(run, int(step), depth), "saved"
        if found.made_as == "made":
            for artifact in self.artifacts.get(run.n, []):
                if artifact.role == "made" and _holds(artifact, found.digest):
                    return _artifact_node(artifact, depth, run.id), "made"
        return _file_node(found.digest, found.made_path, depth), "wrote"

    def takes(self, found: rows.Shared, node: LineageNode) -> EdgeKind:
        """Return how a run took what a node is."""
        if node.kind == "checkpoint":
            return "used" if found.taken_as == "used" else "read"
        used = self.artifacts.get(found.taker, [])
        is_used = any(a.role == "used" and _artifact_id(a) == node.id for a in used)
        return "used" if is_used else "read"


class _Up(_Walk):
    side = "up"

    def expand(self, frontier: dict[int, RunRow]) -> None:
        self.load(frontier)
        self._origins(frontier)
        passed = _Passed(rows.shared(self.connection, takers=frontier), "taker")
        self.load(found.maker for found in passed.shown)
        for found in passed.shown:
            anchor = _run_id(frontier[found.taker])
            node, made = self.container(found, self.depth_of(anchor))
            if self.graph.attach(anchor, "up", node, self.takes(found, node)):
                self.reach(node.id, self.runs[found.maker], made)
                self.graph.leave_out(node.id, "up", passed.rest(found))
        for run in frontier.values():
            self._used(run, passed.digests.get(run.n, set()))
        self.attach_files(frontier, "input", passed.digests)

    def _origins(self, frontier: dict[int, RunRow]) -> None:
        """Attach the runs that these repeat, go on from, or are a part of."""
        named = {name for run in frontier.values() for name in (run.origin, run.parent) if name}
        if not named:
            return
        found = rows.read_runs(self.connection, among(schema.run.c.id, sorted(named)))
        by_id = {run.id: run for run in found}
        forks = rows.read_forks(
            self.connection, [n for n, run in frontier.items() if run.origin_how == "resume"]
        )
        self.load(run.n for run in found)
        for run in frontier.values():
            anchor = _run_id(run)
            for name, how in ((run.origin, _origin_kind(run)), (run.parent, "part")):
                if not name:
                    continue
                other = by_id.get(name)
                if other is None:
                    self.graph.attach(anchor, "up", _lost(name, self.depth_of(anchor)), how)
                elif how == "resumed" and run.n in forks:
                    node = self.checkpoint_node(other, forks[run.n], self.depth_of(anchor))
                    if self.graph.attach(anchor, "up", node, "resumed"):
                        self.reach(node.id, other, "saved")
                else:
                    self.reach(anchor, other, how)

    def _used(self, run: RunRow, met: set[str]) -> None:
        """Attach the artifacts that a run used and no known run made."""
        anchor = _run_id(run)
        depth = self.depth_of(anchor)
        for artifact in self.artifacts.get(run.n, []):
            if artifact.role == "used" and not any(_holds(artifact, d) for d in met):
                self.graph.attach(anchor, "up", _artifact_node(artifact, depth, None), "used")

    def count_rest(self, frontier: dict[int, RunRow]) -> None:
        inputs = rows.read_files(self.connection, frontier, "input", 1)
        for n, run in frontier.items():
            named = sum(name is not None for name in (run.origin, run.parent))
            self.leave_out(run, named + (inputs[n].total if n in inputs else 0))


class _Down(_Walk):
    side = "down"

    def expand(self, frontier: dict[int, RunRow]) -> None:
        self.load(frontier)
        self._followers(frontier)
        passed = _Passed(rows.shared(self.connection, makers=frontier), "maker")
        self.load(found.taker for found in passed.shown)
        for found in passed.shown:
            anchor = _run_id(frontier[found.maker])
            node, made = self.container(found, self.depth_of(anchor))
            if self.graph.attach(anchor, "down", node, made):
                self.reach(node.id, self.runs[found.taker], self.takes(found, node))
                self.graph.leave_out(node.id, "down", passed.rest(found))
        for run in frontier.values():
            self._made(run)
        self.attach_files(frontier, "output", passed.digests)

    def _followers(self, frontier: dict[int, RunRow]) -> None:
        """Attach the runs that repeat these, go on from them, or are a part of them."""
        by_id = {run.id: run for run in frontier.values()}
        column = schema.run.c
        names = list(by_id)
        found = rows.read_runs(
            self.connection, among(column.origin, names) | among(column.parent, names)
        )
        if len(found) == rows.ROWS_MAX:
            seen = Counter(name for run in found for name in (run.origin, run.parent))
            for followed, total in rows.count_followers(self.connection, names).items():
                self.graph.leave_out(_run_id(by_id[followed]), "down", total - seen[followed])
        forks = rows.read_forks(
            self.connection, [run.n for run in found if run.origin_how == "resume"]
        )
        for run in found:
            for name, how in ((run.origin, _origin_kind(run)), (run.parent, "part")):
                other = by_id.get(name or "")
                if other is None:
                    continue
                anchor = _run_id(other)
                if how == "resumed" and run.n in forks:
                    node = self.checkpoint_node(other, forks[run.n], self.depth_of(anchor))
                    if self.graph.attach(anchor, "down", node, "saved"):
                        self.reach(node.id, run, "resumed")
                else:
                    self.reach(anchor, run, how)

    def _made(self, run: RunRow) -> None:
        """Attach what a run made and saved, whether a known run took it or not."""
        anchor = _run_id(run)
        depth = self.depth_of(anchor)
        made = self.artifacts.get(run.n, [])
        used = {_artifact_id(artifact) for artifact in made if artifact.role == "used"}
        for artifact in made:
            if artifact.role == "made" and _artifact_id(artifact) not in used:
                self.graph.attach(anchor, "down", _artifact_node(artifact, depth, run.id), "made")
        for step in self.checkpoints.get(run.n, {}):
            self.graph.attach(anchor, "down", self.checkpoint_node(run, step, depth), "saved")

    def count_rest(self, frontier: dict[int, RunRow]) -> None:
        self.load(frontier)
        outputs = rows.read_files(self.connection, frontier, "output", 1)
        followers = rows.count_followers(self.connection, [run.id for run in frontier.values()])
        for n, run in frontier.items():
            made = sum(artifact.role == "made" for artifact in self.artifacts.get(n, []))
            made += len(self.checkpoints.get(n, {})) + (outputs[n].total if n in outputs else 0)
            self.leave_out(run, made + followers.get(run.id, 0))


class _Passed:
    """What passed between runs: no more of one content than can be shown, the rest counted."""

    def __init__(self, passed: list[rows.Shared], end: Literal["maker", "taker"]) -> None:
        # A file that is in an artifact or a checkpoint of its maker is shown only as that.
        packed = {(p.maker, p.digest) for p in passed if p.made_as != "output"}
        self.shown: list[rows.Shared] = []
        self.digests: dict[int, set[str]] = {}
        """By the number of the run that was asked for."""
        self._counts: Counter[tuple[int, str]] = Counter()
        self._end = end
        for found in passed:
            if found.made_as == "output" and (found.maker, found.digest) in packed:
                continue
            run = found.maker if end == "maker" else found.taker
            self.digests.setdefault(run, set()).add(found.digest)
            self._counts[run, found.digest] += 1
            if self._counts[run, found.digest] <= NEIGHBOURS_MAX:
                self.shown.append(found)

    def rest(self, found: rows.Shared) -> int:
        """Return how many more runs met the same content; once, then 0."""
        run = found.maker if self._end == "maker" else found.taker
        return max(0, self._counts.pop((run, found.digest), 0) - NEIGHBOURS_MAX)


def _origin_kind(run: RunRow) -> EdgeKind:
    kinds: dict[str | None, EdgeKind] = {"rerun": "rerun", "repeat": "repeat"}
    return kinds.get(run.origin_how, "resumed")


def _run_id(run: RunRow) -> str:
    return f"run:{run.id}"


def _run_node(run: RunRow, depth: int) -> LineageNode:
    return LineageNode(
        id=_run_id(run),
        kind="run",
        name=run.name,
        depth=depth,
        run=run.id,
        project=run.project,
        state=run.state,
        created=run.created,
        deleted=bool(run.deleted),
    )


def _lost(run: str, depth: int) -> LineageNode:
    return LineageNode(id=f"run:{run}", kind="run", name=run, depth=depth, run=run, known=False)


def _file_node(digest: str, path: str, depth: int) -> LineageNode:
    return LineageNode(id=f"file:{digest}", kind="file", name=path, depth=depth, digest=digest)


def _artifact_id(artifact: Artifact) -> str:
    """Return the id of an artifact's content: the same for the run that made it and one that used
    it.
    """
    from blake3 import blake3

    content = sorted((file.path, file.object) for file in artifact.files)
    return f"artifact:{blake3(msgspec.json.encode(content)).hexdigest(16)}"


def _artifact_node(artifact: Artifact, depth: int, run: str | None) -> LineageNode:
    return LineageNode(
        id=_artifact_id(artifact),
        kind="artifact",
        name=artifact.name,
        depth=depth,
        run=run,
        type=artifact.type,
        created=artifact.time,
        files=len(artifact.files),
        size=sum(file.size for file in artifact.files),
    )


def _holds(artifact: Artifact, digest: str) -> bool:
    return any(file.object == digest for file in artifact.files)

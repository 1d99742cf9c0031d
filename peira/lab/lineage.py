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
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection

from peira.core.errors import UsageError
from peira.lab import lineage_rows as rows
from peira.lab.checkpoints import read_checkpoints
from peira.lab.index import schema
from peira.lab.lineage_data import attach_versions, name_part
from peira.lab.lineage_graph import (
    FILES_MAX,
    NEIGHBOURS_MAX,
    EdgeKind,
    Graph,
    Lineage,
    LineageNode,
    Side,
    artifact_key,
    artifact_node,
    file_node,
    holds,
    lost_node,
    run_key,
    run_node,
)
from peira.lab.query.several import among
from peira.lab.rows import RunRow
from peira.record.events import Artifact, Checkpoint

DEPTH = 10
"""Generations of runs on each side, unless asked otherwise."""
DEPTH_MAX = 100
NODES_MAX = 400
_FILE_EDGES: dict[str, EdgeKind] = {"input": "read", "maybe": "may-read", "output": "wrote"}
_TAKEN: dict[str, EdgeKind] = {"input": "read", "maybe": "may-read", "used": "read"}


def read_lineage(
    connection: Connection,
    run: RunRow,
    *,
    sides: Sequence[Side] = ("up", "down"),
    depth: int = DEPTH,
    nodes: int = NODES_MAX,
    root: Path | None = None,
) -> Lineage:
    """Return the graph of what the run comes from, and of what came of it.

    Args:
        depth: generations of runs on each side, 1 to 100.
        nodes: nodes at most.
        root: of the lab, whose records tell what data versions were made from.

    Raises:
        UsageError: the depth is out of range.
        DamagedError: the record of a data version cannot be read.
    """
    if not 1 <= depth <= DEPTH_MAX:
        raise UsageError(f"depth is {depth}; 1 to {DEPTH_MAX} were expected.")
    started = time.perf_counter()
    graph = Graph(nodes)
    graph.add(run_node(run, 0))
    for side in sides:
        walk = (_Up if side == "up" else _Down)(connection, graph)
        walk.walk(run, depth)
    if root is not None and "up" in sides:
        attach_versions(root, graph)
    return Lineage(
        run.id,
        list(graph.nodes.values()),
        list(graph.edges.values()),
        graph.is_cut,
        time.perf_counter() - started,
    )


class _Walk:
    """One side of the search, a generation of runs at a time."""

    side: Side

    def __init__(self, connection: Connection, graph: Graph) -> None:
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
        shown = sum(ends[end] == run_key(run) for ends in self.graph.edges)
        self.graph.leave_out(run_key(run), self.side, neighbours - shown)

    def attach_files(
        self,
        frontier: dict[int, RunRow],
        role: Literal["input", "maybe", "output"],
        shared: dict[int, set[str]],
    ) -> None:
        """Attach the files of runs in one role that were not shared with other runs."""
        most = FILES_MAX + max(map(len, shared.values()), default=0)
        kind = _FILE_EDGES[role]
        for n, met in rows.read_files(self.connection, frontier, role, most).items():
            anchor = run_key(frontier[n])
            fresh = [f for f in met.files if f[0] not in shared.get(n, ())]
            for digest, path in fresh[:FILES_MAX]:
                node = file_node(digest, path, self.depth_of(anchor))
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
        is_new = run_key(run) not in self.graph.nodes
        node = run_node(run, self.depth_of(anchor))
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
                if artifact.role == "made" and holds(artifact, found.digest):
                    return artifact_node(artifact, depth, run.id), "made"
        return file_node(found.digest, found.made_path, depth), "wrote"

    def takes(self, found: rows.Shared, node: LineageNode) -> EdgeKind:
        """Return how a run took what a node is."""
        if node.kind == "checkpoint":
            return "used" if found.taken_as == "used" else _TAKEN[found.taken_as]
        used = self.artifacts.get(found.taker, [])
        if any(a.role == "used" and artifact_key(a) == node.id for a in used):
            return "used"
        return _TAKEN[found.taken_as]


class _Up(_Walk):
    side = "up"

    def expand(self, frontier: dict[int, RunRow]) -> None:
        self.load(frontier)
        self._origins(frontier)
        passed = _Passed(rows.shared(self.connection, takers=frontier), "taker")
        self.load(found.maker for found in passed.shown)
        for found in passed.shown:
            anchor = run_key(frontier[found.taker])
            node, made = self.container(found, self.depth_of(anchor))
            if self.graph.attach(anchor, "up", node, self.takes(found, node)):
                self.reach(node.id, self.runs[found.maker], made)
                self.graph.leave_out(node.id, "up", passed.rest(found))
        for run in frontier.values():
            self._used(run, passed.digests.get(run.n, set()))
        self.attach_files(frontier, "input", passed.digests)
        self.attach_files(frontier, "maybe", passed.digests)

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
            anchor = run_key(run)
            for name, how in ((run.origin, _origin_kind(run)), (run.parent, "part")):
                if not name:
                    continue
                other = by_id.get(name)
                if other is None:
                    self.graph.attach(anchor, "up", lost_node(name, self.depth_of(anchor)), how)
                elif how == "resumed" and run.n in forks:
                    node = self.checkpoint_node(other, forks[run.n], self.depth_of(anchor))
                    if self.graph.attach(anchor, "up", node, "resumed"):
                        self.reach(node.id, other, "saved")
                else:
                    self.reach(anchor, other, how)

    def _used(self, run: RunRow, met: set[str]) -> None:
        """Attach the artifacts that a run used and no known run made."""
        anchor = run_key(run)
        depth = self.depth_of(anchor)
        for artifact in self.artifacts.get(run.n, []):
            if artifact.role == "used" and not any(holds(artifact, d) for d in met):
                node = artifact_node(artifact, depth, None)
                if self.graph.attach(anchor, "up", node, "used"):
                    name_part(self.graph.nodes[node.id], artifact)

    def count_rest(self, frontier: dict[int, RunRow]) -> None:
        inputs = [
            rows.read_files(self.connection, frontier, role, 1) for role in ("input", schema.MAYBE)
        ]
        for n, run in frontier.items():
            named = sum(name is not None for name in (run.origin, run.parent))
            self.leave_out(run, named + sum(met[n].total for met in inputs if n in met))


class _Down(_Walk):
    side = "down"

    def expand(self, frontier: dict[int, RunRow]) -> None:
        self.load(frontier)
        self._followers(frontier)
        passed = _Passed(rows.shared(self.connection, makers=frontier), "maker")
        self.load(found.taker for found in passed.shown)
        for found in passed.shown:
            anchor = run_key(frontier[found.maker])
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
                self.graph.leave_out(run_key(by_id[followed]), "down", total - seen[followed])
        forks = rows.read_forks(
            self.connection, [run.n for run in found if run.origin_how == "resume"]
        )
        for run in found:
            for name, how in ((run.origin, _origin_kind(run)), (run.parent, "part")):
                other = by_id.get(name or "")
                if other is None:
                    continue
                anchor = run_key(other)
                if how == "resumed" and run.n in forks:
                    node = self.checkpoint_node(other, forks[run.n], self.depth_of(anchor))
                    if self.graph.attach(anchor, "down", node, "saved"):
                        self.reach(node.id, run, "resumed")
                else:
                    self.reach(anchor, run, how)

    def _made(self, run: RunRow) -> None:
        """Attach what a run made and saved, whether a known run took it or not."""
        anchor = run_key(run)
        depth = self.depth_of(anchor)
        made = self.artifacts.get(run.n, [])
        used = {artifact_key(artifact) for artifact in made if artifact.role == "used"}
        for artifact in made:
            if artifact.role == "made" and artifact_key(artifact) not in used:
                self.graph.attach(anchor, "down", artifact_node(artifact, depth, run.id), "made")
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

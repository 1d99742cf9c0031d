"""Bringing the index up to what the plain files say: exactly once, whoever else does the same.

    look      one listing of runs/; a sealed run costs one stat, another one a stat a file
    portion   one writing transaction: visit changed runs from their recorded offsets on, until
              16 MiB are read; offsets and facts commit together
    again     until nothing is left

A reader that loses the race finds the offsets moved when it gets its turn, and has nothing to do.
A kill rolls the transaction back. Writers of runs are never touched: their files are only read.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from sqlalchemy import Connection, not_, select

from peira.core import ids
from peira.core.clock import now_s
from peira.core.errors import DamagedError
from peira.lab import ingest_facts, ingest_journal, ingest_run
from peira.lab.index import Index, IndexBusyError, IndexDamagedError, schema
from peira.lab.index.upsert import upsert
from peira.lab.ingest_facts import Facts
from peira.lab.ingest_run import Budget, Visited
from peira.lab.journal import Journal
from peira.lab.query.several import among
from peira.record import liveness, young
from peira.record.events import Birth
from peira.record.folder import run_folder

PORTION_BYTES = 16 << 20
PORTION_S = 1.0
ENDED = ("finished", "failed", "killed")
REBUILDS_MAX = 3


class CaughtUp(msgspec.Struct, frozen=True):
    """What one `catch_up` brought into the index."""

    runs: int = 0
    """Runs that are new, changed or gone."""
    rows: int = 0
    """Lines read from run folders."""
    points: int = 0
    problems: int = 0
    """Damage told for the first time."""
    is_behind: bool = False
    """Another process held the index for too long: what is there may be older than the files."""


@dataclass(slots=True)
class _Known:
    """What the index says about a run that may still change, as far as it decides whether to look
    at it.
    """

    state: str
    is_sealed: bool
    folder_ns: int
    seen: float
    birth: Birth | None = None
    """For runs that have not ended: what tells whether they live."""
    offsets: dict[str, int] = field(default_factory=dict)
    """How far each file was read."""
    listing: dict[str, int] | None = None
    """What this process saw of the folder at its last visit: what was not read then is no whole
    line.
    """

    @property
    def may_settle(self) -> bool:
        """Whether only the folder's time is missing."""
        return self.is_sealed and self.state in ENDED

    def names(self) -> list[str]:
        """Return the files that the run is known to have."""
        if self.listing is not None:
            return list(self.listing)
        return [name for name in self.offsets if "@" not in name]

    def is_as_read(self, listing: dict[str, int]) -> bool:
        """Whether a folder that looks like this holds nothing new."""
        if self.listing is not None:
            return listing == self.listing
        return all(
            size == self.offsets.get(name, 0)
            for name, size in listing.items()
            if name != "metrics.parquet"
        )


@dataclass(slots=True)
class _Memory:
    """What this process remembers of the index between two calls."""

    birth: str = ""
    """Which index this is about."""
    rev: int = -1
    runs: dict[str, _Known] = field(default_factory=dict)
    """Those that may change without a new file."""
    settled: dict[str, int] = field(default_factory=dict)
    """The times of the folders of all others: only a new file can change these runs."""
    journal: dict[str, int] = field(default_factory=dict)
    purged: set[str] = field(default_factory=set)

    def known(self) -> list[str]:
        """Return the ids of all runs that are in the index."""
        return [*self.runs, *self.settled]


def _listing(files: Mapping[str, os.stat_result]) -> dict[str, int]:
    """Return what decides whether a folder has changed: sizes of lines, the time of Parquet."""
    found = {name: stat.st_size for name, stat in files.items() if name.endswith(".jsonl")}
    if "metrics.parquet" in files:
        found["metrics.parquet"] = files["metrics.parquet"].st_mtime_ns
    return found


class Ingest:
    """Keeps one index in step with one lab. Threads share it; they take turns.

    Args:
        is_shared: whether the index is that of all who read the lab, not of one user.
    """

    def __init__(
        self, root: Path, index: Index, journal: Journal, *, is_shared: bool = True
    ) -> None:
        self.root = root
        self._is_shared = is_shared
        self._index = index
        self._journal = journal
        self._turn = threading.Lock()
        self._memory = _Memory()

    def close(self) -> None:
        """Forget what was remembered."""
        self._memory = _Memory()

    def catch_up(self, *, wait_s: float = 5.0) -> CaughtUp:
        """See `Lab.catch_up`."""
        if not self._turn.acquire(timeout=wait_s):
            return CaughtUp(is_behind=True)
        try:
            for attempt in range(REBUILDS_MAX):
                try:
                    return self._catch_up(wait_s)
                except DamagedError as error:
                    self._memory = _Memory()
                    if not isinstance(error, IndexDamagedError):
                        self._index.replace()  # an overview in it does not fit its checksum
                    if attempt == REBUILDS_MAX - 1:
                        raise
            raise AssertionError("unreachable")
        finally:
            self._turn.release()

    def _catch_up(self, wait_s: float) -> CaughtUp:
        done = _Sum()
        with self._index.read() as connection:
            self._remember(connection)
        todo = self._look()
        if not todo and ingest_journal.sizes(self._journal) == self._memory.journal:
            return CaughtUp()
        try:
            while True:
                todo = self._portion(todo, done, wait_s)
                if not todo:
                    self._let_grow_up()
                    return done.told()
        except IndexBusyError:
            return done.told(is_behind=True)

    # Looking.

    def _look(self) -> list[str]:
        """Return the runs that must be visited, in order of their ids."""
        memory = self._memory
        known, settled, todo, there = memory.runs, memory.settled, [], 0
        now = now_s()
        runs = str(self.root / "runs")
        try:
            # By its handle, each stat names one part of a path instead of the whole one.
            handle = os.open(runs, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            return sorted(memory.known())
        try:
            with os.scandir(handle) as entries:
                for entry in entries:
                    name = entry.name
                    settled_ns = settled.get(name)
                    run = None if settled_ns is not None else known.get(name)
                    if settled_ns is None and run is None:
                        if ids.is_run_id(name) and name not in memory.purged:
                            todo.append(name)
                        continue
                    there += 1
                    try:
                        folder_ns = entry.stat().st_mtime_ns
                        # Only a new file can change a settled run, and that changes its folder.
                        if run is None:
                            if folder_ns != settled_ns:
                                todo.append(name)
                        elif self._has_changed(handle, name, folder_ns, run, now):
                            todo.append(name)
                    except FileNotFoundError:
                        todo.append(name)
        finally:
            os.close(handle)
        if there < len(known) + len(settled):
            names = set(os.listdir(runs))  # noqa: PTH208 - ten thousand of them
            todo.extend(name for name in memory.known() if name not in names)
        return sorted(todo)

    def _has_changed(self, runs: int, run_id: str, folder_ns: int, run: _Known, now: float) -> bool:
        """Whether a run that may change has changed. `runs` is the handle of the folder of all."""
        is_young = folder_ns > now * 1e9 - ingest_run.SETTLE_NS
        if run.listing is None:
            if run.folder_ns != folder_ns:
                return True
        elif run.folder_ns == 0 and run.may_settle and not is_young:
            return True  # once more, to note the folder's time
        if run.folder_ns == folder_ns:
            # Its lines, and while it lives its console, which is a sign of life.
            names = run.names() + (["console.log"] if run.birth is not None else [])
            files = ingest_run.stat_files(run_id, names, runs)
        else:
            files = ingest_run.list_files(self.root / "runs" / run_id)
        if not run.is_as_read(_listing(files)):
            return True
        if run.birth is None:
            return False
        seen = ingest_run.last_write(files, run.seen)
        if liveness.state(run.birth, None, seen, now) != run.state:
            return True
        if run.state != "running":
            return False
        return seen - run.seen >= 1.0  # a sign of life that is no line: its time is shown

    # Reading.

    def _portion(self, todo: list[str], done: _Sum, wait_s: float) -> list[str]:
        """Read a portion in one transaction; returns the runs that are left."""
        left = list(todo)
        deadline = time.monotonic() + PORTION_S
        visited: dict[str, dict[str, int]] = {}
        with self._index.write(wait_s=wait_s) as connection:
            birth, rev = _meta(connection)
            if birth != self._memory.birth:
                raise IndexDamagedError("The index was replaced meanwhile.")
            facts = Facts(connection, rev + 1, ingest_facts.load_keys(connection))
            changed, forgotten = self._read_journal(facts)
            todo = todo + sorted(forgotten.difference(todo))
            decided = ingest_journal.decided_runs(connection)
            budget = Budget(PORTION_BYTES)
            count = 0
            for run_id in todo:
                found, listing = self._visit(facts, run_id, budget, run_id in decided)
                done.add(found)
                # What was left for the next portion must be looked at again.
                visited[run_id] = listing if not found.has_more else {}
                changed += found.changed
                if found.has_more:
                    break
                count += 1
                if budget.is_spent or time.monotonic() > deadline:
                    break
            left = todo[count:]
            facts.flush()
            if changed or facts.problems:
                connection.execute(upsert(schema.meta), {"name": "rev", "value": str(facts.rev)})
            done.problems += facts.problems
            self._remember(connection, visited)
        return left

    def _let_grow_up(self) -> None:
        """Take the marks from runs whose end is in the lab's own index."""
        marked = young.marked(self.root)
        if not marked or not self._is_shared:
            return
        run = schema.run.c
        with self._index.read() as connection:
            question = select(run.id).where(among(run.id, marked), run.state.in_(ENDED))
            ended = set(connection.scalars(question))
        runs = self.root / "runs"
        young.unmark(self.root, [i for i in marked if i in ended or not (runs / i).is_dir()])

    def _visit(
        self, facts: Facts, run_id: str, budget: Budget, has_decisions: bool
    ) -> tuple[Visited, dict[str, int]]:
        """Visit one run; returns what was found, and what its folder looked like before."""
        folder = run_folder(self.root, run_id)
        if run_id in self._memory.purged or not folder.path.is_dir():
            return Visited(changed=ingest_run.forget(facts, run_id)), {}
        try:
            listing = _listing(ingest_run.list_files(folder.path))
            return ingest_run.visit(facts, folder, budget, has_decisions=has_decisions), listing
        except FileNotFoundError:  # purged, or sealed, between two looks: the next one tells
            return Visited(has_more=False), {}

    def _read_journal(self, facts: Facts) -> tuple[int, set[str]]:
        """Read what was appended to the journal; returns how many runs changed, and which must be
        read again.
        """
        sizes = ingest_journal.sizes(self._journal)
        if sizes == self._memory.journal:
            return 0, set()
        touched, forgotten = ingest_journal.fold(facts, self._journal)
        self._memory.purged = ingest_journal.purged_runs(facts.connection)
        changed = ingest_journal.apply(facts, touched - self._memory.purged)
        gone = [run for run in self._memory.purged if ingest_run.forget(facts, run)]
        self._memory.journal = sizes
        # A decision about a project changes no run, but what is shown.
        return len(changed) + len(gone) + 1, forgotten

    # Remembering.

    def _remember(
        self, connection: Connection, visited: dict[str, dict[str, int]] | None = None
    ) -> None:
        """Bring the memory in line with the index as `connection` sees it."""
        memory = self._memory
        birth, rev = _meta(connection)
        if birth != memory.birth or rev < memory.rev:
            memory = self._memory = _Memory(birth=birth)
            memory.purged = ingest_journal.purged_runs(connection)
            memory.journal = _journal_offsets(connection)
        if rev != memory.rev or visited:
            removed = connection.execute(
                select(schema.meta.c.value).where(schema.meta.c.name == "removed")
            ).scalar()
            if removed is not None and int(removed) > memory.rev:
                memory.runs.clear()
                memory.settled.clear()
                memory.rev = -1
            if memory.rev != -1:
                memory.purged = ingest_journal.purged_runs(connection)
            _load(connection, memory, visited or {})
            memory.rev = rev
        for run_id, listing in (visited or {}).items():
            if run_id in memory.runs:
                memory.runs[run_id].listing = listing


@dataclass(slots=True)
class _Sum:
    """What was done so far in one `catch_up`."""

    runs: int = 0
    rows: int = 0
    points: int = 0
    problems: int = 0

    def add(self, found: Visited) -> None:
        self.runs += found.changed and not found.has_more
        self.rows += found.rows
        self.points += found.points

    def told(self, *, is_behind: bool = False) -> CaughtUp:
        return CaughtUp(self.runs, self.rows, self.points, self.problems, is_behind)


def _meta(connection: Connection) -> tuple[str, int]:
    """Return which index this is, and its revision."""
    rows = connection.execute(
        select(schema.meta.c.name, schema.meta.c.value).where(
            schema.meta.c.name.in_(("birth", "rev"))
        )
    )
    told = {row[0]: row[1] for row in rows}
    return told["birth"], int(told["rev"])


def _journal_offsets(connection: Connection) -> dict[str, int]:
    file = schema.file
    rows = connection.execute(
        select(file.c.name, file.c.offset).where(file.c.run == ingest_journal.NO_RUN)
    )
    return {row[0]: row[1] for row in rows}


def _load(connection: Connection, memory: _Memory, visited: Iterable[str]) -> None:
    """Load what changed since the remembered revision, and the runs just visited."""
    run, file = schema.run, schema.file
    wanted = run.c.rev > memory.rev
    named = list(visited)
    if named and len(named) < 500:
        wanted = wanted | run.c.id.in_(named)
    is_settled = (run.c.sealed != 0) & run.c.state.in_(ENDED) & (run.c.folder_ns != 0)
    # Most runs of a large lab: nothing but their times.
    settled = select(run.c.id, run.c.folder_ns).where(wanted, is_settled)
    memory.settled.update(dict(connection.execute(settled).all()))
    for run_id in memory.runs.keys() & memory.settled.keys():
        del memory.runs[run_id]
    wanted = wanted & not_(is_settled)
    columns = (run.c.id, run.c.n, run.c.state, run.c.sealed, run.c.folder_ns, run.c.seen)
    open_runs: dict[int, _Known] = {}
    for run_id, n, state, is_sealed, folder_ns, seen in connection.execute(
        select(*columns).where(wanted)
    ).all():
        memory.settled.pop(run_id, None)
        memory.runs[run_id] = open_runs[n] = _Known(state, bool(is_sealed), folder_ns, seen)
    for n, name, offset in connection.execute(
        select(file.c.run, file.c.name, file.c.offset).where(
            file.c.run.in_(select(run.c.n).where(wanted))
        )
    ).all():
        open_runs[n].offsets[name] = offset
    for n, birth in connection.execute(
        select(run.c.n, run.c.birth).where(wanted, run.c.state.not_in(ENDED))
    ):
        open_runs[n].birth = msgspec.json.decode(birth, type=Birth)

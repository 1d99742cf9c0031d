"""The lab: one place of record, opened for reading and for people's decisions.

`Lab` only delegates: what a method does is in the module of that noun (journal, ingest, points,
seal, gc, problems; query, runs, groups, fields, traces).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from peira.core import ids
from peira.core.errors import DamagedError
from peira.lab import journal as journals
from peira.lab import place as places
from peira.lab.reading import Reading, RunRef

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from peira.lab.gc import GcReport
    from peira.lab.index import Index
    from peira.lab.ingest import CaughtUp, Ingest
    from peira.lab.points import Points, Series
    from peira.lab.problems import Problem
    from peira.lab.sql import SqlAnswer
    from peira.lab.verifications import Determinism, Verification
    from peira.objects.folder import FolderObjects

T = TypeVar("T")


class Lab(Reading):
    """One place of record: a `.peira` folder.

    Any number of labs, threads and processes may use the same folder at once; reading never
    disturbs a run that writes. Close it, or use it as a context manager.

    Args:
        place: a `.peira` folder or the folder that holds it; None finds it as git finds a
            repository (`PEIRA_LAB`, then upward from the working directory).
        create: make the lab when it is missing.

    Raises:
        LabError: there is no lab there, or it cannot be made.
        UnsupportedError: the place is the address of a server.
    """

    def __init__(self, place: str | os.PathLike[str] | None = None, *, create: bool = True) -> None:
        self.root: Path = places.find(place, create=create)
        self.journal = journals.Journal(self.root)

    def close(self) -> None:
        """Let go of the index. The lab can be used again; it opens what it needs."""
        opened = self.__dict__.pop("index", None)
        for name in ("ingest", "points"):
            part = self.__dict__.pop(name, None)
            if part is not None:
                part.close()
        if opened is not None:
            opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Lab({str(self.root)!r})"

    # Parts, opened when first used.

    @cached_property
    def objects(self) -> FolderObjects:
        """The content-addressed store of this lab."""
        from peira.objects.folder import FolderObjects

        return FolderObjects(self.root / "objects")

    @cached_property
    def index(self) -> Index:
        """The searchable copy of everything; it mends itself.

        On a full disk it lives in the user's cache, as that of a lab that cannot be written.
        """
        from peira.lab.index import IndexFullError, open_index

        index = open_index(places.index_path(self.root))
        try:
            with index.read():
                return index
        except IndexFullError:
            index.close()
            return open_index(places.cached_index_path(self.root))

    @property
    def engine(self) -> Engine:
        """The SQLAlchemy engine of the index, for reading. Prefer `ask`, which survives damage."""
        return self.index.engine

    @cached_property
    def ingest(self) -> Ingest:
        """What brings the index up to date."""
        from peira.lab.ingest import Ingest

        is_shared = places.index_path(self.root).parent == self.root
        return Ingest(self.root, self.index, self.journal, is_shared=is_shared)

    @cached_property
    def points(self) -> Points:
        """The exact points of all runs."""
        from peira.lab.points import FolderPoints

        return FolderPoints(self.root)

    # Reading.

    def catch_up(self, *, wait_s: float = 5.0) -> CaughtUp:
        """Bring the index up to what is on disk now.

        Exactly-once whoever else does the same at the same time. Cheap when nothing changed.
        When another process is at it for longer than `wait_s`, this returns with `is_behind` and
        the lab answers from what is there.
        """
        from peira.lab.index import IndexFullError, open_index

        try:
            return self.ingest.catch_up(wait_s=wait_s)
        except IndexFullError:
            self.close()
            self.__dict__["index"] = open_index(places.cached_index_path(self.root))
            return self.ingest.catch_up(wait_s=wait_s)

    def ask(self, question: Callable[[Connection], T]) -> T:
        """Return `question(connection)` on one consistent state of the index.

        When the index turns out to be damaged, it is replaced, filled again and asked once more.
        """
        from peira.lab.index import IndexDamagedError

        try:
            with self.index.read() as connection:
                return question(connection)
        except DamagedError as error:
            if not isinstance(error, IndexDamagedError):
                self.index.replace()  # an overview in it does not fit its checksum
            self.catch_up(wait_s=60.0)
            with self.index.read() as connection:
                return question(connection)

    def series(self, run: RunRef, key: str, *, inherited: bool = False) -> Series:
        """Return the exact points of one metric of one run, in the order of its writers.

        Args:
            inherited: begin with the points that a resumed run goes on from; `runs` of the series
                tells whose they are.

        Raises:
            NotFoundError: there is no such run, or it has no such metric.
        """
        run_id = self.run_id(run)
        if inherited:
            from peira.lab.ancestry import read_chains
            from peira.lab.inheritance import join_series

            chain = self._fresh(lambda found: read_chains(found, [run_id])).get(run_id)
            if chain is not None:
                return join_series(self.points.series, key, chain)
        return self.points.series(run_id, key)

    def sql(self, text: str) -> SqlAnswer:
        """Answer a question in DuckDB's SQL over `runs`, `params`, `metrics`, `tags`, `points`.

        The answer is iterated once and closed; see `peira.lab.sql` for the columns.

        Raises:
            UsageError: DuckDB does not understand the question.
        """
        from peira.lab.sql import ask

        if not self.is_kept_up:
            self.catch_up()
        return ask(self, text)

    def problems(self, run: RunRef | None = None) -> list[Problem]:
        """Return the damage found while reading, of one run or of the whole lab."""
        from peira.lab.problems import problems

        wanted = None if run is None else self.run_id(run)
        return self.ask(lambda connection: problems(connection, wanted))

    def verifications(self, run: RunRef) -> list[Verification]:
        """Return what was found when this run was held against another, as the original or as the
        re-run; the latest first.
        """
        from peira.lab.verifications import verifications

        wanted = self.run_id(run)
        return self._fresh(lambda connection: verifications(connection, wanted))

    def determinism(self, run: RunRef) -> Determinism | None:
        """Return what the latest probe of a run found, or None."""
        from peira.lab.verifications import determinism

        wanted = self.run_id(run)
        return self._fresh(lambda connection: determinism(connection, wanted))

    # Decisions of people. Each is a record of the journal: on disk when the method returns, seen by
    # every reader after its next `catch_up`.

    def tag(self, run: RunRef, *tags: str) -> None:
        """Give tags to a run."""
        self._tag(run, tags, True)

    def untag(self, run: RunRef, *tags: str) -> None:
        """Take tags from a run, also those its program gave."""
        self._tag(run, tags, None)

    def note(self, run: RunRef, text: str) -> None:
        """Set the note of a run, in Markdown; an empty text brings the program's note back."""
        self._decide(journals.RUN_NOTE, run, text or None)

    def why(self, run: RunRef, text: str) -> None:
        """Say why a run was made; an empty text brings the reason given at its start back."""
        self._decide(journals.RUN_WHY, run, text.strip() or None)

    def rename(self, run: RunRef, name: str) -> None:
        """Give a run another name; an empty one brings the first name back."""
        self._decide(journals.RUN_NAME, run, name.strip() or None)

    def remove(self, run: RunRef) -> None:
        """Hide a run. Nothing is lost: `undelete` brings it back, `purge` makes it final."""
        self._decide(journals.RUN_DELETED, run, True)

    def undelete(self, run: RunRef) -> None:
        """Bring a removed run back."""
        self._decide(journals.RUN_DELETED, run, None)

    def set_goal(self, project: str, goal: dict[str, Any] | None) -> None:
        """Set what a project is after: `{"metric": …, "direction": "max" | "min", …}`."""
        self.journal.append(journals.GOAL, project, goal)

    def save_view(self, project: str, name: str, value: dict[str, Any] | None) -> None:
        """Keep a view of a project under a name; None removes it."""
        self.journal.append(journals.VIEW, f"{project}/{name}", value)

    def history(self, run: RunRef) -> list[journals.Decision]:
        """Return every decision about a run, oldest first."""
        wanted = self.run_id(run)
        return [
            decision
            for decision in self.journal.history()
            if decision.kind.startswith("run.") and decision.id.split("/", 1)[0] == wanted
        ]

    # Upkeep.

    def seal(self, run: RunRef | None = None) -> list[str]:
        """Turn the lines of ended runs into Parquet; returns the ids of the runs sealed now.

        All ended runs that are not sealed yet when None.
        """
        from peira.lab.seal import Sealer

        with Sealer(self.root, self.index) as sealer:
            sealed = sealer.seal(None if run is None else self.run_id(run))
        if sealed:
            self.catch_up()
        return sealed

    def seal_some(self, budget_s: float = 0.5) -> list[str]:
        """Seal ended runs for about `budget_s` seconds; for a server's idle moments."""
        from peira.lab.seal import Sealer

        with Sealer(self.root, self.index) as sealer:
            sealed = sealer.seal(budget_s=budget_s)
        if sealed:
            self.catch_up()
        return sealed

    def gc(self, *, dry_run: bool = False, without: Collection[str] = ()) -> GcReport:
        """Delete objects that nothing names any more, and finish interrupted purges.

        Args:
            without: see `peira.lab.gc.collect`.
        """
        from peira.lab.gc import collect

        self.catch_up(wait_s=60.0)
        return collect(self.root, self.journal, self.objects, dry_run=dry_run, without=without)

    def purge(self, run: RunRef) -> None:
        """Delete a removed run for good: its folder goes, the journal keeps that it was.

        Raises:
            UsageError: the run was not removed before, or still runs.
        """
        from peira.lab.gc import purge

        self.catch_up()
        purge(self.root, self.index, self.journal, self.run_id(run))
        self.catch_up()

    def run_id(self, run: RunRef) -> str:
        """Return the full id of a run, given as a record, an id, its start or end, or a name.

        Raises:
            NotFoundError, AmbiguousError: see `run`.
        """
        if not isinstance(run, str):
            return run.id
        if ids.is_run_id(run) and (self.root / "runs" / run).is_dir():
            return run
        return self.find(run).id

    def _tag(self, run: RunRef, tags: tuple[str, ...], value: bool | None) -> None:
        wanted = self.run_id(run)
        for tag in tags:
            self.journal.append(journals.RUN_TAG, f"{wanted}/{tag}", value)

    def _decide(self, kind: str, run: RunRef, value: Any) -> None:
        self.journal.append(kind, self.run_id(run), value)

"""The questions that a lab answers: runs, groups, projects, fields, curves.

`Reading` only delegates: what a method does is in the module of that noun. It is the reading half
of `Lab`, apart so that each half fits a screen or two.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from peira.lab.fields import Completion, KnownField
    from peira.lab.groups import GroupTable
    from peira.lab.ingest import CaughtUp
    from peira.lab.lineage_graph import Lineage, Side
    from peira.lab.overview import Overview
    from peira.lab.points import Series
    from peira.lab.problems import Problem
    from peira.lab.projects import Home, ProjectSummary
    from peira.lab.replicates import Replicates
    from peira.lab.rows import RunRow
    from peira.lab.runs import RunRecord, RunTable
    from peira.lab.smoothing import Smoothing
    from peira.lab.traces import Traces

T = TypeVar("T")


class HasId(Protocol):
    """Anything with a run id: a `RunRecord`, a `Run`."""

    @property
    def id(self) -> str: ...


RunRef = str | HasId


class Reading(ABC):
    """The reading half of `Lab`. Every method first brings the index up to date."""

    is_kept_up = False
    """Set it when someone else calls `catch_up` all the time, as a server does: reading then takes
    the index as it is.
    """

    root: Path

    @abstractmethod
    def catch_up(self, *, wait_s: float = 5.0) -> CaughtUp:
        """Bring the index up to what is on disk now."""

    @abstractmethod
    def ask(self, question: Callable[[Connection], T]) -> T:
        """Return `question(connection)` on one consistent state of the index."""

    @abstractmethod
    def series(self, run: RunRef, key: str, *, inherited: bool = False) -> Series:
        """Return the exact points of one metric of one run."""

    @abstractmethod
    def problems(self, run: RunRef | None = None) -> list[Problem]:
        """Return the damage found while reading."""

    def _fresh(self, question: Callable[[Connection], T]) -> T:
        """As `ask`, after bringing the index up to date."""
        if not self.is_kept_up:
            self.catch_up()
        return self.ask(question)

    def runs(
        self,
        query: str = "",
        *,
        project: str | None = None,
        sort: str | None = None,
        limit: int | None = 100,
        offset: int = 0,
        columns: Sequence[str] | None = None,
        deleted: bool = False,
    ) -> RunTable:
        """Return the runs that a query finds, newest first unless it sorts.

        Args:
            query: docs/reference/query-language.md.
            sort: `-val/acc.max` or `val/acc desc, lr`; in the place of the query's own.
            limit: rows of the table; None for all of them. `matched` counts all in any case.
            columns: fields to show, written as in a query; None for those the query speaks of.
            deleted: the removed runs instead of the others.

        Raises:
            QueryError: the query or a column cannot be understood; knows the position.

        >>> best = lab.runs("acc.max > 0.9", sort="-acc.max")  # doctest: +SKIP
        """
        from peira.lab.rows import read_query, select_page
        from peira.lab.runs import RunTable

        read = read_query(query, sort)
        page = self._fresh(
            lambda connection: select_page(
                connection,
                read,
                project=project,
                limit=limit,
                offset=offset,
                columns=columns,
                deleted=deleted,
            )
        )
        return RunTable(page, self, chosen=columns is not None)

    def run(self, ref: RunRef, project: str | None = None) -> RunRecord:
        """Return one run, by its id, a unique start or end of it, or its name.

        Raises:
            NotFoundError: there is none; knows near names.
            AmbiguousError: several fit; lists their ids.
        """
        from peira.lab.runs import record

        if not self.is_kept_up:
            self.catch_up()
        return record(self, ref if isinstance(ref, str) else ref.id, project)

    def groups(
        self,
        query: str = "",
        *,
        project: str | None = None,
        by: str | None = None,
        columns: Sequence[str] | None = None,
        sort: str | None = None,
        limit: int | None = None,
        deleted: bool = False,
    ) -> GroupTable:
        """Return groups of all runs that a query finds, with mean, spread and 95 % interval.

        Args:
            by: `lr, kernel` or `all except seed`; the query's own `group by` when None.

        Raises:
            QueryError: as `runs`; or nothing says what to group by.
        """
        from peira.lab.groups import group_runs

        return self._fresh(
            lambda connection: group_runs(
                connection,
                query,
                project=project,
                by=by,
                columns=columns,
                sort=sort,
                limit=limit,
                deleted=deleted,
            )
        )

    def projects(self) -> list[ProjectSummary]:
        """Return all projects that have runs, the latest active first."""
        from peira.lab.projects import list_projects

        return self._fresh(list_projects)

    def home(self) -> Home:
        """Return what the first screen shows: projects, live and recent runs, alerts."""
        from peira.lab.projects import read_home

        return self._fresh(read_home)

    def fields(self, project: str | None = None) -> list[KnownField]:
        """Return the names that a query can use, with how many runs have them."""
        from peira.lab.fields import list_fields

        return self._fresh(lambda connection: list_fields(connection, project))

    def metric_keys(self, query: str = "", *, project: str | None = None) -> list[tuple[str, int]]:
        """Return the metrics of the runs that a query finds, with how many of them have each."""
        from peira.lab.fields import list_matched_metrics

        return self._fresh(lambda connection: list_matched_metrics(connection, query, project))

    def complete(self, text: str, position: int, project: str | None = None) -> list[Completion]:
        """Return what could be typed at a position of an unfinished query, best first."""
        from peira.lab.fields import complete

        return self.ask(lambda connection: complete(connection, text, position, project))

    def overviews(self, key: str, runs: Sequence[str]) -> dict[str, Overview]:
        """Return the overviews of one metric by run id; runs that never logged it are left out."""
        from peira.lab.sources import read_overviews

        return self._fresh(lambda connection: read_overviews(connection, [key], runs)).get(key, {})

    def traces(
        self,
        keys: Sequence[str],
        runs: Sequence[str],
        *,
        x: str = "step",
        pixels: int = 800,
        x_min: float | None = None,
        x_max: float | None = None,
        smooth: Smoothing | None = None,
        inherited: bool = False,
    ) -> Traces:
        """Return curves for drawing; see `peira.lab.traces.read_traces` and `View`."""
        from peira.lab.traces import View, read_traces

        view = View(
            x=x, pixels=pixels, x_min=x_min, x_max=x_max, smooth=smooth, inherited=inherited
        )
        if not self.is_kept_up:
            self.catch_up()
        return read_traces(self, keys, runs, view)

    def replicates(self, run: RunRef) -> Replicates:
        """Return the runs that are the same experiment as one run: repeats, replicates with other
        seeds, and reproductions elsewhere.

        Raises:
            NotFoundError, AmbiguousError: see `run`.

        >>> str(lab.replicates("brisk-otter"))                              # doctest: +SKIP
        '3 replicates, 1 exact repeat'
        """
        from peira.lab.replicates import read_replicates
        from peira.lab.runs import find_run

        text = run if isinstance(run, str) else run.id
        return self._fresh(lambda found: read_replicates(found, find_run(found, text, None).n))

    def lineage(
        self,
        run: RunRef,
        *,
        sides: Sequence[Side] = ("up", "down"),
        depth: int = 10,
        nodes: int = 400,
    ) -> Lineage:
        """Return what a run comes from and what came of it: data, runs, artifacts, checkpoints.

        Args:
            sides: `up` for what was before, `down` for what came after.
            depth: generations of runs on each side.
            nodes: nodes of the graph at most; each tells how many neighbours are left out.
        """
        from peira.lab.lineage import read_lineage
        from peira.lab.runs import find_run

        text = run if isinstance(run, str) else run.id
        return self._fresh(
            lambda found: read_lineage(
                found,
                find_run(found, text),
                sides=sides,
                depth=depth,
                nodes=nodes,
                root=self.root,
            )
        )

    def bands(
        self,
        keys: Sequence[str],
        groups: Sequence[tuple[dict[str, Any], Sequence[str]]],
        *,
        x: str = "step",
        pixels: int = 800,
        x_min: float | None = None,
        x_max: float | None = None,
        spread: str = "interval",
    ) -> Traces:
        """Return mean curves of groups of runs with a band; see `peira.lab.bands.read_bands`."""
        from peira.lab.bands import read_bands
        from peira.lab.traces import View

        view = View(x=x, pixels=pixels, x_min=x_min, x_max=x_max)
        if not self.is_kept_up:
            self.catch_up()
        return read_bands(self, keys, groups, view, spread)

    def find(self, ref: RunRef, project: str | None = None, *, deleted: bool = False) -> RunRow:
        """As `run`, but only what the index holds of the run itself.

        With `deleted` a name means a removed run before any other.
        """
        from peira.lab.runs import find_run

        text = ref if isinstance(ref, str) else ref.id
        return self._fresh(lambda found: find_run(found, text, project, deleted=deleted))

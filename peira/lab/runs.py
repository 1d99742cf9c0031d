"""Runs as people read them: one record a run, and tables of them.

A table loads params, metrics and tags for all its rows at once, when the first of them is asked
for; a record got alone loads its own. Nothing here changes a run.
"""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload

import msgspec
from sqlalchemy import Connection, or_, select

from peira.core.errors import AmbiguousError, NotFoundError
from peira.core.text import printable
from peira.lab import cells
from peira.lab.attribute import Cell, metric_number, param_value
from peira.lab.cells import Column
from peira.lab.index import schema
from peira.lab.query.parse import near
from peira.lab.query.several import among
from peira.lab.rows import COLUMNS, Page, RunRow, in_scope
from peira.lab.run_console import ConsolePiece, read_console
from peira.lab.verifications import Determinism, Verification, determinism, verifications
from peira.objects.folder import FolderObjects
from peira.record import events

if TYPE_CHECKING:
    from peira.lab.ancestry import Inherited
    from peira.lab.points import Series
    from peira.lab.problems import Problem

T = TypeVar("T")


class Source(Protocol):
    """The lab, as far as records need it."""

    root: Path

    def ask(self, question: Callable[[Connection], T]) -> T: ...
    def series(self, run: str, key: str, *, inherited: bool = False) -> Series: ...
    def problems(self, run: str | None = None) -> list[Problem]: ...


class MetricSummary(msgspec.Struct, frozen=True):
    """What is known of one metric of one run without reading its points.

    `min`, `max` and `mean` are of the finite values, None where there is none. `first` and `last`
    may be NaN or infinite.
    """

    key: str
    count: int
    nonfinite: int
    first: float
    last: float
    min: float | None
    max: float | None
    mean: float | None
    first_step: int
    last_step: int
    min_step: int | None
    max_step: int | None
    last_time: float


class _Batch:
    """Params, metrics and tags of some runs, read when first needed."""

    def __init__(self, source: Source, numbers: Sequence[int]) -> None:
        self.source = source
        self.numbers = numbers

    @cached_property
    def params(self) -> dict[int, dict[str, Any]]:
        return self.source.ask(lambda connection: read_params(connection, self.numbers))

    @cached_property
    def metrics(self) -> dict[int, dict[str, MetricSummary]]:
        return self.source.ask(lambda connection: read_metrics(connection, self.numbers))

    @cached_property
    def tags(self) -> dict[int, list[str]]:
        return self.source.ask(lambda connection: cells.read_tags(connection, self.numbers))


class RunRecord:
    """One run, as it was when it was asked for.

    Plain facts: `id`, `name`, `project`, `group`, `why`, `parent`, `origin`, `origin_how`, `sweep`,
    `trial`, `user`, `host`, `state`, `created`, `ended`, `seen` (seconds since the epoch),
    `duration` (seconds), `command`, `commit`, `note`, `deleted`, `sealed`, `lost_points`,
    `alert_count`, `rev`.
    """

    def __init__(self, row: RunRow, batch: _Batch) -> None:
        self.row = row
        self._batch = batch
        self.id = row.id
        self.name = row.name
        self.project = row.project
        self.group = row.group
        self.why = row.why
        self.parent = row.parent
        self.origin = row.origin
        self.origin_how = row.origin_how
        self.sweep = row.sweep
        self.trial = row.trial
        self.user = row.user
        self.host = row.host
        self.state = row.state
        self.created = row.created
        self.ended = row.ended
        self.seen = row.seen
        self.duration = row.duration
        self.command = row.command
        self.commit = row.commit
        self.note = row.note
        self.deleted = bool(row.deleted)
        self.sealed = bool(row.sealed)
        self.lost_points = row.lost_points
        self.alert_count = row.alerts
        self.rev = row.rev

    @property
    def params(self) -> dict[str, Any]:
        """The inputs of the run by flattened name, sorted."""
        return self._batch.params.get(self.row.n, {})

    @property
    def metrics(self) -> dict[str, MetricSummary]:
        """What is known of each metric, by key, sorted."""
        return self._batch.metrics.get(self.row.n, {})

    @property
    def tags(self) -> list[str]:
        """The tags of the run, by its program and by people, sorted."""
        return self._batch.tags.get(self.row.n, [])

    def metric(self, key: str, *, inherited: bool = False) -> Series:
        """Return all points of one metric, exact.

        Args:
            inherited: begin with the points that a resumed run goes on from.

        Raises:
            NotFoundError: the run has no such metric; knows near names.
        """
        if inherited and self.origin_how == "resume":
            return self._batch.source.series(self.id, key, inherited=True)
        if key not in self.metrics:
            close = near(key, list(self.metrics))
            raise NotFoundError(
                f"Run {self.name} ({self.id}) has no metric `{printable(key)}`.",
                suggestions=close,
                hint=f"Did you mean {', '.join(close)}?" if close else "",
            )
        return self._batch.source.series(self.id, key)

    @cached_property
    def birth(self) -> dict[str, Any]:
        """The birth certificate (`run.json`) as it was written."""
        return self._blob("birth") or {}

    @cached_property
    def end(self) -> dict[str, Any] | None:
        """How the run ended, or None while it has not said so."""
        return self._blob("end")

    def _blob(self, name: str) -> dict[str, Any] | None:
        question = select(schema.run.c[name]).where(schema.run.c.n == self.row.n)
        data = self._batch.source.ask(lambda connection: connection.scalar(question))
        found: dict[str, Any] | None = None if data is None else msgspec.json.decode(data)
        return found

    def media(self, key: str | None = None) -> list[events.Media]:
        """Return images, audio, tables and the like, by key and step."""
        return self._events(events.Media, "media", key)

    def artifacts(self) -> list[events.Artifact]:
        """Return the artifacts that the run made or used, in the order it told of them."""
        return self._events(events.Artifact, "artifact")

    def evaluations(self) -> list[events.Evaluation]:
        """Return the sets of predictions that the run evaluated, in the order it told of them."""
        return self._events(events.Evaluation, "evaluation")

    def files(self, role: events.FileRole) -> dict[str, events.SeenFile]:
        """Return the files that the run met in one role, by absolute path."""
        told = self._events(events.Files, "files", role)
        return {str(Path(line.root, file.path)): file for line in told for file in line.files}

    def every_file(self, role: events.FileRole) -> dict[str, events.SeenFile]:
        """Return as `files` all files of the role, those too that are too many to be told one by
        one and stand in a listing.

        Raises:
            NotFoundError, DamagedError: the listing is not in the lab any more, or not whole.
        """
        digest = self.files_listing(role)
        if digest is None:
            return self.files(role)
        objects = FolderObjects(self._batch.source.root / "objects")
        listing = msgspec.json.decode(objects.read(digest), type=events.FileListing)
        return {str(Path(listing.root, file.path)): file for file in listing.files}

    def files_listing(self, role: events.FileRole) -> str | None:
        """Return the digest of the object that lists all files of a role, where there is one."""
        told = [line.listing for line in self._events(events.Files, "files", role) if line.listing]
        return told[-1] if told else None

    def files_omitted(self, role: events.FileRole) -> int:
        """Return how many more files the run met in one role that are not listed."""
        return sum(told.omitted for told in self._events(events.Files, "files", role))

    def inherited(self) -> list[Inherited]:
        """Return the runs whose points a resumed run goes on with, nearest first."""
        from peira.lab.ancestry import inherited

        return self._batch.source.ask(lambda connection: inherited(connection, self.id))

    def checkpoints(self) -> list[events.Checkpoint]:
        """Return the states that can be gone on from, by step; dropped ones are left out."""
        from peira.lab.checkpoints import read_checkpoints

        n = self.row.n
        found = self._batch.source.ask(lambda connection: read_checkpoints(connection, [n]))
        return found.get(n, [])

    @cached_property
    def alerts(self) -> list[events.Alert]:
        """What a person should look at, oldest first."""
        return self._events(events.Alert, "alert")

    def cells(self) -> list[events.Cell]:
        """Return the cells of the run's notebook in the order of execution, each as it was told
        last; none for a program that is no notebook.
        """
        return list({cell.index: cell for cell in self._events(events.Cell, "cell")}.values())

    def captured(self, aspect: str | None = None) -> dict[str, Any]:
        """Return what the run recorded by itself about an aspect; of all, by aspect, when None."""
        found = {e.aspect: e.value for e in self._events(events.Captured, "captured", aspect)}
        return found if aspect is None else found.get(aspect, {})

    def diff(self) -> bytes:
        """Return what tracked files differed from the commit in, as `git apply` takes it; empty
        when nothing did, or when it was not kept.

        Raises:
            NotFoundError, DamagedError: it is an object, which is not in this lab or damaged.
        """
        from peira.objects.folder import FolderObjects

        git = self.captured("code").get("git") or {}
        if git.get("diff_object"):
            return FolderObjects(self._batch.source.root / "objects").read(git["diff_object"])
        return str(git.get("diff") or "").encode()

    def captured_aspects(self) -> dict[str, Any]:
        """Return everything that the run recorded by itself, by aspect."""
        return self.captured()

    def inexact(self) -> list[events.Inexact]:
        """Return the metric values that float64 could not hold, as they were given."""
        return self._events(events.Inexact, "inexact")

    def lost(self) -> list[events.Lost]:
        """Return how many records could not be written, and why."""
        return self._events(events.Lost, "lost")

    def lost_reasons(self) -> list[str]:
        """Return why records could not be written, each reason once."""
        return list(dict.fromkeys(part for lost in self.lost() for part in lost.reason.split("; ")))

    def _events(self, type_: type[T], kind: str, name: str | None = None) -> list[T]:
        event = schema.event.c
        question = select(event.data).where(event.run == self.row.n, event.kind == kind)
        if name is not None:
            question = question.where(event.name == name)
        order = (event.name, event.step, event.n) if kind == "media" else (event.n,)
        found = self._batch.source.ask(
            lambda connection: list(connection.scalars(question.order_by(*order)))
        )
        decoder = msgspec.json.Decoder(type_)
        return [decoder.decode(data) for data in found]

    @property
    def problems(self) -> list[Problem]:
        """Damage found in the files of this run."""
        return self._batch.source.problems(self.id)

    @cached_property
    def verifications(self) -> list[Verification]:
        """Re-runs of this run, or what it is a re-run of, and whether they are the same."""
        return self._batch.source.ask(lambda found: verifications(found, self.id))

    @cached_property
    def determinism(self) -> Determinism | None:
        """Whether two starts with the same seed gave the same; None when nobody tried."""
        return self._batch.source.ask(lambda found: determinism(found, self.id))

    def console(
        self, after: int = 0, limit: int = 1 << 20, *, tail: int | None = None
    ) -> ConsolePiece:
        """Return a piece of what the run printed; see `read_console`."""
        path = self._batch.source.root / "runs" / self.id / "console.log"
        return read_console(path, after, limit, tail=tail)

    def __repr__(self) -> str:
        return f"<Run {printable(self.name)} {self.id} {self.state} in {printable(self.project)}>"

    def _repr_html_(self) -> str:
        facts: dict[str, Any] = {
            "id": self.id,
            "state": self.state,
            "project": self.project,
            "tags": ", ".join(self.tags),
            **self.params,
            **{key: summary.last for key, summary in self.metrics.items()},
        }
        lines = "".join(
            f"<tr><th>{_escape(name)}</th><td>{_escape(value)}</td></tr>"
            for name, value in facts.items()
        )
        return f"<table><caption>{_escape(self.name)}</caption>{lines}</table>"


class RunTable(Sequence[RunRecord]):
    """Some of the runs that a query found: `len`, iteration, `[i]`; `columns` are its fields.

    `total` counts the runs of the project, `matched` those the filter let through; the table holds
    up to the limit of them. `took_s` is the time the index needed.
    """

    def __init__(self, page: Page, source: Source, *, chosen: bool = False) -> None:
        self.page = page
        self.chosen = chosen
        """Whether the caller named the columns."""
        self.total = page.total
        self.matched = page.matched
        self.took_s = page.took_s
        self._batch = _Batch(source, [row.n for row in page.rows])
        self._batch.tags = page.tags  # came with the page

    @property
    def columns(self) -> list[Column]:
        """The columns that were asked for, or that the query speaks of."""
        return self.page.columns

    def __len__(self) -> int:
        return len(self.page.rows)

    @overload
    def __getitem__(self, index: int) -> RunRecord: ...
    @overload
    def __getitem__(self, index: slice) -> list[RunRecord]: ...
    def __getitem__(self, index: int | slice) -> RunRecord | list[RunRecord]:
        if isinstance(index, slice):
            return [RunRecord(row, self._batch) for row in self.page.rows[index]]
        return RunRecord(self.page.rows[index], self._batch)

    def __iter__(self) -> Iterator[RunRecord]:
        for row in self.page.rows:
            yield RunRecord(row, self._batch)

    def values(self, row: int) -> dict[str, Cell]:
        """Return the values of one row by the names of `columns`; None where the run has none."""
        found = self.page.rows[row]
        return {c.name: self.page.value(i, found) for i, c in enumerate(self.columns)}

    def column(self, name: str) -> list[Cell]:
        """Return one of `columns` for all rows."""
        index = [column.name for column in self.columns].index(name)
        return [self.page.value(index, row) for row in self.page.rows]

    def to_dict(self) -> dict[str, list[Any]]:
        """Return columns by name: the run fields, then params and summaries.

        With `columns` given to the query these; else every param, and the last value of every
        metric that is not of the machine (`system/…`).
        """
        from peira.lab.frames import table_columns

        return table_columns(self)

    def to_pandas(self) -> Any:
        """Return the table as a pandas DataFrame; see `to_dict` for its columns.

        Raises:
            UnsupportedError: pandas is not installed.
        """
        from peira.lab.frames import to_pandas

        return to_pandas(self.to_dict())

    def to_polars(self) -> Any:
        """Return the table as a Polars DataFrame; see `to_dict` for its columns.

        Raises:
            UnsupportedError: polars is not installed.
        """
        from peira.lab.frames import to_polars

        return to_polars(self.to_dict())

    def to_arrow(self) -> Any:
        """Return the table as an Arrow table; see `to_dict` for its columns.

        Raises:
            UnsupportedError: pyarrow is not installed.
        """
        from peira.lab.frames import to_arrow

        return to_arrow(self.to_dict())

    def __repr__(self) -> str:
        names = ["name", "state", *(column.name for column in self.columns)]
        lines = [
            [printable(row.name), row.state, *(short(v) for v in self.values(i).values())]
            for i, row in enumerate(self.page.rows[:20])
        ]
        widths = [max(map(len, texts)) for texts in zip(names, *lines, strict=True)]
        text = [
            "  ".join(t.ljust(w) for t, w in zip(line, widths, strict=True)).rstrip()
            for line in (names, *lines)
        ]
        more = self.matched - min(len(self), 20)
        if more:
            text.append(f"… {more:,} more")
        return "\n".join([f"{self.matched:,} of {self.total:,} runs", *text])

    def _repr_html_(self) -> str:
        head = "".join(
            f"<th>{_escape(name)}</th>"
            for name in ("name", "id", "state", *(column.name for column in self.columns))
        )
        body = "".join(
            "<tr>"
            + "".join(
                f"<td>{_escape(value)}</td>"
                for value in (row.name, row.id, row.state, *map(short, self.values(i).values()))
            )
            + "</tr>"
            for i, row in enumerate(self.page.rows[:100])
        )
        caption = f"{self.matched:,} of {self.total:,} runs"
        return f"<table><caption>{caption}</caption><tr>{head}</tr>{body}</table>"


def read_params(connection: Connection, numbers: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return the params of runs by run number, each sorted by name."""
    row, key = schema.attribute.c, schema.key.c
    found: dict[int, dict[str, Any]] = {}
    names = dict(connection.execute(select(key.n, key.name).where(key.kind == "param")).all())
    question = select(row.run, row.key, row.type, row.num, row.text)
    question = question.where(among(row.run, numbers))
    for run, k, type_, num, text in connection.execute(question).all():
        found.setdefault(run, {})[names[k]] = param_value(type_, num, text)
    return {run: dict(sorted(params.items())) for run, params in found.items()}


def read_metrics(
    connection: Connection, numbers: Sequence[int]
) -> dict[int, dict[str, MetricSummary]]:
    """Return the summaries of runs by run number, each sorted by key."""
    row, key = schema.metric.c, schema.key.c
    found: dict[int, dict[str, MetricSummary]] = {}
    names = dict(connection.execute(select(key.n, key.name).where(key.kind == "metric")).all())
    question = select(
        row.run,
        row.key,
        row.first_text,
        row.last_text,
        *(row[name] for name in MetricSummary.__struct_fields__[1:]),
    )
    for line in connection.execute(question.where(among(row.run, numbers))).all():
        run, k, first_text, last_text, count, nonfinite, first, last, *rest = line
        first = metric_number(first, first_text)
        last = metric_number(last, last_text)
        summary = MetricSummary(
            names[k],
            count,
            nonfinite,
            math.nan if first is None else first,
            math.nan if last is None else last,
            *rest,
        )
        found.setdefault(run, {})[summary.key] = summary
    return {run: dict(sorted(metrics.items())) for run, metrics in found.items()}


def record(source: Source, ref: str, project: str | None = None) -> RunRecord:
    """Return the run that `ref` means: its id, a unique start or end of it (4 characters or more),
    or its name.

    Raises:
        NotFoundError: nothing fits; knows near names.
        AmbiguousError: more than one run fits; lists their ids.
    """
    row = source.ask(lambda connection: find_run(connection, ref, project))
    return RunRecord(row, _Batch(source, [row.n]))


def find_run(
    connection: Connection, ref: str, project: str | None = None, *, deleted: bool = False
) -> RunRow:
    """As `record`, within one connection and as the plain row.

    Removed runs are found by id; with `deleted` by their names too, and before any other.
    """
    run = schema.run.c
    exact = connection.execute(select(*COLUMNS).where(run.id == ref)).first()
    if exact is not None:
        return RunRow(*exact)
    ends = or_(run.id.startswith(ref), run.id.endswith(ref))
    for is_removed in (True, False) if deleted else (False,):
        scope = in_scope(select(*COLUMNS), project, deleted=is_removed)
        scope = scope.order_by(run.created.desc()).limit(20)
        named = connection.execute(scope.where(run.name == ref)).all()
        if not named and len(ref) >= 4 and ref.isalnum():
            named = connection.execute(scope.where(ends)).all()
        if named:
            break
    if len(named) == 1:
        return RunRow(*named[0])
    if named:
        rows = [RunRow(*line) for line in named]
        raise AmbiguousError(
            f"{len(rows)} runs fit `{printable(ref)}`.",
            suggestions=tuple(row.id for row in rows),
            hint="Use the id: " + ", ".join(row.id for row in rows[:5]) + ".",
        )
    names = list(connection.scalars(in_scope(select(run.name), project).limit(10_000)))
    close = near(ref, names)
    raise NotFoundError(
        f"There is no run `{printable(ref)}`.",
        suggestions=close,
        hint=f"Did you mean {', '.join(map(printable, close))}?" if close else "See `peira ls`.",
    )


def short(value: Any) -> str:
    """Return a value in at most 40 characters, numbers with six digits."""
    if value is None:
        return "-"
    if not isinstance(value, float):
        return printable(str(value))[:40]
    text = f"{value:.6g}"  # a rounded one keeps its zeros: 0.9999999 is not 1
    return text if not math.isfinite(value) or float(text) == value else f"{value:#.6g}"


def _escape(value: object) -> str:
    return html.escape(printable(str(value)))

"""The table of many runs: params that differ, metrics by their best or last value."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec

from peira.compare.metrics import SYSTEM, direction_of, read_goals
from peira.compare.values import is_rounding, value_rows
from peira.core.direction import Direction
from peira.core.errors import AmbiguousError, NotFoundError, UsageError
from peira.evaluate.guard import LOGGED, key_of, marks, read_guard
from peira.lab.frames import RUN_COLUMNS
from peira.lab.lab import Lab
from peira.lab.query.names import split_aggregate, write_name
from peira.lab.query.parse import parse
from peira.lab.runs import MetricSummary, RunRecord, RunTable

FIRST_METRICS = 2
"""So many metrics stand before the params: on a narrow terminal columns go from the right."""
_QUERY_SIGNS = set("=<>~()\"'`")
_QUERY_WORDS = {"and", "or", "not", "in", "is", "sort", "group", "since", "before", "tags"}


class TableColumn(msgspec.Struct, frozen=True, kw_only=True):
    """One column, with a value for each run; None where the run has none.

    `name` is as a query writes it: `lr`, `val/acc.max`, and `train/samples` for the last value.
    """

    name: str
    kind: Literal["run", "param", "metric", "tag", "unknown"]
    direction: Direction | None = None
    """Whether more or less is better, where that is known."""
    values: list[Any]
    best: list[int] = []
    """Rows with the best value; none when all are equal, nothing says what is better, or the values
    measure different things.
    """
    letters: list[str] = []
    """For each run the kind of its value, when they are of several kinds."""
    notes: list[str] = []
    """What the kinds are, and what numbers of a hold-out cost."""


class RunsTable(msgspec.Struct, frozen=True, kw_only=True):
    """Runs with the columns that tell them apart."""

    runs: list[RunRecord]
    columns: list[TableColumn]
    matched: int
    """Runs that the query found; the table may hold fewer of them."""

    def to_columns(self) -> dict[str, list[Any]]:
        """Return the table for export: the facts of the runs, then the columns."""
        facts = {name: [getattr(run, name) for run in self.runs] for name in RUN_COLUMNS}
        return facts | {column.name: column.values for column in self.columns}


def tabulate(
    lab: Lab,
    words: Sequence[str],
    *,
    project: str | None = None,
    sort: str | None = None,
    limit: int | None = None,
    columns: Sequence[str] | None = None,
    everything: bool = False,
) -> RunsTable:
    """Return the table of some runs.

    Args:
        words: two or more runs, in their order; else a query.
        sort, limit: of the query.
        columns: these instead of those that differ, written as in a query.
        everything: params that are equal and metrics of the machine, too, and each metric's last
            and best value.

    Raises:
        QueryError, NotFoundError, AmbiguousError: as `Lab.runs` and `Lab.run`.
        UsageError: the query groups.
    """
    refs = _named_runs(lab, words, project)
    if refs is None:
        text = " ".join(words)
        if parse(text).group is not None:
            raise UsageError(
                "A comparison lists runs, not groups.", hint=f"Groups: peira ls '{text}'."
            )
        table = lab.runs(text, project=project, sort=sort, limit=limit, columns=columns)
    else:
        table = _in_order(lab, refs, columns)
    records = list(table)
    shown = _chosen(lab, table) if columns else _telling(lab, records, everything=everything)
    return RunsTable(runs=records, columns=_marked(lab, records, shown), matched=table.matched)


def _marked(
    lab: Lab, records: Sequence[RunRecord], columns: list[TableColumn]
) -> list[TableColumn]:
    """Mark the metrics whose values measure different things: none of those is the best."""
    keys = {c.name: key_of(c.name) for c in columns if c.kind == "metric" and "/" in c.name}
    numbers = [record.row.n for record in records]
    guard = read_guard(lab, numbers, list(keys.values()))
    if not guard.measures:
        return columns
    found = []
    for column in columns:
        key = keys.get(column.name, "")
        there = [n for n, v in zip(numbers, column.values, strict=True) if v is not None]
        mark = marks(guard, {key: there}).get(key) if key else None
        if mark is None:
            found.append(column)
            continue
        letters = [
            "" if v is None else mark.letters.get(guard.kinds.get(n, {}).get(key, LOGGED), "")
            for n, v in zip(numbers, column.values, strict=True)
        ]
        best = [] if any(letters) else column.best
        found.append(msgspec.structs.replace(column, letters=letters, notes=mark.notes, best=best))
    return found


def _named_runs(lab: Lab, words: Sequence[str], project: str | None) -> list[str] | None:
    """Return the ids when the words name runs; None when they are a query.

    Raises:
        NotFoundError, AmbiguousError: some are runs, and one is not.
    """
    if len(words) < 2 or any(_QUERY_SIGNS & set(w) or w in _QUERY_WORDS for w in words):
        return None
    ids: list[str] = []
    missing: NotFoundError | None = None
    for word in words:
        try:
            ids.append(lab.find(word, project).id)
        except AmbiguousError:
            raise
        except NotFoundError as error:
            missing = missing or error
    if missing is not None and ids:
        raise missing
    return ids or None


def _in_order(lab: Lab, ids: Sequence[str], columns: Sequence[str] | None) -> RunTable:
    """Return these runs as a table, in this order."""
    query = " or ".join(f'id = "{run}"' for run in dict.fromkeys(ids))
    found = lab.runs(query, limit=None, columns=columns)
    place = {run: i for i, run in enumerate(ids)}
    rows = sorted(found.page.rows, key=lambda row: place[row.id])
    return RunTable(msgspec.structs.replace(found.page, rows=rows), lab, chosen=bool(columns))


def _chosen(lab: Lab, table: RunTable) -> list[TableColumn]:
    """Return the columns that were asked for."""
    goals = read_goals(lab, {record.project for record in table})
    found = []
    for column in table.columns:
        key, direction = column.field.key, None
        if column.kind == "metric" and column.field.aggregate in ("last", "max", "min", "mean"):
            direction, _ = direction_of(key, goals)
        found.append(_column(column.name, column.kind, table.column(column.name), direction))
    return found


def _telling(lab: Lab, records: Sequence[RunRecord], *, everything: bool) -> list[TableColumn]:
    """Return the columns that tell the runs apart: goals, params that differ, other metrics."""
    goals = read_goals(lab, {record.project for record in records})
    params = [
        row
        for row in value_rows([record.params for record in records])
        if row.differs or everything or len(records) == 1
    ]
    counts: dict[str, int] = {}
    for record in records:
        for key in record.metrics:
            if everything or not key.startswith(SYSTEM):
                counts[key] = counts.get(key, 0) + 1
    keys = sorted(counts, key=lambda key: (key not in goals, -counts[key]))
    both = {row.name for row in params} & set(keys)
    metrics = [
        column
        for key in keys
        for column in _metric(key, records, direction_of(key, goals)[0], key in both, everything)
    ]
    inputs = [
        TableColumn(
            name=write_name(row.name, "params" if row.name in both else None),
            kind="param",
            values=row.values,
        )
        for row in params
    ]
    return [*metrics[:FIRST_METRICS], *inputs, *metrics[FIRST_METRICS:]]


def _metric(
    key: str,
    records: Sequence[RunRecord],
    direction: Direction | None,
    is_ambiguous: bool,
    everything: bool,
) -> list[TableColumn]:
    kind: Literal["metrics"] | None = "metrics" if is_ambiguous else None
    found = []

    def add(name: str, of: Callable[[MetricSummary], float | None]) -> None:
        values = [of(r.metrics[key]) if key in r.metrics else None for r in records]
        found.append(_column(name, "metric", values, direction))

    if direction is not None:
        add(write_name(key, kind, direction), lambda summary: getattr(summary, direction))
    if direction is None or everything:
        # A key that ends like an aggregate would be read as one.
        aggregate = "last" if split_aggregate(key)[1] else None
        add(write_name(key, kind, aggregate), lambda summary: summary.last)
    return found


def _column(name: str, kind: Any, values: list[Any], direction: Direction | None) -> TableColumn:
    finite = [v for v in values if isinstance(v, int | float) and math.isfinite(v)]
    best: list[int] = []
    if direction is not None and finite and not is_rounding(min(finite), max(finite)):
        top = max(finite) if direction == "max" else min(finite)
        best = [
            i for i, v in enumerate(values) if isinstance(v, int | float) and is_rounding(v, top)
        ]
    return TableColumn(name=name, kind=kind, direction=direction, values=values, best=best)

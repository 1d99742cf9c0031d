"""Groups of runs: the same settings but another seed, and what is known of them together.

Statistics are always over all matched runs of a group, never over a page or a sample of them, and
each tells how many runs are behind it.
"""

from __future__ import annotations

import html
import math
import statistics
from collections.abc import Iterator, Sequence
from typing import Any, overload

import msgspec
from sqlalchemy import Connection, func, select

from peira.core.errors import QueryError
from peira.core.text import printable
from peira.lab import cells, student
from peira.lab.attribute import Cell
from peira.lab.cells import Column
from peira.lab.index import schema
from peira.lab.query import ast
from peira.lab.query.catalog import Catalog
from peira.lab.query.names import write_name
from peira.lab.query.parse import parse_group
from peira.lab.query.several import among
from peira.lab.rows import (
    RunRow,
    check_window,
    read_query,
    read_rows,
    resolve_shown,
    select_numbers,
)

CONFIDENCE = 0.95


class Statistics(msgspec.Struct, frozen=True):
    """What is known of one number over the runs of a group.

    `n` counts the finite values behind `mean`, `std` (of the sample, n - 1), `min` and `max`;
    `low` to `high` is the 95 % interval of the mean by Student's t. What needs more values than
    there are is None.
    """

    n: int
    missing: int
    nonfinite: int
    mean: float | None = None
    std: float | None = None
    low: float | None = None
    high: float | None = None
    min: float | None = None
    max: float | None = None


class GroupRow(msgspec.Struct, frozen=True):
    """One group: its values of the grouping names, its runs (newest first) and their statistics."""

    key: dict[str, Cell]
    n: int
    runs: list[str]
    values: dict[str, Statistics]


class GroupTable(Sequence[GroupRow]):
    """Groups of the matched runs: `len`, iteration, `[i]`."""

    def __init__(
        self, by: list[str], columns: list[Column], rows: list[GroupRow], groups: int, matched: int
    ) -> None:
        self.by = by
        self.columns = columns
        self.rows = rows
        self.groups = groups
        """Groups in all; `rows` are up to the limit of them."""
        self.matched = matched
        """Runs in all groups."""

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> GroupRow: ...
    @overload
    def __getitem__(self, index: slice) -> list[GroupRow]: ...
    def __getitem__(self, index: int | slice) -> GroupRow | list[GroupRow]:
        return self.rows[index]

    def __iter__(self) -> Iterator[GroupRow]:
        return iter(self.rows)

    def to_dict(self) -> dict[str, list[Any]]:
        """Return columns by name: the grouping names, `n`, and the statistics of each column."""
        found: dict[str, list[Any]] = {name: [row.key[name] for row in self] for name in self.by}
        found["n"] = [row.n for row in self]
        for column in self.columns:
            for part in Statistics.__struct_fields__:
                name = f"{column.name} {part}"
                found[name] = [getattr(row.values[column.name], part) for row in self]
        return found

    def _texts(self) -> list[list[str]]:
        head = [*self.by, "runs", *(column.name for column in self.columns)]
        body = [
            [
                *(_text(row.key[name]) for name in self.by),
                str(row.n),
                *(_interval(row.values[column.name]) for column in self.columns),
            ]
            for row in self.rows[:50]
        ]
        return [head, *body]

    def __repr__(self) -> str:
        texts = self._texts()
        widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
        lines = [
            "  ".join(t.ljust(w) for t, w in zip(line, widths, strict=True)).rstrip()
            for line in texts
        ]
        return "\n".join([f"{self.groups:,} groups of {self.matched:,} runs", *lines])

    def _repr_html_(self) -> str:
        lines = [
            "<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in line) + "</tr>"
            for line in self._texts()
        ]
        caption = f"{self.groups:,} groups of {self.matched:,} runs"
        return f"<table><caption>{caption}</caption>{''.join(lines)}</table>"


def group_runs(
    connection: Connection,
    query: str | ast.Query,
    *,
    project: str | None = None,
    by: str | None = None,
    columns: Sequence[str] | None = None,
    sort: str | None = None,
    limit: int | None = None,
    deleted: bool = False,
) -> GroupTable:
    """Group all runs that a query finds.

    Args:
        by: what stands after `group by`: `lr, kernel` or `all except seed`; the query's own clause
            when None.
        columns: numbers to sum up; with None those that the query speaks of, and the goal's.
        sort: as in a query: a grouping name, or a column, whose mean then decides.
    """
    limit, _ = check_window(limit, 0)
    parsed = read_query(query, sort)
    clause = parse_group(by) if by else parsed.group
    if clause is None:
        raise QueryError(
            "Nothing says what to group by.",
            position=len(parsed.text),
            suggestions=("group by all except seed",),
            hint="Add `group by lr` or `group by all except seed`.",
        )
    catalog = Catalog(connection, project)
    numbers = select_numbers(
        connection, msgspec.structs.replace(parsed, sort=()), project=project, deleted=deleted
    )
    keys = _grouping(connection, clause, numbers, catalog)
    grouping = {column.name for column in keys}
    shown = [c for c in resolve_shown(columns, parsed, catalog) if c.name not in grouping]
    orders = [(key.name.text, key.descending) for key in parsed.sort]
    known = grouping | {column.name for column in shown}
    shown += cells.resolve_columns((n for n, _ in orders if n not in known), catalog)
    table = _Table(connection, numbers, [*keys, *shown])
    members: dict[tuple[tuple[str, str], ...], list[int]] = {}
    for n in numbers:
        members.setdefault(tuple(_identity(table.value(n, c)) for c in keys), []).append(n)
    rows = [
        GroupRow(
            {column.name: table.value(group[0], column) for column in keys},
            len(group),
            [table.ids[n] for n in group],
            {column.name: summarise([table.value(n, column) for n in group]) for column in shown},
        )
        for group in members.values()
    ]
    for column in reversed(keys):
        rows.sort(key=lambda row, name=column.name: _order(row.key[name]))  # type: ignore[misc]
    for name, descending in reversed(orders):
        _sort(rows, name, descending)
    kept = rows if limit < 0 else rows[:limit]
    return GroupTable([c.name for c in keys], shown, kept, len(rows), len(numbers))


class _Table:
    """Values of columns for all matched runs."""

    def __init__(self, connection: Connection, numbers: list[int], columns: list[Column]) -> None:
        self.cells = dict(
            zip(
                [column.name for column in columns],
                cells.read_cells(connection, columns, numbers),
                strict=True,
            )
        )
        self.rows: dict[int, RunRow] = {}
        if any(column.kind == "run" for column in columns):
            self.rows = {row.n: row for row in read_rows(connection, numbers)}
        self.ids: dict[int, str] = {}
        run = schema.run.c
        question = select(run.n, run.id).where(among(run.n, numbers))
        self.ids.update(dict(connection.execute(question).all()))

    def value(self, n: int, column: Column) -> Cell:
        if column.kind == "run":
            cell: Cell = getattr(self.rows[n], column.field.key)
            return cell
        return self.cells[column.name].get(n)


def _grouping(
    connection: Connection, clause: ast.GroupBy, numbers: list[int], catalog: Catalog
) -> list[Column]:
    """The columns to group by; with `all except` the params that differ between the runs."""
    if not clause.all_except:
        return cells.resolve_columns((name.text for name in clause.names), catalog)
    excluded = {c.field.n for c in cells.resolve_columns((n.text for n in clause.names), catalog)}
    row, key = schema.attribute.c, schema.key.c
    seen: dict[int, dict[str, int]] = {}
    # Counted by SQLite: one line a value, not one a run.
    question = (
        select(row.key, row.type, row.text, func.count())
        .where(among(row.run, numbers))
        .group_by(row.key, row.type, row.text)
    )
    for k, type_, text, count in connection.execute(question).all():
        seen.setdefault(k, {})[f"{type_} {text}"] = count
    differing = {
        k: len(values)
        for k, values in seen.items()
        if k not in excluded and (len(values) > 1 or sum(values.values()) < len(numbers))
    }
    names = dict(connection.execute(select(key.n, key.name).where(key.n.in_(differing))).all())
    order = sorted(differing, key=lambda k: (differing[k], names[k]))
    return cells.resolve_columns((write_name(names[k], "params") for k in order), catalog)


def summarise(values: Sequence[Cell]) -> Statistics:
    """Return the statistics of the numbers among `values`; anything else counts as missing.

    >>> summarise([1.0, 2.0, 3.0, None]).mean
    2.0
    """
    numbers = [float(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    finite = [number for number in numbers if math.isfinite(number)]
    n, missing = len(finite), len(values) - len(numbers)
    nonfinite = len(numbers) - n
    if n == 0:
        return Statistics(0, missing, nonfinite)
    scale = max(map(abs, finite))
    if scale > 1e150:  # squares of such numbers overflow
        return Statistics(n, missing, nonfinite, min=min(finite), max=max(finite))
    mean = statistics.fmean(finite)
    if n == 1:
        return Statistics(1, missing, nonfinite, mean, min=finite[0], max=finite[0])
    std = math.sqrt(math.fsum((number - mean) ** 2 for number in finite) / (n - 1))
    half = student.quantile(0.5 + CONFIDENCE / 2, n - 1) * std / math.sqrt(n)
    return Statistics(
        n, missing, nonfinite, mean, std, mean - half, mean + half, min(finite), max(finite)
    )


def _identity(cell: Cell) -> tuple[str, str]:
    """What makes two values the same group: 1 and 1.0 are, 1 and true are not."""
    if isinstance(cell, bool) or cell is None:
        return ("fixed", str(cell))
    if isinstance(cell, int | float):
        exact = isinstance(cell, int) and abs(cell) > 2**53
        return ("number", str(cell) if exact else repr(float(cell) + 0.0))
    return ("text", cell)


def _order(cell: Cell) -> tuple[int, float, str]:
    """Numbers, then texts, then what is missing."""
    if cell is None:
        return (3, 0.0, "")
    if isinstance(cell, str):
        return (2, 0.0, cell)
    number = float(cell) if not isinstance(cell, int) or abs(cell) < 2**1000 else math.inf
    return (1, 0.0, "") if math.isnan(number) else (0, number, "")


def _sort(rows: list[GroupRow], name: str, descending: bool) -> None:
    """Sort in place by a grouping name or by the mean of a column; what is missing comes last."""

    def cell(row: GroupRow) -> Cell:
        return row.key[name] if name in row.key else row.values[name].mean

    rows.sort(key=lambda row: _order(cell(row)), reverse=descending)
    rows.sort(key=lambda row: cell(row) is None)


def _text(cell: Cell) -> str:
    if cell is None:
        return "-"
    return f"{cell:.6g}" if isinstance(cell, float) else printable(str(cell))[:40]


def _interval(found: Statistics) -> str:
    if found.mean is None:
        return "-"
    if found.low is None or found.high is None:
        return f"{found.mean:.5g} (n = 1)"
    return f"{found.mean:.5g} ± {(found.high - found.low) / 2:.2g} (n = {found.n})"

"""Fields of many runs as arrays: what is drawn when thousands of runs are looked at together.

One statement a field, over one range of the index, whatever the number of runs; no cell becomes an
object that nobody looks at. A field whose values are all numbers is an array of float64; any other
is an array of codes with its categories. What a run has not is marked as missing, apart from NaN.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, and_, case, func, select

from peira.core.text import printable
from peira.lab.attribute import Cell, param_cell
from peira.lab.cells import Column, resolve_columns
from peira.lab.index import schema
from peira.lab.query import ast
from peira.lab.query.catalog import Catalog
from peira.lab.query.compile import compile_filter
from peira.lab.query.order import apply_sort
from peira.lab.query.several import among
from peira.lab.rows import in_scope
from peira.record.points import NONFINITE

MISSING = -1
"""The code of a run that has no value."""

_NUMBERS = ("int", "float")
_BETWEEN = ":"

Floats = NDArray[np.float64]
Codes = NDArray[np.int32]


class Axis(msgspec.Struct, frozen=True):
    """One field of many runs.

    `numbers` has a value a run (NaN also where `is_missing`), or None; then `codes` has the place
    of each run's value in `categories`, or `MISSING`. `literals` are the categories as a query
    writes them.
    """

    name: str
    kind: str
    type: Literal["number", "time", "duration", "category"]
    is_missing: NDArray[np.bool_]
    numbers: Floats | None = None
    is_whole: bool = False
    """Every number is a whole one."""
    codes: Codes | None = None
    categories: list[str] = []
    literals: list[str] = []

    @property
    def missing(self) -> int:
        """How many runs have no value."""
        return int(self.is_missing.sum())


class Axes(msgspec.Struct, frozen=True):
    """Fields of the runs that a query found; every array has one element a run, in this order."""

    ids: list[str]
    names: list[str]
    axes: list[Axis]
    total: int
    """Runs of the project."""
    took_s: float


def read_axes(
    connection: Connection,
    query: ast.Query,
    names: Sequence[str],
    *,
    project: str | None,
) -> Axes:
    """Return fields of all runs that a query finds, in the query's order.

    Args:
        names: the fields, written as in a query.

    Raises:
        QueryError: the query, or a name, cannot be understood.
    """
    started = time.perf_counter()
    catalog = Catalog(connection, project)
    columns = resolve_columns(names, catalog)
    fields = list(dict.fromkeys(c.field.key for c in columns if c.kind == "run"))
    run = schema.run.c
    base: Select[Any] = select(run.n, run.id, run.name, *(run[field] for field in fields))
    base = in_scope(base, project)
    selection = compile_filter(query.filter, catalog)
    lines = _lines(connection, apply_sort(selection.apply(base), query.sort, catalog))
    found = [[line[n] for line in lines] for n in range(3 + len(fields))]
    reader = _Reader(connection, found[0])
    own = dict(zip(fields, found[3:], strict=True))
    axes = [
        _from_cells(column, own[column.field.key])
        if column.kind == "run"
        else reader.axis_of(column)
        for column in columns
    ]
    total = len(lines) if query.filter is None else catalog.count_runs()
    return Axes(found[1], found[2], axes, total, time.perf_counter() - started)


class _Reader:
    """Reads params, metrics and tags of some runs, each into an array in the order of the runs."""

    def __init__(self, connection: Connection, runs: Sequence[int]) -> None:
        self.connection = connection
        self.runs = np.asarray(runs, np.int64)
        self.order = np.argsort(self.runs)
        self.sorted = self.runs[self.order]
        everything = int(connection.execute(select(func.count()).select_from(schema.run)).scalar()
                         or 0)  # fmt: skip
        # A range that is read from end to end is faster than looking most of it up.
        self.is_most = 2 * len(runs) > everything

    def axis_of(self, column: Column) -> Axis:
        if column.field.n is None:
            return self._tag(column) if column.kind == "tag" else self._empty(column)
        return self._param(column) if column.kind == "param" else self._metric(column)

    def _fetch(self, statement: Select[Any], run: Any) -> tuple[NDArray[np.int64], list[Any]]:
        """Return (places of runs, other columns) of a statement whose first column is the run."""
        if not self.is_most:
            statement = statement.where(among(run, self.runs.tolist()))
        lines = _lines(self.connection, statement)
        if not lines:
            return np.zeros(0, np.int64), []
        runs = np.array([line[0] for line in lines], np.int64)
        rest = [[line[n] for line in lines] for n in range(1, len(lines[0]))]
        if len(self.sorted) == 0:
            return np.zeros(0, np.int64), [[] for _ in rest]
        at = np.minimum(np.searchsorted(self.sorted, runs), len(self.sorted) - 1)
        is_ours = self.sorted[at] == runs
        if not is_ours.all():
            kept = np.flatnonzero(is_ours).tolist()
            rest = [[column[n] for n in kept] for column in rest]
        places: NDArray[np.int64] = self.order[at[is_ours]]
        return places, rest

    def _param(self, column: Column) -> Axis:
        row = schema.attribute.c
        is_number = and_(row.type.in_(_NUMBERS), row.num.is_not(None))
        # Texts are read only where the number does not say it all: they cost most.
        odd = case((is_number, None), else_=row.type + _BETWEEN + row.text)
        statement = select(row.run, row.num, odd).where(row.key == column.field.n)
        places, rest = self._fetch(statement, row.run)
        if not rest:
            return self._empty(column)
        numbers, odds = rest
        known: dict[str, tuple[Cell, str]] = {
            text: _read(text) for text in set(odds) if text is not None
        }
        if all(isinstance(value, float) for value, _ in known.values()):
            values = (
                [
                    number if text is None else known[text][0]
                    for number, text in zip(numbers, odds, strict=True)
                ]
                if known
                else numbers
            )
            return self._numeric(column, places, np.array(values, np.float64))
        cells: list[Cell] = [None] * len(self.runs)
        written: list[str | None] = [None] * len(self.runs)
        for place, number, text in zip(places.tolist(), numbers, odds, strict=True):
            if text is None:
                whole = int(number) if number.is_integer() else number
                cells[place], written[place] = number, repr(whole)
            else:
                cells[place], written[place] = known[text]
        return _categories(column, cells, written)

    def _metric(self, column: Column) -> Axis:
        row, name = schema.metric.c, column.field.aggregate
        statement = select(row.run, row[name]).where(row.key == column.field.n)
        if name in {"first", "last"}:
            statement = statement.add_columns(row[f"{name}_text"])
        places, rest = self._fetch(statement, row.run)
        if not rest:
            return self._empty(column)
        if len(rest) == 2:
            values = [
                number if number is not None else NONFINITE.get(text)
                for number, text in zip(*rest, strict=True)
            ]
        else:
            values = list(rest[0])
        if None in values:
            kept = [n for n, value in enumerate(values) if value is not None]
            places, values = places[kept], [values[n] for n in kept]
        return self._numeric(column, places, np.array(values, np.float64))

    def _numeric(self, column: Column, places: NDArray[np.int64], values: Floats) -> Axis:
        numbers = np.full(len(self.runs), np.nan)
        numbers[places] = values
        is_missing = np.ones(len(self.runs), bool)
        is_missing[places] = False
        return _numbers(column, numbers, is_missing)

    def _tag(self, column: Column) -> Axis:
        tag = schema.tag.c
        statement = select(tag.run, tag.name).where(tag.name == column.field.key)
        places, _ = self._fetch(statement, tag.run)
        cells: list[Cell] = [None] * len(self.runs)
        for place in places.tolist():
            cells[place] = True
        return _categories(column, cells, ["true" if cell else None for cell in cells])

    def _empty(self, column: Column) -> Axis:
        return _categories(column, [None] * len(self.runs), [None] * len(self.runs))


def _lines(connection: Connection, statement: Select[Any]) -> list[Any]:
    """Return all rows as the driver's own tuples: a named row for each costs as much again."""
    result = connection.execute(statement)
    assert result.cursor is not None, "a SELECT has a cursor"
    lines = list(result.cursor.fetchall())
    result.close()
    return lines


def _from_cells(column: Column, values: Sequence[Any]) -> Axis:
    """Make an axis of a field that every run has."""
    if column.type == "text":
        cells = [value or None for value in values]
        return _categories(column, cells, [None if c is None else _quoted(c) for c in cells])
    numbers = np.array([math.nan if value is None else value for value in values], np.float64)
    return _numbers(column, numbers, np.array([value is None for value in values], bool))


def _numbers(column: Column, numbers: Floats, is_missing: NDArray[np.bool_]) -> Axis:
    finite = numbers[np.isfinite(numbers)]
    return Axis(
        column.name,
        column.kind,
        column.type if column.type in ("time", "duration") else "number",
        is_missing,
        numbers,
        is_whole=bool(len(finite)) and bool((finite == np.floor(finite)).all()),
    )


def _categories(column: Column, cells: list[Cell], written: Sequence[str | None]) -> Axis:
    """Code cells by their literals: numbers in their order, then texts. `written` is None where
    nothing is.
    """
    values = {literal: cell for cell, literal in zip(cells, written, strict=True) if literal}
    ordered = sorted(values, key=lambda literal: _order(values[literal], literal))
    place = {literal: n for n, literal in enumerate(ordered)}
    codes = np.array([MISSING if text is None else place[text] for text in written], np.int32)
    return Axis(
        column.name,
        column.kind,
        "category",
        codes == MISSING,
        codes=codes,
        categories=[_shown(values[literal]) for literal in ordered],
        literals=ordered,
    )


def _order(cell: Cell, literal: str) -> tuple[int, float, str]:
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return (1, 0.0, literal)
    return (0, math.inf if cell != cell else float(cell), literal)


def _shown(cell: Cell) -> str:
    if cell is None:
        return "null"
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return printable(str(cell))


def _read(odd: str) -> tuple[Cell, str]:
    """Return the value of a param that is no plain number, and how a query writes it."""
    type_, _, text = odd.partition(_BETWEEN)
    if type_ in _NUMBERS:
        number = NONFINITE.get(text, -math.inf if text.startswith("-") else math.inf)
        return number, "nan" if number != number else "inf" if number > 0 else "-inf"
    cell = param_cell(type_, 1.0 if text == "true" else 0.0, text)
    return cell, _quoted(text) if type_ in ("str", "json") else text


def literal_of(cell: Cell) -> str:
    """Return a value as a query writes it.

    >>> literal_of("adam"), literal_of(True), literal_of(0.5)
    ('"adam"', 'true', '0.5')
    """
    if isinstance(cell, str):
        return _quoted(cell)
    if cell is None or isinstance(cell, bool):
        return _shown(cell)
    return repr(cell)


def _quoted(text: str) -> str:
    r"""Return a text as a query quotes it.

    >>> _quoted('say "hi"')
    '"say \\"hi\\""'
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

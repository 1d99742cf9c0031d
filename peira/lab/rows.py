"""Rows of runs: filter, sort and cut in one statement, then the values of the page's columns."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, func, select

from peira.core.errors import QueryError, UsageError
from peira.lab import cells
from peira.lab.attribute import Cell
from peira.lab.cells import Column
from peira.lab.index import schema
from peira.lab.query import ast
from peira.lab.query.catalog import Catalog
from peira.lab.query.compile import compile_filter
from peira.lab.query.order import apply_sort
from peira.lab.query.parse import parse, parse_sort
from peira.lab.query.several import among

OFFSET_MAX = 2**53


class RunRow(msgspec.Struct, frozen=True):
    """What the index holds of a run itself. Times are seconds since the epoch."""

    n: int
    id: str
    project: str
    name: str
    group: str | None
    why: str | None
    parent: str | None
    origin: str | None
    origin_how: str | None
    sweep: str | None
    trial: int | None
    user: str
    host: str
    state: str
    created: float
    ended: float | None
    duration: float | None
    seen: float
    command: str
    commit: str | None
    note: str | None
    deleted: int
    sealed: int
    lost_points: int
    alerts: int
    rev: int


COLUMNS = tuple(schema.run.c[name] for name in RunRow.__struct_fields__)


class Page(msgspec.Struct, frozen=True):
    """Some rows of a result. `cells[c]` maps the number of a run to its value in column `c`."""

    rows: list[RunRow]
    columns: list[Column]
    cells: list[dict[int, Cell]]
    tags: dict[int, list[str]]
    total: int
    """Runs of the project."""
    matched: int
    """Runs that the filter let through; `rows` are some of them."""
    took_s: float

    def value(self, column: int, row: RunRow) -> Cell:
        """Return one value."""
        if self.columns[column].kind == "run":
            cell: Cell = getattr(row, self.columns[column].field.key)
            return cell
        return self.cells[column].get(row.n)


def read_query(query: str | ast.Query, sort: str | None = None) -> ast.Query:
    """Parse a query; `sort`, when given, takes the place of the query's own."""
    parsed = query if isinstance(query, ast.Query) else parse(query)
    return msgspec.structs.replace(parsed, sort=parse_sort(sort)) if sort else parsed


def select_page(
    connection: Connection,
    query: ast.Query,
    *,
    project: str | None = None,
    limit: int | None = 100,
    offset: int = 0,
    columns: Sequence[str] | None = None,
    deleted: bool = False,
) -> Page:
    """Return the page of runs that a query finds, newest first unless it sorts.

    Raises:
        QueryError: a name is not known or ambiguous.
        UsageError: `limit` or `offset` is negative or absurd.
    """
    started = time.perf_counter()
    limit, offset = check_window(limit, offset)
    catalog = Catalog(connection, project)
    selection = compile_filter(query.filter, catalog)
    # Numbers only: sorting 10,000 whole rows costs several times as much as fetching 100
    # afterwards.
    base = in_scope(select(schema.run.c.n, func.count().over()), project, deleted=deleted)
    statement = apply_sort(selection.apply(base), query.sort, catalog).limit(limit).offset(offset)
    found = connection.execute(statement).all()
    rows = read_rows(connection, [line[0] for line in found])
    if found:
        matched = int(found[0][1])
    else:
        counting = in_scope(select(func.count()).select_from(schema.run), project, deleted=deleted)
        matched = int(connection.execute(selection.apply(counting)).scalar_one()) if offset else 0
    shown = resolve_shown(columns, query, catalog)
    numbers = [row.n for row in rows]
    return Page(
        rows,
        shown,
        cells.read_cells(connection, shown, numbers),
        cells.read_tags(connection, numbers),
        matched if query.filter is None else catalog.count_runs(deleted=deleted),
        matched,
        time.perf_counter() - started,
    )


def read_rows(connection: Connection, numbers: Sequence[int]) -> list[RunRow]:
    """Return the rows of runs, in the order of their numbers as given."""
    found: dict[int, RunRow] = {}
    wanted = among(schema.run.c.n, numbers)
    for line in connection.execute(select(*COLUMNS).where(wanted)).all():
        found[line[0]] = RunRow(*line)
    return [found[n] for n in numbers if n in found]


def select_numbers(
    connection: Connection, query: ast.Query, *, project: str | None, deleted: bool = False
) -> list[int]:
    """Return the numbers of all runs that a query finds, in its order."""
    catalog = Catalog(connection, project)
    selection = compile_filter(query.filter, catalog)
    base = in_scope(select(schema.run.c.n), project, deleted=deleted)
    return list(connection.scalars(apply_sort(selection.apply(base), query.sort, catalog)))


def in_scope(statement: Select[Any], project: str | None, *, deleted: bool = False) -> Select[Any]:
    """Keep runs of the project; removed ones only when asked for, and then nothing else."""
    statement = statement.where(schema.run.c.deleted == (1 if deleted else 0))
    return statement if project is None else statement.where(schema.run.c.project == project)


def check_window(limit: int | None, offset: int) -> tuple[int, int]:
    """Return limit and offset for SQL, where -1 is no limit.

    Raises:
        UsageError: a number is negative or beyond 2^53.
    """
    for word, number in (("limit", limit), ("offset", offset)):
        is_number = isinstance(number, int) and not isinstance(number, bool)
        if number is not None and not (is_number and 0 <= number <= OFFSET_MAX):
            raise UsageError(f"{word} is {number!r:.40}; a whole number from 0 was expected.")
    return (-1 if limit is None else limit), offset


def resolve_shown(
    columns: Sequence[str] | None, query: ast.Query, catalog: Catalog
) -> list[Column]:
    """Return the columns asked for; with None those that the query speaks of, and the goal's."""
    if columns is not None:
        return cells.resolve_columns(columns, catalog)
    names = cells.used_names(query)
    if catalog.project is not None:
        names += [goal.metric for goal in catalog.goals() if goal.metric not in names]
    shown = []
    for name in names:
        try:
            shown += cells.resolve_columns([name], catalog)
        except QueryError:
            continue  # the goal's metric that no run has yet
    return [column for column in shown if column.kind in {"param", "metric"}]


def dropped_by(
    connection: Connection, query: ast.Query, *, project: str | None, deleted: bool = False
) -> list[tuple[str, int]]:
    """Tell which condition removed the last rows: for each, how many runs remain without it.

    Conditions are the parts joined by `and` on the top level, as they are written.
    """
    if query.filter is None:
        return []
    parts = query.filter.parts if isinstance(query.filter, ast.All) else (query.filter,)
    catalog = Catalog(connection, project)
    told = []
    for index, part in enumerate(parts[:16]):
        others = parts[:index] + parts[index + 1 :]
        rest = ast.All(others) if len(others) > 1 else (others[0] if others else None)
        counting = in_scope(select(func.count()).select_from(schema.run), project, deleted=deleted)
        remaining = compile_filter(rest, catalog).apply(counting)
        told.append((write(part), int(connection.execute(remaining).scalar_one())))
    return told


def write(node: ast.Node) -> str:
    """Write a filter as text that reads back as the same filter."""
    if isinstance(node, ast.All | ast.Any):
        word = " and " if isinstance(node, ast.All) else " or "
        return word.join(
            f"({write(part)})" if isinstance(part, ast.All | ast.Any) else write(part)
            for part in node.parts
        )
    if isinstance(node, ast.Not):
        inner = write(node.part)
        return f"not ({inner})" if isinstance(node.part, ast.All | ast.Any) else f"not {inner}"
    if isinstance(node, ast.Compare):
        return f"{node.name.text} {node.operator} {node.value.text}"
    if isinstance(node, ast.Within):
        return f"{node.name.text} in {node.low.text}..{node.high.text}"
    if isinstance(node, ast.OneOf):
        return f"{node.name.text} in ({', '.join(v.text for v in node.values)})"
    if isinstance(node, ast.Missing):
        return f"{node.name.text} is missing"
    if isinstance(node, ast.Tagged):
        tag = node.tag.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{tag}" in tags'
    if isinstance(node, ast.PlainWord):
        return node.word
    return "alive" if isinstance(node, ast.Alive) else f"since {node.moment.text}"

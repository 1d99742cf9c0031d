"""Values of columns for many runs: one statement a table, whatever the number of columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec
from sqlalchemy import Connection, select

from peira.core.errors import QueryError
from peira.lab.attribute import Cell, param_cell
from peira.lab.index import schema
from peira.lab.query import ast
from peira.lab.query.catalog import Catalog, Field
from peira.lab.query.names import read_name
from peira.lab.query.several import among
from peira.lab.query.value import aggregate_of
from peira.record.points import NONFINITE

COLUMNS_MAX = 2_000
_RUN_TYPES: dict[str, Literal["number", "text", "time", "duration"]] = {
    "state": "text",
    "text": "text",
    "time": "time",
    "duration": "duration",
    "number": "number",
}


class Column(msgspec.Struct, frozen=True):
    """A column of a table. `name` is as asked for; `type` is `mixed` for params, which are free."""

    name: str
    kind: Literal["run", "param", "metric", "tag", "unknown"]
    type: Literal["number", "text", "time", "duration", "mixed"]
    field: Field


def resolve_columns(names: Iterable[str], catalog: Catalog) -> list[Column]:
    """Return what the names of columns mean; each is written as in a query, or is a key itself.

    Raises:
        QueryError: a name is not known or is ambiguous; its position is in that name.
    """
    written = [read_name(name) for name in dict.fromkeys(names)]
    if len(written) > COLUMNS_MAX:
        raise QueryError(
            f"{len(written):,} columns were asked for; {COLUMNS_MAX:,} are allowed.", position=0
        )
    catalog.numbers(name.key for name in written)
    columns = []
    for name in written:
        field = catalog.resolve(name)
        if field.kind == "metric":
            field = msgspec.structs.replace(field, aggregate=aggregate_of(field, catalog, name))
            columns.append(Column(name.text, "metric", "number", field))
        elif field.kind == "run":
            columns.append(Column(name.text, "run", _RUN_TYPES[field.type], field))
        else:
            columns.append(Column(name.text, field.kind, "mixed", field))
    return columns


def read_cells(
    connection: Connection, columns: Sequence[Column], runs: Sequence[int]
) -> list[dict[int, Cell]]:
    """Return, for each column, the values by run number; runs without a value are left out.

    Columns of run fields stay empty: those values are in the rows themselves.
    """
    cells: list[dict[int, Cell]] = [{} for _ in columns]
    params: dict[int, list[int]] = {}
    metrics: dict[int, list[tuple[int, str]]] = {}
    for index, column in enumerate(columns):
        if column.field.n is None:
            if column.kind == "tag":
                cells[index] = _tag_cells(connection, column.field.key, runs)
        elif column.kind == "param":
            params.setdefault(column.field.n, []).append(index)
        elif column.kind == "metric":
            metrics.setdefault(column.field.n, []).append((index, column.field.aggregate))
    if params:
        _read_params(connection, params, runs, cells)
    if metrics:
        _read_metrics(connection, metrics, runs, cells)
    return cells


def _read_params(
    connection: Connection,
    wanted: dict[int, list[int]],
    runs: Sequence[int],
    cells: list[dict[int, Cell]],
) -> None:
    row = schema.attribute.c
    found = connection.execute(
        select(row.key, row.run, row.type, row.num, row.text).where(
            row.key.in_(list(wanted)), among(row.run, runs)
        )
    )
    for key, run, type_, num, text in found.all():
        cell = param_cell(type_, num, text)
        for index in wanted[key]:
            cells[index][run] = cell


def _read_metrics(
    connection: Connection,
    wanted: dict[int, list[tuple[int, str]]],
    runs: Sequence[int],
    cells: list[dict[int, Cell]],
) -> None:
    row = schema.metric.c
    names = sorted({name for asked in wanted.values() for _, name in asked})
    texts = [name for name in names if name in {"first", "last"}]
    found = connection.execute(
        select(row.key, row.run, *(row[n] for n in names), *(row[f"{n}_text"] for n in texts))
        .where(row.key.in_(list(wanted)))
        .where(among(row.run, runs))
    )
    places = {name: 2 + place for place, name in enumerate(names)}
    text_places = {name: 2 + len(names) + place for place, name in enumerate(texts)}
    for line in found.all():
        for index, name in wanted[line[0]]:
            cell = line[places[name]]
            if cell is None and name in text_places:
                cell = NONFINITE.get(line[text_places[name]])
            if cell is not None:
                cells[index][line[1]] = cell


def _tag_cells(connection: Connection, tag: str, runs: Sequence[int]) -> dict[int, Cell]:
    tags = schema.tag.c
    wanted = set(runs)
    found = connection.scalars(select(tags.run).where(tags.name == tag))
    return {run: True for run in found if run in wanted}


def read_tags(connection: Connection, runs: Sequence[int]) -> dict[int, list[str]]:
    """Return the tags of each run, sorted."""
    tags = schema.tag.c
    found: dict[int, list[str]] = {}
    rows = connection.execute(
        select(tags.run, tags.name).where(among(tags.run, runs)).order_by(tags.run, tags.name)
    )
    for run, name in rows.all():
        found.setdefault(run, []).append(name)
    return found


def field_of(name: str, catalog: Catalog) -> Field:
    """Return what one name means, as `resolve_columns`."""
    return resolve_columns([name], catalog)[0].field


def used_names(query: ast.Query) -> list[str]:
    """Return the names of params and metrics that a query filters or sorts by, in reading order."""
    names: list[ast.Name] = []

    def walk(node: ast.Node | None) -> None:
        if isinstance(node, ast.All | ast.Any):
            for part in node.parts:
                walk(part)
        elif isinstance(node, ast.Not):
            walk(node.part)
        elif isinstance(node, ast.Compare | ast.Within | ast.OneOf | ast.Missing):
            names.append(node.name)

    walk(query.filter)
    names.extend(key.name for key in query.sort)
    return list(dict.fromkeys(name.text for name in names))

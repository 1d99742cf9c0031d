"""A page of the lab's runs as the rows that the API and the exports send."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from peira.core.errors import QueryError
from peira.evaluate.guard import Guard, read_guard
from peira.lab import rows as lab_rows
from peira.lab.cells import resolve_columns
from peira.lab.lab import Lab
from peira.lab.query.catalog import Catalog
from peira.lab.query.parse import parse
from peira.server.cells import cell
from peira.server.default_columns import default_columns
from peira.server.problems import Field, RefusedError
from peira.server.records import Column, RunRow


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asked of the runs table. `columns` None lets the server choose."""

    project: str | None
    q: str = ""
    sort: str | None = None
    limit: int | None = 100
    offset: int = 0
    columns: list[str] | None = None
    deleted: bool = False


def read_page(lab: Lab, asked: Asked) -> lab_rows.Page:
    """Return the page of runs.

    Raises:
        QueryError: `q` or `sort` cannot be read; the position is in that text.
        RefusedError: a column is not known.
    """
    query = lab_rows.read_query(parse(asked.q), asked.sort)

    def ask(connection: Connection) -> lab_rows.Page:
        columns = asked.columns
        if columns is None and asked.project is not None:
            columns = default_columns(connection, asked.project)
        elif columns:
            check_columns(connection, columns, asked.project)
        return lab_rows.select_page(
            connection,
            query,
            project=asked.project,
            limit=asked.limit,
            offset=asked.offset,
            columns=columns or [],
            deleted=asked.deleted,
        )

    return lab.ask(ask)


def check_columns(
    connection: Connection,
    columns: Sequence[str],
    project: str | None,
    *,
    parameter: str = "columns",
) -> None:
    """Refuse columns that cannot be, so that their errors are not taken for errors of the query.

    Raises:
        RefusedError: the first that is not known, or fits a param and a metric.
    """
    try:
        resolve_columns(columns, Catalog(connection, project))
    except QueryError as error:
        raise RefusedError(
            "request",
            "A column cannot be shown.",
            hint=error.hint,
            fields=(Field(parameter, "query", error.message),),
        ) from error


def split_columns(texts: Sequence[str] | None) -> list[str] | None:
    """Split the parameter `columns`: commas between names, names with a comma in backquotes.

    >>> split_columns(["lr,`a,b`.max", "state"])
    ['lr', '`a,b`.max', 'state']
    """
    if texts is None:
        return None
    names = []
    for text in texts:
        name, is_quoted = "", False
        for character in text + ",":
            if character == "`":
                is_quoted = not is_quoted
            if character == "," and not is_quoted:
                names.append(name.strip())
                name = ""
            else:
                name += character
        names.append(name[:-1].strip())  # an open backquote: the rest, for the error to show
    return [name for name in names if name]


def columns_of(page: lab_rows.Page) -> list[Column]:
    """Return the columns of a page as the API tells them."""
    return [Column(name=column.name, kind=column.kind, type=column.type) for column in page.columns]


def guard_of(lab: Lab, page: lab_rows.Page) -> Guard:
    """Return the kinds of the numbers of a page."""
    keys = [column.field.key for column in page.columns if column.kind == "metric"]
    return read_guard(lab, [row.n for row in page.rows], keys)


def rows_of(page: lab_rows.Page, guard: Guard | None = None) -> list[RunRow]:
    """Return the rows of a page as the API tells them."""
    names = [column.name for column in page.columns]
    metrics = {c.name: c.field.key for c in page.columns if c.kind == "metric"}
    kinds = {} if guard is None else guard.kinds
    return [
        run_row(
            row,
            page.tags.get(row.n, []),
            {name: cell(page.value(n, row)) for n, name in enumerate(names)},
            {name: own[key] for name, key in metrics.items() if key in own},
        )
        for row in page.rows
        for own in (kinds.get(row.n, {}),)
    ]


def run_row(
    row: lab_rows.RunRow,
    tags: list[str],
    values: dict[str, Any],
    kinds: dict[str, str] | None = None,
) -> RunRow:
    """Return one row as the API tells it."""
    return RunRow(
        id=row.id, name=row.name, project=row.project, state=row.state, user=row.user,
        host=row.host, group=row.group, created=row.created, ended=row.ended,
        duration=row.duration, tags=tags, note=row.note, commit=row.commit, why=row.why,
        alerts=row.alerts, rev=row.rev, values=values, kinds=kinds or {},
    )  # fmt: skip

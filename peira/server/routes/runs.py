"""Rows of the runs table."""

from __future__ import annotations

from typing import Annotated

from litestar import get
from litestar.params import FromQuery, QueryParameter
from sqlalchemy import Connection

from peira.lab.lab import Lab
from peira.lab.query import ast
from peira.lab.query.parse import parse
from peira.lab.rows import dropped_by, write
from peira.server.parameters import Columns, LabNow, OptionalQuery, PathText, Query
from peira.server.records import Clause, Measure, RunsAnswer
from peira.server.table import Asked, columns_of, guard_of, read_page, rows_of, split_columns


@get("/api/projects/{project:str}/runs", sync_to_thread=True)
def runs(
    lab: LabNow,
    project: PathText,
    *,
    q: Query = "",
    sort: OptionalQuery = None,
    limit: Annotated[int, QueryParameter(ge=0, le=1000)] = 100,
    offset: Annotated[int, QueryParameter(ge=0, le=2**53)] = 0,
    columns: Columns = None,
    deleted: FromQuery[bool] = False,
) -> RunsAnswer:
    """Rows of the runs that a query finds, with the values of some columns."""
    asked = Asked(
        project=project, q=q, sort=sort, limit=limit, offset=offset,
        columns=split_columns(columns), deleted=deleted,
    )  # fmt: skip
    page = read_page(lab, asked)
    guard = guard_of(lab, page)
    return RunsAnswer(
        total=page.total,
        matched=page.matched,
        took_ms=round(page.took_s * 1000, 3),
        rev=max((row.rev for row in page.rows), default=0),
        columns=columns_of(page),
        rows=rows_of(page, guard),
        clauses=None if page.matched else _clauses(lab, asked),
        measures={
            kind: Measure(text=measure.text, price=measure.price)
            for kind, measure in guard.measures.items()
        },
    )


def _clauses(lab: Lab, asked: Asked) -> list[Clause]:
    """Say, for each part of the filter, how many runs would be there without it."""
    query = parse(asked.q)
    if query.filter is None:
        return []

    def ask(connection: Connection) -> list[tuple[str, int]]:
        return dropped_by(connection, query, project=asked.project, deleted=asked.deleted)

    parts = query.filter.parts if isinstance(query.filter, ast.All) else (query.filter,)
    tail = tail_of(asked.q, query)
    found = []
    for n, (text, remaining) in enumerate(lab.ask(ask)):
        others = ast.All(parts[:n] + parts[n + 1 :])
        rest = f"{write(others)} {tail}".strip()
        found.append(Clause(text=text, without=remaining, q=rest))
    return found


def tail_of(text: str, query: ast.Query) -> str:
    """Return the end of a query text: its `group by` and `sort`.

    >>> tail_of("lr > 1 sort -lr", parse("lr > 1 sort -lr"))
    'sort -lr'
    """
    starts = []
    if query.sort:
        starts.append(text.rfind("sort", 0, query.sort[0].name.position))
    if query.group is not None:
        starts.append(text.rfind("group", 0, query.group.names[0].position))
    starts = [start for start in starts if start >= 0]
    return text[min(starts) :] if starts else ""

"""Rows of the grouped table."""

from __future__ import annotations

import time
from typing import Annotated

from litestar import get
from litestar.params import QueryParameter
from sqlalchemy import Connection, func, select

from peira.evaluate.guard import notes_of_groups
from peira.lab.groups import GroupTable, Statistics, group_runs
from peira.lab.index import schema
from peira.lab.query.parse import parse
from peira.server.cells import cell
from peira.server.default_columns import default_columns
from peira.server.follower import revision
from peira.server.parameters import Columns, LabNow, OptionalQuery, PathText, Query
from peira.server.records import Column, GroupCell, GroupRow, GroupsAnswer
from peira.server.table import check_columns, split_columns

RUNS_MAX = 1000


@get("/api/projects/{project:str}/groups", sync_to_thread=True)
def groups(
    lab: LabNow,
    project: PathText,
    *,
    q: Query = "",
    by: OptionalQuery = None,
    sort: OptionalQuery = None,
    columns: Columns = None,
    limit: Annotated[int, QueryParameter(ge=0, le=10_000)] = 1000,
) -> GroupsAnswer:
    """Groups of all runs that a query finds, with mean, spread and 95 % interval."""
    started = time.perf_counter()
    query, names = parse(q), split_columns(columns)
    counting = select(func.count()).where(
        schema.run.c.project == project, schema.run.c.deleted == 0
    )

    def ask(connection: Connection) -> tuple[GroupTable, int]:
        if names:
            check_columns(connection, names, project)
        shown = default_columns(connection, project) if names is None else names
        table = group_runs(
            connection, query, project=project, by=by, columns=shown, sort=sort, limit=limit
        )
        return table, int(connection.execute(counting).scalar_one())

    table, total = lab.ask(ask)
    return GroupsAnswer(
        by=table.by,
        total=total,
        matched=table.matched,
        groups=table.groups,
        took_ms=round((time.perf_counter() - started) * 1000, 3),
        rev=revision(lab),
        columns=[Column(name=c.name, kind=c.kind, type=c.type) for c in table.columns],
        rows=[
            GroupRow(
                key=cell(row.key),
                n=row.n,
                runs=row.runs[:RUNS_MAX],
                values={name: _cell(found) for name, found in row.values.items()},
            )
            for row in table
        ],
        notes=notes_of_groups(lab, table),
    )


def _cell(found: Statistics) -> GroupCell | None:
    if found.n == 0 and found.nonfinite == 0:
        return None
    return GroupCell(**{name: getattr(found, name) for name in GroupCell.__struct_fields__})

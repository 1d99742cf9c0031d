"""The runs view as a file: CSV, JSON or Parquet.

The bytes are those of `peira export`: exact numbers, and in CSV no cell that a spreadsheet runs.
"""

from __future__ import annotations

import io
from typing import Any

import msgspec
from litestar import Response
from litestar.datastructures import MultiDict

from peira.lab.export import write_table
from peira.lab.lab import Lab
from peira.lab.rows import Page
from peira.server.cells import cell
from peira.server.disposition import attachment
from peira.server.problems import Field, RefusedError
from peira.server.table import Asked, read_page, split_columns

FORMATS = ("csv", "json", "parquet")
RUN_FIELDS = (
    "id",
    "name",
    "state",
    "user",
    "host",
    "group",
    "created",
    "ended",
    "duration",
    "tags",
    "note",
    "commit",
)
_MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}
_PARAMETERS = {"q", "sort", "columns", "deleted", "limit"}


def export_runs(lab: Lab, project: str, ending: str, parameters: MultiDict[Any]) -> Response[bytes]:
    """Return all runs that the query finds, as a file.

    Raises:
        RefusedError: a parameter is unknown or not of its type.
        QueryError: the query cannot be read.
    """
    page = read_page(lab, _asked(project, parameters))
    headers = {
        "Content-Disposition": attachment(f"{project}.{ending}"),
        "Cache-Control": "no-store",
    }
    if ending == "json":
        rows = [dict(zip(_names(page), [cell(v) for v in row], strict=True)) for row in _rows(page)]
        body = msgspec.json.encode({"total": page.total, "matched": page.matched, "rows": rows})
        return Response(body, media_type="application/json")
    out = io.BytesIO()
    values = _rows(page)
    columns = {name: [row[n] for row in values] for n, name in enumerate(_names(page))}
    write_table(out, columns, "csv" if ending == "csv" else "parquet")
    return Response(out.getvalue(), media_type=_MEDIA_TYPES[ending], headers=headers)


def _asked(project: str, parameters: MultiDict[Any]) -> Asked:
    wrong = [
        Field(name, "query", "There is no such parameter, or it is given more than once.")
        for name in parameters
        if name not in _PARAMETERS or (name != "columns" and len(parameters.getall(name)) > 1)
    ]
    limit = parameters.get("limit")
    if limit is not None and not (limit.isascii() and limit.isdigit() and len(limit) < 10):
        wrong.append(Field("limit", "query", "Expected a number of rows."))
    deleted = parameters.get("deleted", "false")
    if deleted not in ("true", "false"):
        wrong.append(Field("deleted", "query", "Expected true or false."))
    if wrong:
        raise RefusedError(
            "request", "The query string does not fit this address.", fields=tuple(wrong)
        )
    return Asked(
        project=project,
        q=parameters.get("q", ""),
        sort=parameters.get("sort"),
        limit=None if limit is None else int(limit),
        columns=split_columns(parameters.getall("columns", None)),
        deleted=deleted == "true",
    )


def _names(page: Page) -> list[str]:
    """Return the column names: the run's own fields, then those asked for, each once."""
    return [*RUN_FIELDS, *(column.name for column in page.columns if column.name not in RUN_FIELDS)]


def _rows(page: Page) -> list[list[Any]]:
    """Return the values in the order of `_names`."""
    shown = [n for n, column in enumerate(page.columns) if column.name not in RUN_FIELDS]
    return [
        [
            ", ".join(page.tags.get(row.n, [])) if name == "tags" else getattr(row, name)
            for name in RUN_FIELDS
        ]
        + [page.value(n, row) for n in shown]
        for row in page.rows
    ]

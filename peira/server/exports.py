"""The runs view as a file: CSV, JSON or Parquet.

A spreadsheet runs a cell that begins with `=` (and some others) as a formula, and run names are
written by anybody: in CSV such texts get a leading apostrophe. Numbers stay numbers.
"""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path
from typing import Any

import msgspec
from litestar import Response
from litestar.datastructures import MultiDict

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
# Tab and CR too: some programs strip them and then see the sign. Fullwidth forms are folded by
# some spreadsheets.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
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
    if ending == "csv":
        return Response(_csv(page), media_type="text/csv; charset=utf-8", headers=headers)
    return Response(_parquet(page), media_type="application/vnd.apache.parquet", headers=headers)


def safe_cell(value: Any) -> Any:
    """Return a CSV cell that no spreadsheet runs; only texts are ever changed.

    >>> safe_cell("=1+1"), safe_cell(-1.5), safe_cell("ok")
    ("'=1+1", -1.5, 'ok')
    """
    if isinstance(value, str):
        # Leading spaces and controls are skipped by some programs before they look for the sign.
        bare = value.lstrip(" \u00a0\ufeff\x00\x0b\x0c")
        return f"'{value}" if bare.startswith(_FORMULA_STARTS) else value
    return value


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


def _csv(page: Page) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([safe_cell(name) for name in _names(page)])
    for row in _rows(page):
        writer.writerow([safe_cell(value) for value in row])
    return out.getvalue().encode("utf-8", "replace")


def _parquet(page: Page) -> bytes:
    """Return the table as Parquet, written by DuckDB from a relation it has built itself."""
    import duckdb

    names, rows = _names(page), _rows(page)
    types = [_sql_type([row[n] for row in rows]) for n in range(len(names))]
    with tempfile.TemporaryDirectory(prefix="peira-") as folder, duckdb.connect() as connection:
        listed = ", ".join(
            f"{_quoted(name)} {type_}" for name, type_ in zip(names, types, strict=True)
        )
        connection.execute(f"create table runs ({listed})")
        marks = ", ".join("?" * len(names))
        if rows:
            texts = [
                [
                    str(value) if type_ == "varchar" and value is not None else value
                    for value, type_ in zip(row, types, strict=True)
                ]
                for row in rows
            ]
            connection.executemany(f"insert into runs values ({marks})", texts)
        path = Path(folder) / "runs.parquet"
        connection.execute(f"copy runs to '{path}' (format parquet, compression zstd)")
        return path.read_bytes()


def _sql_type(values: list[Any]) -> str:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return "boolean"
    if kinds == {int} and all(abs(value) < 2**63 for value in values if value is not None):
        return "bigint"
    if kinds and kinds <= {int, float}:
        return "double"
    return "varchar"


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""').replace("\x00", "")
    return f'"{doubled}"'

"""The runs view and the Compare screen as files: CSV, JSON or Parquet.

Numbers are exact, as those of `peira export`, and in CSV there is no cell that a spreadsheet runs.
"""

from __future__ import annotations

import io
from collections.abc import Collection
from typing import Any

import msgspec
from litestar import Response
from litestar.datastructures import MultiDict

from peira.compare.columns import to_columns
from peira.compare.diff import compare
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
MEDIA_TYPES = {
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
    if ending == "json":
        rows = [dict(zip(_names(page), [cell(v) for v in row], strict=True)) for row in _rows(page)]
        body = msgspec.json.encode({"total": page.total, "matched": page.matched, "rows": rows})
        return Response(body, media_type="application/json")
    out = io.BytesIO()
    values = _rows(page)
    columns = {name: [row[n] for row in values] for n, name in enumerate(_names(page))}
    write_table(out, columns, "csv" if ending == "csv" else "parquet")
    return Response(
        out.getvalue(),
        media_type=MEDIA_TYPES[ending],
        headers=download(f"{project}.{ending}"),
    )


def export_comparison(
    lab: Lab, project: str, ending: str, parameters: MultiDict[Any]
) -> Response[bytes]:
    """Return the Compare screen as a file: JSON as the API answers, or a flat table.

    Raises:
        RefusedError: a parameter is unknown, missing or not of its type.
        UsageError, NotFoundError: as `compare`.
    """
    wrong = wrong_names(parameters, {"r", "all", "section"})
    everything = _switch("all", parameters, wrong)
    section = parameters.get("section")
    if not parameters.get("r"):
        wrong.append(Field("r", "query", "Expected two to eight runs, separated by commas."))
    refuse(wrong)
    sections = None if section is None else split_words(section)
    found = compare(lab, split_words(parameters["r"]), project=project, sections=sections)
    found = found if everything else found.only_differences()
    if ending == "json":
        return Response(msgspec.json.encode(found.to_dict()), media_type="application/json")
    out = io.BytesIO()
    write_table(out, to_columns(found), "csv" if ending == "csv" else "parquet")
    return Response(
        out.getvalue(),
        media_type=MEDIA_TYPES[ending],
        headers=download(f"{project} compared.{ending}"),
    )


def split_words(text: str) -> list[str]:
    """Return the words of a list that is separated by commas."""
    return [word for word in (part.strip() for part in text.split(",")) if word]


def download(name: str) -> dict[str, str]:
    """Return the headers of a file that is saved, not shown."""
    return {"Content-Disposition": attachment(name), "Cache-Control": "no-store"}


def _asked(project: str, parameters: MultiDict[Any]) -> Asked:
    wrong = wrong_names(parameters, _PARAMETERS)
    limit = parameters.get("limit")
    if limit is not None and not (limit.isascii() and limit.isdigit() and len(limit) < 10):
        wrong.append(Field("limit", "query", "Expected a number of rows."))
    deleted = _switch("deleted", parameters, wrong)
    refuse(wrong)
    return Asked(
        project=project,
        q=parameters.get("q", ""),
        sort=parameters.get("sort"),
        limit=None if limit is None else int(limit),
        columns=split_columns(parameters.getall("columns", None)),
        deleted=deleted,
    )


def wrong_names(parameters: MultiDict[Any], known: Collection[str]) -> list[Field]:
    """Return the parameters that an address does not know."""
    return [
        Field(name, "query", "There is no such parameter, or it is given more than once.")
        for name in parameters
        if name not in known or (name != "columns" and len(parameters.getall(name)) > 1)
    ]


def _switch(name: str, parameters: MultiDict[Any], wrong: list[Field]) -> bool:
    text = parameters.get(name, "false")
    if text not in ("true", "false"):
        wrong.append(Field(name, "query", "Expected true or false."))
    return bool(text == "true")


def refuse(wrong: list[Field]) -> None:
    """Refuse a request when something of it is wrong.

    Raises:
        RefusedError: it is.
    """
    if wrong:
        raise RefusedError(
            "request", "The query string does not fit this address.", fields=tuple(wrong)
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

"""The Evaluate screen as files: chosen samples as CSV or Parquet, all of it as JSON."""

from __future__ import annotations

import io
from typing import Any, get_args

import msgspec
from litestar import Response
from litestar.datastructures import MultiDict

from peira.evaluate import errors
from peira.evaluate.choose import choose
from peira.evaluate.errors import Filter, Sort
from peira.evaluate.matrix import Order
from peira.evaluate.opened import Opened
from peira.lab.export import write_table
from peira.lab.lab import Lab
from peira.server.cells import cell
from peira.server.exports import MEDIA_TYPES, download, refuse, wrong_names
from peira.server.problems import Field
from peira.server.routes.evaluations import answer_of

_TEXTS = {"true", "predicted", "column", "value"}
_OF_THE_VIEW = {"show", "panel", "page", "of", "threshold", "other", "change"}
"""Parameters of the screen that choose no samples: they may stand in the address."""


def export_evaluation(
    lab: Lab, run: str, name: str, ending: str, parameters: MultiDict[Any]
) -> Response[bytes]:
    """Return an evaluation as a file.

    Raises:
        RefusedError: a parameter is unknown or not of its type.
        NotFoundError: there is no such run or evaluation, or it is of a sealed hold-out.
    """
    known = {*_TEXTS, *_OF_THE_VIEW, "wrong", "sort", "step", "order"}
    wrong = wrong_names(parameters, known)
    step = _step(parameters.get("step"), wrong)
    sort: Sort = _one_of("sort", parameters.get("sort", "-loss"), get_args(Sort), wrong)
    order: Order = _one_of("order", parameters.get("order", "label"), get_args(Order), wrong)
    refuse(wrong)
    record = lab.run(run)
    opened = Opened(lab.objects, choose(record, name, step))
    column, value = parameters.get("column"), parameters.get("value")
    sliced = None if column is None or value is None else (column, value)
    wanted = Filter(
        true=parameters.get("true"),
        predicted=parameters.get("predicted"),
        only_wrong=parameters.get("wrong") in ("1", "true"),
        slice=sliced,
        sort=sort,
    )
    found = opened.results if sliced is None else opened.results_with(sliced[0])
    rows = errors.choose_rows(found, wanted)
    if ending == "json":
        body = msgspec.to_builtins(answer_of(lab, record, opened, order))
        body["samples"] = [cell(one) for one in errors.records(found, rows)]
        return Response(msgspec.json.encode(body), media_type="application/json")
    out = io.BytesIO()
    columns = {key: [cell(v) for v in values[rows].tolist()] for key, values in found.items()}
    write_table(out, columns, "csv" if ending == "csv" else "parquet")
    return Response(
        out.getvalue(),
        media_type=MEDIA_TYPES[ending],
        headers=download(f"{record.name} {name}.{ending}"),
    )


def _step(text: str | None, wrong: list[Field]) -> int | None:
    if text is None:
        return None
    if text.removeprefix("-").isdecimal() and len(text) < 19:
        return int(text)
    wrong.append(Field("step", "query", "Expected a whole number."))
    return None


def _one_of(name: str, text: str, known: tuple[Any, ...], wrong: list[Field]) -> Any:
    if text not in known:
        wrong.append(Field(name, "query", f"Expected one of {', '.join(known)}."))
    return text

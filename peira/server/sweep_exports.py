"""The Sweep screens as files: the list of sweeps, and the trials of one."""

from __future__ import annotations

import io
import time
from typing import Any

import msgspec
from litestar import Response
from litestar.datastructures import MultiDict

from peira.lab.export import write_table
from peira.lab.lab import Lab
from peira.server.exports import MEDIA_TYPES, download
from peira.server.follower import revision
from peira.server.problems import Field, RefusedError
from peira.server.sweeps import answer_of, open_sweep, row_of
from peira.sweeps.reading import SweepReading, SweepRow, list_sweeps


def export_sweeps(
    lab: Lab, project: str, ending: str, parameters: MultiDict[Any]
) -> Response[bytes]:
    """Return the sweeps of a project as a file, a row a sweep.

    Raises:
        RefusedError: there is a parameter; it takes none.
    """
    _refuse_any(parameters)
    rows = list_sweeps(lab.root, project)
    if ending == "json":
        body = msgspec.json.encode({"sweeps": [row_of(row) for row in rows]})
        return Response(body, media_type="application/json")
    return _table(list_columns(rows), ending, f"{project} sweeps")


def export_sweep(
    lab: Lab, project: str, name: str, ending: str, parameters: MultiDict[Any]
) -> Response[bytes]:
    """Return a sweep as a file: JSON as the API answers, or a table with a row a trial.

    Raises:
        RefusedError: there is a parameter; it takes none.
        NotFoundError, AmbiguousError: as `open_sweep`.
    """
    _refuse_any(parameters)
    started = time.perf_counter()
    found = open_sweep(lab.root, project, name)
    if ending == "json":
        answer = answer_of(lab.root, found, revision(lab), started)
        return Response(msgspec.json.encode(answer), media_type="application/json")
    return _table(trial_columns(found), ending, found.row.name)


def list_columns(rows: list[SweepRow]) -> dict[str, list[Any]]:
    """Return the columns of the list."""
    columns: dict[str, list[Any]] = {
        name: [getattr(row, name) for row in rows]
        for name in ("id", "name", "state", "what", "sampler", "pruner", "trials", "done")
    }
    columns["space"] = [" ".join(row.space) for row in rows]
    columns["objective"] = [row.objectives[0].text for row in rows]
    columns["direction"] = [row.objectives[0].direction for row in rows]
    columns["best"] = [None if row.best is None else row.best.values[0] for row in rows]
    columns["front"] = [len(row.front) for row in rows]
    columns["best_run"] = [None if row.best is None else row.best.run for row in rows]
    for name in ("created", "last", "worked_s", "budget_s", "by", "why"):
        columns[name] = [getattr(row, name) for row in rows]
    return columns


def trial_columns(found: SweepReading) -> dict[str, list[Any]]:
    """Return the columns of the trials: objectives by their names, params as `params.<name>`."""
    trials = found.trials
    columns: dict[str, list[Any]] = {"trial": trials.number, "state": list(trials.state)}
    for objective, values in zip(found.row.objectives, trials.values, strict=True):
        columns[objective.text] = values
    columns["best_so_far"] = trials.best_so_far
    columns |= {f"params.{name}": list(drawn) for name, drawn in trials.params.items()}
    for name in ("run", "attempt", "source", "started", "ended", "took_s", "ask_s", "reason"):
        columns[name] = getattr(trials, name)
    return columns


def _table(columns: dict[str, list[Any]], ending: str, name: str) -> Response[bytes]:
    out = io.BytesIO()
    write_table(out, columns, "csv" if ending == "csv" else "parquet")
    headers = download(f"{name}.{ending}")
    return Response(out.getvalue(), media_type=MEDIA_TYPES[ending], headers=headers)


def _refuse_any(parameters: MultiDict[Any]) -> None:
    if parameters:
        raise RefusedError(
            "request",
            "The query string does not fit this address.",
            fields=tuple(
                Field(name, "query", "There is no such parameter.") for name in parameters
            ),
        )

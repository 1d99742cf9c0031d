"""What a run gave, read from the lab for a comparison."""

from __future__ import annotations

import io
import re
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peira.core.errors import DamagedError, NotFoundError
from peira.lab.lab import Lab
from peira.lab.runs import RunRecord
from peira.rerun.difference import Curve
from peira.rerun.sides import Outcome
from peira.rerun.verify import Result

PREDICTIONS = "predictions"
"""The type of an artifact that holds predictions, and the column of evaluated samples."""


_EXCEPTION = re.compile(r"([A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt))\b")


def read_result(lab: Lab, run: str) -> Result:
    """Return the metrics, predictions and files that a run gave."""
    record = lab.run(run)
    metrics = {key: read_curve(lab, run, key) for key in record.metrics}
    return Result(metrics, _predictions(lab, record), _files(record))


def read_outcome(lab: Lab, run: str, metric: str | None = None) -> Outcome:
    """Return how a run ended and what it gave; of its metrics only one, when it is named."""
    record = lab.run(run)
    if metric is None:
        return Outcome(read_result(lab, run), error_of(record))
    known = {metric: read_curve(lab, run, metric)} if metric in record.metrics else {}
    return Outcome(Result(known), error_of(record))


def error_of(record: RunRecord) -> str:
    """Return the kind of error that a run failed of: the exception's name, where it is known, else
    the exit code. Empty for a run that did not fail.
    """
    if record.state not in ("failed", "killed"):
        return ""
    end = record.end or {}
    if end.get("error"):
        return str(end["error"].get("type"))
    found = _EXCEPTION.match(last_line(record))
    return found[1] if found else f"exit code {end.get('exit_code')}"


def last_line(record: RunRecord) -> str:
    """Return the last line that a run printed."""
    return "".join(record.console(tail=4_000).text.strip().splitlines()[-1:])


def read_curve(lab: Lab, run: str, key: str) -> Curve:
    """Return one metric. What several processes logged is put in order of steps and values: their
    clocks would tell another order each time.
    """
    series = lab.series(run, key)
    if len(series.parts) < 2:
        return Curve(series.steps, series.values)
    order = np.lexsort((series.values, series.steps))
    return Curve(series.steps[order], series.values[order])


def _predictions(lab: Lab, record: RunRecord) -> dict[str, NDArray[Any]]:
    found: dict[str, NDArray[Any]] = {}
    for artifact in record.artifacts():
        if artifact.role == "made" and artifact.type == PREDICTIONS:
            for file in artifact.files:
                values = _array(lab, file.object, file.path)
                if values is not None:
                    found[f"{artifact.name}/{file.path}"] = values
    for evaluation in record.evaluations():
        values = None if evaluation.samples is None else _predicted(lab, evaluation.samples)
        if values is not None:
            found[evaluation.name] = values
    return found


def _array(lab: Lab, digest: str, name: str) -> NDArray[Any] | None:
    """Return a file of predictions: a NumPy array, else its lines. None when it is not there."""
    try:
        data = lab.objects.read(digest)
    except (NotFoundError, DamagedError):
        return None
    if PurePath(name).suffix == ".npy":
        try:
            return np.asarray(np.load(io.BytesIO(data), allow_pickle=False))
        except ValueError:
            pass  # an array of objects: its bytes are compared
    return np.array(data.splitlines() or [b""])


def _predicted(lab: Lab, digest: str) -> NDArray[Any] | None:
    """Return the column `predicted` of evaluated samples, as texts."""
    import duckdb

    from peira.lab.duck import cursor

    question = "SELECT CAST(predicted AS VARCHAR) FROM read_parquet(?)"
    try:
        lab.objects.open(digest).close()  # it is whole
        with cursor() as asked:
            rows = asked.execute(question, [str(lab.objects.path(digest))]).fetchall()
    except (NotFoundError, DamagedError, duckdb.Error):
        return None
    return np.array([row[0] or "" for row in rows])


def _files(record: RunRecord) -> dict[str, str]:
    """Return digests of the files that the run made: artifacts, and output files by their path
    below the project's folder.
    """
    found = {
        f"{artifact.name}/{file.path}": file.object
        for artifact in record.artifacts()
        if artifact.role == "made"
        for file in artifact.files
    }
    outputs = record.files("output").values()
    return found | {
        file.path: file.object
        for file in outputs
        if file.object is not None and file.is_sure and not file.path.startswith("/")
    }

"""Leaderboards of AutoML (FLAML, H2O, AutoGluon, …): a table with a row a model, recorded as a
sweep whose trials are runs.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

from peira.core.direction import guess_direction
from peira.core.errors import UsageError
from peira.core.text import printable
from peira.lab.place import find
from peira.sweeps.definition import Direction, Objective
from peira.sweeps.domain import Constant
from peira.sweeps.folder import SweepFolder
from peira.sweeps.foreign import (
    ForeignRecord,
    ForeignSweep,
    ForeignTrial,
    foreign_sweep,
    plain_value,
    space_of,
)

_MODEL_COLUMNS = ("model", "model_id", "name", "learner", "estimator", "id")


def record_leaderboard(
    table: Any,
    *,
    minimize: str | None = None,
    maximize: str | None = None,
    name: str | None = None,
    project: str | None = None,
    why: str | None = None,
    lab: str | os.PathLike[str] | None = None,
) -> SweepFolder:
    """Record a leaderboard as a sweep; the same table again adds nothing.

    Columns of numbers become metrics, all others (and a column named `params` or `config` that
    holds mappings) become params. The column of the model's name names the run.

    Args:
        table: a pandas or Polars DataFrame, an H2OFrame, a list of mappings, or a mapping of
            columns.
        minimize, maximize: the column that the models are ranked by; one of both.

    Raises:
        UsageError: there is no such column, or nothing in it.

    >>> import tempfile
    >>> rows = [{"model_id": "gbm", "auc": 0.93}, {"model_id": "glm", "auc": 0.88}]
    >>> record_leaderboard(rows, maximize="auc", lab=tempfile.mkdtemp()).read().objective.metric
    'auc'
    """
    rows = _rows(table)
    if not rows:
        raise UsageError("The leaderboard has no rows.")
    metric, direction = _objective(rows, minimize, maximize)
    model = next((c for c in _MODEL_COLUMNS if any(c in row for row in rows)), None)
    trials = [_trial(i, row, metric, model) for i, row in enumerate(rows)]
    params = [trial.params for trial in trials]
    if not any(params):
        raise UsageError(
            "The leaderboard has numbers only: nothing says what the models are.",
            hint="Add a column `model` with their names.",
        )
    space = space_of(params)
    if all(isinstance(p.domain, Constant) for p in space.params) and len(rows) > 1:
        raise UsageError("All rows of the leaderboard describe the same model.")
    text = repr([sorted((str(k), str(v)) for k, v in row.items()) for row in rows])
    folder = foreign_sweep(
        find(lab),
        ForeignSweep(
            key=f"leaderboard {name} {blake2b(text.encode(), digest_size=12).hexdigest()}",
            objectives=(Objective(metric=metric, direction=direction),),
            space=space,
            what="leaderboard",
            name=name,
            project=project,
            why=why,
        ),
    )
    record = ForeignRecord(folder)
    for trial in trials:
        record.add(trial)
    return folder


def _rows(table: Any) -> list[dict[str, Any]]:
    if hasattr(table, "as_data_frame"):  # H2O
        table = table.as_data_frame()
    if hasattr(table, "to_dicts"):  # Polars
        table = table.to_dicts()
    elif hasattr(table, "to_dict") and hasattr(table, "columns"):  # pandas
        table = table.to_dict("records")
    if isinstance(table, Mapping):
        columns = {str(name): list(values) for name, values in table.items()}
        lengths = {len(values) for values in columns.values()}
        if len(lengths) > 1:
            raise UsageError("The columns of the leaderboard have different lengths.")
        return [{n: v[i] for n, v in columns.items()} for i in range(next(iter(lengths), 0))]
    if isinstance(table, Sequence) and all(isinstance(row, Mapping) for row in table):
        return [{str(k): v for k, v in row.items()} for row in table]
    raise UsageError(
        f"A {type(table).__name__} is no leaderboard.",
        hint="Give a DataFrame, an H2OFrame, a list of mappings or a mapping of columns.",
    )


def _objective(
    rows: Sequence[Mapping[str, Any]], minimize: str | None, maximize: str | None
) -> tuple[str, Direction]:
    if (minimize is None) == (maximize is None):
        numbers = [n for n, v in rows[0].items() if _number(v) is not None]
        guess = next((n for n in numbers if guess_direction(n)), numbers[0] if numbers else "auc")
        word = "minimize" if guess_direction(guess) == "min" else "maximize"
        raise UsageError(
            "By which column are the models ranked?", hint=f'Say one: {word}="{guess}".'
        )
    metric = minimize if minimize is not None else maximize
    assert metric is not None
    if not any(_number(row.get(metric)) is not None for row in rows):
        columns = ", ".join(printable(str(name)) for name in rows[0])
        raise UsageError(
            f"The leaderboard has no numbers in {printable(metric)}.", hint=f"Columns: {columns}."
        )
    return metric, "minimize" if minimize is not None else "maximize"


def _trial(number: int, row: Mapping[str, Any], metric: str, model: str | None) -> ForeignTrial:
    params: dict[str, Any] = {}
    metrics: dict[str, float] = {}
    for column, value in row.items():
        found = _number(value)
        if column == metric:
            continue
        if found is not None:
            if math.isfinite(found):
                metrics[column] = found
        elif isinstance(value, Mapping):
            params |= {str(k): plain_value(v) for k, v in value.items()}
        elif value is not None:
            params[column] = plain_value(value)
    score = _number(row.get(metric))
    return ForeignTrial(
        number=number,
        params=params,
        values=(score,) if score is not None else (),
        state="complete" if score is not None else "failed",
        metrics=metrics,
        name=str(row[model])[:100] if model is not None and row.get(model) else None,
        reason="" if score is not None else f"the leaderboard has no {metric} of it",
    )


def _number(value: Any) -> float | None:
    if value is None or isinstance(value, bool | str | bytes | Mapping):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None

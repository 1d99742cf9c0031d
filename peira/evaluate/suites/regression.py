"""Regression, by scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sklearn import metrics as sk

from peira.evaluate.answers import Answers, Task
from peira.evaluate.suites._base import Metric


def suite(task: Task) -> tuple[Metric, ...]:
    """Return the metrics of `regression`."""
    return _SUITE


def _of(function: Callable[..., Any]) -> Callable[[Answers], float]:
    return lambda answers: float(function(answers.true, answers.predicted))


def _max_error(answers: Answers) -> float:
    return float(abs(answers.true - answers.predicted).max())


_SUITE = (
    Metric("mae", "sklearn mean_absolute_error", "min", _of(sk.mean_absolute_error)),
    Metric("rmse", "root of sklearn mean_squared_error", "min",
           lambda answers: _of(sk.mean_squared_error)(answers) ** 0.5),
    Metric("r2", "sklearn r2_score", "max", _of(sk.r2_score)),
    Metric("median_absolute_error", "sklearn median_absolute_error", "min",
           _of(sk.median_absolute_error)),
    Metric("max_error", "largest absolute difference", "min", _max_error),
    Metric("explained_variance", "sklearn explained_variance_score", "max",
           _of(sk.explained_variance_score)),
)  # fmt: skip

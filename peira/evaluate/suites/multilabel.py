"""Several labels an example, by scikit-learn."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import metrics as sk

from peira.evaluate.answers import Answers, Task
from peira.evaluate.suites._base import Metric


def suite(task: Task) -> tuple[Metric, ...]:
    """Return the metrics of `multilabel`."""
    return _SUITE


def _of_labels(function: Callable[..., Any], **options: Any) -> Callable[[Answers], float]:
    return lambda answers: float(function(answers.true, answers.predicted, **options))


def _macro(function: Callable[..., Any]) -> Callable[[Answers], float]:
    """Mean over the classes that have both kinds of examples."""

    def compute(answers: Answers) -> float:
        assert answers.scores is not None
        each = [
            function(answers.true[:, c], answers.scores[:, c])
            for c in range(answers.true.shape[1])
            if len(np.unique(answers.true[:, c])) == 2
        ]
        return float(np.mean(each)) if each else math.nan

    return compute


_SUITE = (
    Metric("subset_accuracy", "share of examples with all labels right", "max",
           _of_labels(sk.accuracy_score)),
    Metric("hamming_loss", "sklearn hamming_loss", "min", _of_labels(sk.hamming_loss)),
    *(
        Metric(f"{name}_{average}", f"sklearn {name}_score, {average}", "max",
               _of_labels(function, average=average, zero_division=0))
        for average in ("micro", "macro")
        for name, function in (
            ("precision", sk.precision_score), ("recall", sk.recall_score), ("f1", sk.f1_score)
        )
    ),
    Metric("auroc", "sklearn roc_auc_score, macro over the classes with both kinds", "max",
           _macro(sk.roc_auc_score), True),
    Metric("average_precision", "sklearn average_precision_score, macro over the same", "max",
           _macro(sk.average_precision_score), True),
)  # fmt: skip

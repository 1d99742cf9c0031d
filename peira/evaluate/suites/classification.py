"""Binary and multi-class classification, by scikit-learn."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import metrics as sk

from peira.evaluate.answers import Answers, Task, is_probability
from peira.evaluate.suites._base import Metric
from peira.evaluate.suites.areas import average_precision, roc_auc

TOP = 5
BINS = 15


def suite(task: Task) -> tuple[Metric, ...]:
    """Return the metrics of `binary` or `multiclass`."""
    return _BINARY if task == "binary" else _MULTICLASS


def _accuracy(answers: Answers) -> float:
    return float(np.mean(answers.true == answers.predicted)) if len(answers) else math.nan


def _balanced_accuracy(answers: Answers) -> float:
    if not len(answers):
        return math.nan
    labels = np.unique(answers.true)
    return float(sk.recall_score(answers.true, answers.predicted, labels=labels, average="macro"))


def _agreement(function: Callable[..., Any]) -> Callable[[Answers], float]:
    """A measure of agreement beyond chance, which one label alone does not define."""

    def compute(answers: Answers) -> float:
        if len(np.union1d(answers.true, answers.predicted)) < 2:
            return math.nan
        return float(function(answers.true, answers.predicted))

    return compute


def _averaged(function: Callable[..., Any], average: str) -> Callable[[Answers], float]:
    def compute(answers: Answers) -> float:
        if not len(answers):
            return math.nan
        there = np.union1d(answers.true, answers.predicted)
        options: dict[str, Any] = {"labels": there, "zero_division": 0}
        if average == "binary":
            if len(answers.classes) < 2:
                return math.nan
            options = {"pos_label": answers.classes[1], "zero_division": 0}
        return float(function(answers.true, answers.predicted, average=average, **options))

    return compute


def _auroc(answers: Answers) -> float:
    codes, seen = _codes(answers)
    assert answers.scores is not None
    if len(seen) < 2:
        return math.nan
    if answers.task == "binary":
        return float(sk.roc_auc_score(codes == 1, answers.scores[:, 1]))
    each = [roc_auc(codes == c, answers.scores[:, c]) for c in seen]
    return float(np.mean(each))


def _average_precision(answers: Answers) -> float:
    codes, seen = _codes(answers)
    assert answers.scores is not None
    if answers.task == "binary":
        if 1 not in seen:
            return math.nan
        return float(sk.average_precision_score(codes == 1, answers.scores[:, 1]))
    each = [average_precision(codes == c, answers.scores[:, c]) for c in seen]
    return float(np.mean(each)) if each else math.nan


def _codes(answers: Answers) -> tuple[Any, list[int]]:
    """Return the place of each true label among the classes, and the places that occur."""
    place = {label: code for code, label in enumerate(answers.classes)}
    codes = np.array([place[label] for label in answers.true.tolist()], dtype=int)
    return codes, sorted(set(codes.tolist()))


def _log_loss(answers: Answers) -> float:
    codes, _ = _codes(answers)
    assert answers.scores is not None
    if not is_probability(answers.scores) or len(codes) == 0:
        return math.nan
    right = answers.scores[np.arange(len(codes)), codes]
    return float(-np.log(np.clip(right, np.finfo(float).eps, 1)).mean())


def _brier(answers: Answers) -> float:
    codes, _ = _codes(answers)
    assert answers.scores is not None
    if not is_probability(answers.scores) or len(codes) == 0:
        return math.nan
    # The sum of squared differences from 0, and from 1 in the true class.
    right = answers.scores[np.arange(len(codes)), codes]
    squares = np.einsum("ij,ij->i", answers.scores, answers.scores) - 2 * right + 1
    return float(squares.mean() / (2 if answers.task == "binary" else 1))


def calibration_error(answers: Answers) -> float:
    """Return the expected calibration error of the predicted class: 15 bins of equal width.

    Source: Guo et al. 2017, "On calibration of modern neural networks", arXiv:1706.04599.
    """
    codes, _ = _codes(answers)
    assert answers.scores is not None
    if not is_probability(answers.scores) or len(codes) == 0:
        return math.nan
    sure = answers.scores.max(axis=1)
    right = answers.scores.argmax(axis=1) == codes
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    gaps = [abs(right[bins == b].mean() - sure[bins == b].mean()) * (bins == b).sum()
            for b in set(bins.tolist())]  # fmt: skip
    return float(sum(gaps) / len(codes))


def _top(answers: Answers) -> float:
    codes, _ = _codes(answers)
    assert answers.scores is not None
    if answers.scores.shape[1] <= TOP or len(codes) == 0:
        return math.nan
    best = np.argpartition(-answers.scores, TOP, axis=1)[:, :TOP]
    return float((best == codes[:, None]).any(axis=1).mean())


_SHARED = (
    Metric("accuracy", "share of examples of the right class", "max", _accuracy),
    Metric(
        "balanced_accuracy", "sklearn recall_score, macro over the labels that occur", "max",
        _balanced_accuracy,
    ),
    Metric("mcc", "sklearn matthews_corrcoef", "max", _agreement(sk.matthews_corrcoef)),
    Metric("log_loss", "mean of -log of the true class's probability", "min", _log_loss, True,
           True),
    Metric("auroc", "sklearn roc_auc_score; several classes: one against the rest, macro over"
           " the classes that occur", "max", _auroc, True),
    Metric("average_precision", "sklearn average_precision_score; several classes: macro over the"
           " classes that occur", "max", _average_precision, True),
    Metric("calibration_error", "expected calibration error, 15 bins of equal width", "min",
           calibration_error, True, True),
)  # fmt: skip

_BINARY = (
    *_SHARED,
    Metric("precision", "sklearn precision_score of the second class", "max",
           _averaged(sk.precision_score, "binary")),
    Metric("recall", "sklearn recall_score of the second class", "max",
           _averaged(sk.recall_score, "binary")),
    Metric("f1", "sklearn f1_score of the second class", "max", _averaged(sk.f1_score, "binary")),
    Metric("brier", "mean squared difference of probability and outcome", "min", _brier, True,
           True),
)  # fmt: skip

_MULTICLASS = (
    *_SHARED,
    *(
        Metric(f"{name}_{average}", f"sklearn {name}_score, {average} over the classes"
               " that occur or were predicted", "max",
               _averaged(function, average))
        for average in ("macro", "weighted")
        for name, function in (
            ("precision", sk.precision_score), ("recall", sk.recall_score), ("f1", sk.f1_score)
        )
    ),
    Metric("kappa", "sklearn cohen_kappa_score", "max", _agreement(sk.cohen_kappa_score)),
    Metric("brier", "sum over classes of squared differences, mean", "min", _brier, True,
           True),
    Metric(f"top{TOP}_accuracy", f"true class among the {TOP} highest scores", "max", _top, True,
           classes_min=TOP + 1),
)  # fmt: skip

"""Segmentation: the class of every pixel, counted in one confusion matrix of pixels."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peira.evaluate.answers import Answers, Task
from peira.evaluate.suites._base import Metric

NAMED_MAX = 100
"""With more classes no number is told of each."""


def suite(task: Task) -> tuple[Metric, ...]:
    """Return the metrics of `segmentation`."""
    return _SUITE


def pixels(answers: Answers) -> NDArray[np.int64]:
    """Return how many pixels of each true class were given each class, (classes, classes)."""
    classes = np.asarray(answers.classes)
    order = np.argsort(classes)
    true = order[np.searchsorted(classes[order], answers.true.ravel())]
    predicted = order[np.searchsorted(classes[order], answers.predicted.ravel())]
    flat = np.bincount(true * len(classes) + predicted, minlength=len(classes) ** 2)
    return flat.reshape(len(classes), len(classes))


def overlaps(answers: Answers) -> NDArray[Any]:
    """Return intersection over union of each class; NaN of one that is nowhere."""
    counts = pixels(answers)
    both = np.diag(counts)
    either = counts.sum(axis=0) + counts.sum(axis=1) - both
    with np.errstate(invalid="ignore"):
        found: NDArray[Any] = both / either
    return found


def of_each_class(answers: Answers) -> dict[str, float]:
    """Return `iou/<class>` of the classes that occur; nothing when there are too many."""
    if len(answers.classes) > NAMED_MAX:
        return {}
    found = zip(answers.classes, overlaps(answers).tolist(), strict=True)
    return {f"iou/{label}": value for label, value in found if not math.isnan(value)}


def _of_pixels(one: Callable[[NDArray[np.int64]], float]) -> Callable[[Answers], float]:
    return lambda answers: one(pixels(answers)) if answers.true.size else math.nan


def _dice(answers: Answers) -> float:
    found = overlaps(answers)
    return float(np.nanmean(2 * found / (1 + found)))


_SUITE = (
    Metric("mean_iou", "intersection over union, mean over the classes that occur; iou/<class> of"
           " each", "max",
           lambda answers: float(np.nanmean(overlaps(answers)))),
    Metric("dice", "2 iou / (1 + iou), mean over the classes that occur", "max", _dice),
    Metric("pixel_accuracy", "share of pixels of the right class", "max",
           _of_pixels(lambda counts: float(np.trace(counts) / counts.sum()))),
)  # fmt: skip

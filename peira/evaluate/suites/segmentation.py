"""Segmentation: the class of every pixel, counted in one confusion matrix of pixels.

Pixels whose true class is below 0, or none of the classes that were named (255 of many data sets),
are left out: nobody said what they are.
"""

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


def codes(answers: Answers) -> list[int]:
    """Return the whole numbers that stand for the classes: their places, when they have names."""
    has_names = all(isinstance(label, str) for label in answers.classes)
    return list(range(len(answers.classes))) if has_names else answers.classes


def counts_of(answers: Answers, picture: int | None = None) -> NDArray[np.int64]:
    """Return how many pixels of each true class were given each class, (classes, classes): of all
    pictures, or of one. Pixels whose true class is none of the classes are left out.
    """
    wanted = answers.true if picture is None else answers.true[picture]
    given = answers.predicted if picture is None else answers.predicted[picture]
    known = np.array(codes(answers), dtype=np.int64)
    is_known = np.isin(wanted, known)
    order = np.argsort(known)
    true = order[np.searchsorted(known[order], wanted[is_known])]
    predicted = order[np.searchsorted(known[order], given[is_known])]
    flat = np.bincount(true * len(known) + predicted, minlength=len(known) ** 2)
    return flat.reshape(len(known), len(known))


def overlaps(answers: Answers) -> NDArray[Any]:
    """Return intersection over union of each class; NaN of one that is nowhere."""
    counts = counts_of(answers)
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
    def compute(answers: Answers) -> float:
        counts = counts_of(answers)
        return one(counts) if counts.sum() else math.nan

    return compute


def _dice(answers: Answers) -> float:
    found = overlaps(answers)
    return _mean(2 * found / (1 + found))


def _mean(values: NDArray[Any]) -> float:
    """Return the mean of the values that there are; NaN when there is none."""
    return math.nan if np.isnan(values).all() else float(np.nanmean(values))


_SUITE = (
    Metric("mean_iou", "intersection over union, mean over the classes that occur; iou/<class> of"
           " each; pixels that are truly of no class are left out", "max",
           lambda answers: _mean(overlaps(answers))),
    Metric("dice", "2 iou / (1 + iou), mean over the classes that occur", "max", _dice),
    Metric("pixel_accuracy", "share of pixels of the right class, of those of a class", "max",
           _of_pixels(lambda counts: float(np.trace(counts) / counts.sum()))),
)  # fmt: skip

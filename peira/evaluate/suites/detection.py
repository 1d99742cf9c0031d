"""Object detection: average precision as COCO defines it, boxes of all areas.

True and predicted boxes of a picture are `{"boxes": [[left, top, right, bottom], …], "labels": […],
"scores": […]}`; true ones may have `crowd`, a list of booleans, in place of scores.

Computed with NumPy, and tested against pycocotools, whose COCOeval prints while it works and wants
its own kind of file.

Source: COCOeval of pycocotools 2.0, `accumulate`; https://cocodataset.org/#detection-eval
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from peira.evaluate.answers import Answers, Task
from peira.evaluate.boxes import match, pairs
from peira.evaluate.suites._base import Metric

THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)
BOXES_MAX = 100
"""So many of the best boxes of a class in a picture count."""
CLASSES_MAX = 100
"""With at most so many classes the average precision of each is told."""


class Found(NamedTuple):
    """What a class came to at each threshold."""

    precision: NDArray[np.float64]
    """Average precision, (thresholds,)."""
    recall: NDArray[np.float64]


def suite(task: Task) -> tuple[Metric, ...]:
    """Return the metrics of `detection`."""
    return _SUITE


def compute(answers: Answers) -> dict[str, float]:
    """Return all metrics from one matching of the boxes, with `ap/<class>` of each class that
    occurs among the true boxes, when there are at most `CLASSES_MAX`.
    """
    classes = per_class(answers)
    found = {"map": math.nan, "ap_50": math.nan, "ap_75": math.nan, "recall_100": math.nan}
    if classes:
        precision = np.array([own.precision for own in classes.values()])
        found = {
            "map": float(precision.mean()),
            "ap_50": float(precision[:, 0].mean()),
            "ap_75": float(precision[:, 5].mean()),
            "recall_100": float(np.mean([own.recall for own in classes.values()])),
        }
    if len(classes) <= CLASSES_MAX:
        found |= {f"ap/{label}": float(own.precision.mean()) for label, own in classes.items()}
    return found


def per_class(answers: Answers) -> dict[Any, Found]:
    """Return precision and recall of each class that occurs among the true boxes."""
    counts: dict[Any, int] = {}
    parts: dict[Any, list[tuple[NDArray[Any], ...]]] = {}
    for true, predicted in zip(answers.true, answers.predicted, strict=True):
        for label, wanted, given in pairs(true, predicted):
            best = given.first(BOXES_MAX)
            counts[label] = counts.get(label, 0) + int((~wanted.is_crowd).sum())
            matches = match(best, wanted, THRESHOLDS)
            parts.setdefault(label, []).append((best.scores, *matches))
    return {
        label: _found(parts[label], counts[label])
        for label in sorted(parts, key=str)
        if counts[label]
    }


def _found(parts: list[tuple[NDArray[Any], ...]], count: int) -> Found:
    """Return what `count` true boxes and the predicted ones of all pictures come to."""
    scores, is_right, is_ignored = (
        np.concatenate(each, axis=-1) for each in zip(*parts, strict=True)
    )
    order = np.argsort(-scores, kind="stable")
    right = (is_right & ~is_ignored)[:, order].cumsum(axis=1)
    wrong = (~is_right & ~is_ignored)[:, order].cumsum(axis=1)
    if not len(scores):
        return Found(np.zeros(len(THRESHOLDS)), np.zeros(len(THRESHOLDS)))
    recall = right / count
    precision = right / (right + wrong + np.spacing(1))
    best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]  # at this recall or more
    best = np.hstack([best, np.zeros((len(best), 1))])  # beyond the last recall
    places = [np.searchsorted(own, RECALLS, side="left") for own in recall]
    average = [own[place].mean() for own, place in zip(best, places, strict=True)]
    return Found(np.array(average), recall[:, -1])


def _named(name: str) -> Callable[[Answers], float]:
    return lambda answers: compute(answers)[name]


_SUITE = (
    Metric("map", "COCO AP: 101 recalls, IoU .50:.05:.95, all areas, 100 boxes; mean over classes",
           "max", _named("map")),
    Metric("ap_50", "the same at IoU .50", "max", _named("ap_50")),
    Metric("ap_75", "the same at IoU .75", "max", _named("ap_75")),
    Metric("recall_100", "COCO AR at 100 boxes a picture, IoU .50:.05:.95, all areas", "max",
           _named("recall_100")),
)  # fmt: skip

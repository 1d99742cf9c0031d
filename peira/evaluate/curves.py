"""Curves of scores: ROC, precision and recall, calibration, and what a threshold comes to.

Every point of a curve is exact. A curve of more than `POINTS_MAX` points keeps its corners and
says that it was thinned.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

POINTS_MAX = 1_000
BINS = 15


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """Points of a curve with the threshold of each; `area` is over all points."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    area: float
    is_thinned: bool = False


def roc(positive: NDArray[np.bool_], scores: NDArray[np.floating]) -> Curve | None:
    """Return false positive rate (x) against true positive rate (y); None when only one kind of
    example is there.
    """
    if positive.all() or not positive.any():
        return None
    given, right, thresholds = _falling(positive, scores)
    x, y = (given - right) / (~positive).sum(), right / positive.sum()
    x, y = np.concatenate([[0.0], x]), np.concatenate([[0.0], y])
    # Points between two corners say nothing: the curve is the same without them.
    is_corner = np.ones(len(x), dtype=bool)
    is_corner[1:-1] = (np.diff(x, 2) != 0) | (np.diff(y, 2) != 0)
    area = float(np.sum(np.diff(x) * (y[1:] + y[:-1])) / 2)
    thresholds = np.concatenate([[np.nan], thresholds])
    return _thinned(x[is_corner], y[is_corner], thresholds[is_corner], area)


def precision_recall(positive: NDArray[np.bool_], scores: NDArray[np.floating]) -> Curve | None:
    """Return recall (x) against precision (y); `area` is the average precision. None when no
    example is positive.
    """
    if not positive.any():
        return None
    given, right, thresholds = _falling(positive, scores)
    precision, recall = right / given, right / positive.sum()
    area = float(np.sum(np.diff(recall, prepend=0.0) * precision))
    # From the lowest threshold up, to the end where nothing is taken for positive.
    return _thinned(
        np.append(recall[::-1], 0.0),
        np.append(precision[::-1], 1.0),
        np.append(thresholds[::-1], np.nan),
        area,
    )


def _falling(
    positive: NDArray[np.bool_], scores: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return, for each score as a threshold from the highest down, how many examples are taken for
    positive, how many of them rightly, and the threshold.
    """
    order = np.argsort(-scores, kind="stable")
    falling = scores[order].astype(float)
    last = np.append(np.flatnonzero(np.diff(falling)), len(falling) - 1)
    right = np.cumsum(positive[order])[last]
    return (last + 1).astype(float), right.astype(float), falling[last]


def _thinned(
    x: NDArray[np.float64], y: NDArray[np.float64], thresholds: NDArray[np.float64], area: float
) -> Curve:
    if len(x) <= POINTS_MAX:
        return Curve(x=x, y=y, thresholds=thresholds, area=area)
    # A step curve is its corners: take those that are furthest apart along the curve.
    length = np.concatenate([[0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
    wanted = np.searchsorted(length, np.linspace(0, length[-1], POINTS_MAX))
    kept = np.unique(np.clip(wanted, 0, len(x) - 1))
    return Curve(x=x[kept], y=y[kept], thresholds=thresholds[kept], area=area, is_thinned=True)


class CalibrationBin(msgspec.Struct, frozen=True, kw_only=True):
    """Examples whose score lies between `low` and `high`: how sure, and how often right."""

    low: float
    high: float
    count: int
    score: float
    right: float


def calibration(
    right: NDArray[np.bool_], scores: NDArray[np.floating], bins: int = BINS
) -> list[CalibrationBin]:
    """Return the reliability diagram: bins of equal width over 0 to 1, empty ones left out.

    Source: Guo et al. 2017, arXiv:1706.04599.
    """
    place = np.clip((scores * bins).astype(int), 0, bins - 1)
    return [
        CalibrationBin(
            low=b / bins,
            high=(b + 1) / bins,
            count=int((place == b).sum()),
            score=float(scores[place == b].mean()),
            right=float(right[place == b].mean()),
        )
        for b in range(bins)
        if (place == b).any()
    ]


class AtThreshold(msgspec.Struct, frozen=True, kw_only=True):
    """What deciding "positive" from this score on comes to."""

    threshold: float
    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int
    precision: float | None
    recall: float | None
    f1: float | None
    accuracy: float


def at_threshold(
    positive: NDArray[np.bool_], scores: NDArray[np.floating], threshold: float
) -> AtThreshold:
    """Return the four counts, and what follows, of the decision `score >= threshold`."""
    given = scores >= threshold
    tp, fp = int((given & positive).sum()), int((given & ~positive).sum())
    fn, tn = int((~given & positive).sum()), int((~given & ~positive).sum())
    return AtThreshold(
        threshold=threshold, true_positive=tp, false_positive=fp, false_negative=fn,
        true_negative=tn,
        precision=tp / (tp + fp) if tp + fp else None,
        recall=tp / (tp + fn) if tp + fn else None,
        f1=2 * tp / (2 * tp + fp + fn) if tp + fp + fn else None,
        accuracy=(tp + tn) / max(1, len(positive)),
    )  # fmt: skip

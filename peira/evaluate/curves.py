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
    from sklearn.metrics import auc, roc_curve

    if positive.all() or not positive.any():
        return None
    x, y, thresholds = roc_curve(positive, scores, drop_intermediate=True)
    return _thinned(x, y, np.where(np.isinf(thresholds), np.nan, thresholds), float(auc(x, y)))


def precision_recall(positive: NDArray[np.bool_], scores: NDArray[np.floating]) -> Curve | None:
    """Return recall (x) against precision (y); `area` is the average precision. None when no
    example is positive.
    """
    from sklearn.metrics import average_precision_score, precision_recall_curve

    if not positive.any():
        return None
    precision, recall, thresholds = precision_recall_curve(positive, scores)
    area = float(average_precision_score(positive, scores))
    return _thinned(recall, precision, np.append(thresholds, np.nan), area)


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

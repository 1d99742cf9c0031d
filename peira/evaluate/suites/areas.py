"""Areas under curves without the curve: equal to scikit-learn's, and fast enough for 1,000 classes,
each against the rest.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def roc_auc(positive: NDArray[np.bool_], scores: NDArray[np.floating]) -> float:
    """Return the area under the ROC curve: how often a positive example has the higher score; equal
    scores count half. Both kinds of examples must occur.

    >>> roc_auc(np.array([True, False, True]), np.array([0.9, 0.5, 0.5]))
    0.75
    """
    rising, own = np.sort(scores), scores[positive]
    below = np.searchsorted(rising, own, side="left")
    upto = np.searchsorted(rising, own, side="right")
    count = len(own)
    ranks = float((below + upto + 1).sum()) / 2
    return (ranks - count * (count + 1) / 2) / (count * (len(scores) - count))


def average_precision(positive: NDArray[np.bool_], scores: NDArray[np.floating]) -> float:
    """Return the mean, over positive examples, of the precision at their score. One must occur.

    >>> round(average_precision(np.array([True, False, True]), np.array([0.9, 0.7, 0.5])), 4)
    0.8333
    """
    rising, own = np.sort(scores), np.sort(scores[positive])
    taken = len(scores) - np.searchsorted(rising, own, side="left")
    right = len(own) - np.searchsorted(own, own, side="left")
    return float((right / taken).mean())

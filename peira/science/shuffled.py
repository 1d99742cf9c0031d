"""How good the best so far would have been, had the trials come in another order.

A curve of the best so far is one draw of luck: the same trials, shuffled, give another one. Here is
the range in which it lies after k of n trials over all orders. With n values seen, the best of k is
the i-th worst or a worse one in C(i, k) of C(n, k) draws, so that no shuffling is needed.

Source: SCIENCE 1.8; the mean is `expected_best` of selection.py (Tang et al. 2020).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray


def best_between(
    values: ArrayLike, counts: Sequence[int], *, highest: bool = True, share: float = 0.9
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lower and the upper end of the range of the best of k trials, a value a count.

    Args:
        values: the result of each trial, in any order; NaN is a trial that gave nothing, the worst.
        counts: numbers of trials, each from 1 to n.
        highest: whether more is better.
        share: how much of all orders lies in the range.

    >>> low, high = best_between([0.7, 0.8, 0.9], [1, 3])
    >>> low.tolist(), high.tolist()
    ([0.7, 0.9], [0.9, 0.9])
    """
    found = np.asarray(values, dtype=np.float64).ravel()
    found = np.where(np.isnan(found), -np.inf if highest else np.inf, found)
    ordered = np.sort(found) if highest else -np.sort(-found)  # worst first
    n = len(ordered)
    assert all(1 <= k <= n for k in counts)
    log = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])  # log 0!, … log n!
    ends = []
    for part in ((1 - share) / 2, (1 + share) / 2):
        at = []
        for k in counts:
            rank = np.arange(k, n + 1)
            # The probability that all k are among the `rank` worst.
            below = np.exp(log[rank] - log[rank - k] - log[n] + log[n - k])
            at.append(ordered[rank[int(np.searchsorted(below, part - 1e-12))] - 1])
        ends.append(np.array(at))
    low, high = ends
    return (low, high) if highest else (high, low)

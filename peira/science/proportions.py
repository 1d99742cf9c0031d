"""Intervals for a share: how well `n` examples can tell an accuracy."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

from peira.lab.student import beta_share


def z_value(level: float) -> float:
    """Return the normal quantile that leaves `level` above it.

    >>> round(z_value(0.025), 2)
    1.96
    """
    assert 0 < level < 1
    return -NormalDist().inv_cdf(level)  # 1 - level would be 1 at a very small one


def wilson(share: float, n: float, level: float = 0.025) -> tuple[float, float]:
    """Return the score interval of a share seen in `n` examples (an effective number need not be
    whole), each end wrong with probability `level`.

    >>> [round(end, 4) for end in wilson(0.975, 1_000)]
    [0.9634, 0.983]

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    assert 0 <= share <= 1 and n > 0
    z2 = z_value(level) ** 2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    return max(0.0, middle - half), min(1.0, middle + half)


@lru_cache(maxsize=4_096)
def clopper_pearson(right: int, n: int, level: float = 0.025) -> tuple[float, float]:
    """Return the exact interval of a share: `right` of `n`, each end wrong with probability at most
    `level`.

    >>> [round(end, 4) for end in clopper_pearson(990, 1_000)]
    [0.9817, 0.9952]

    Source: Clopper and Pearson 1934, "The use of confidence or fiducial limits".
    """
    assert 0 <= right <= n and n > 0
    lower = 0.0 if right == 0 else _beta_quantile(level, right, n - right + 1)
    # From the other end: 1 - level would be 1 at a very small one.
    upper = 1.0 if right == n else 1.0 - _beta_quantile(level, n - right, right + 1)
    return lower, upper


def _beta_quantile(probability: float, a: float, b: float) -> float:
    low, high = 0.0, 1.0
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return middle
        if beta_share(middle, a, b) < probability:
            low = middle
        else:
            high = middle

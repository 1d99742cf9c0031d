"""Student's t distribution: the quantile behind the intervals of group means.

The distribution function is the regularised incomplete beta function, by its continued fraction
(Lentz's method); the quantile is found by bisection on it, so it is right to the last few bits for
every whole number of degrees of freedom.

Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.5.8 and 26.7.1.
"""

from __future__ import annotations

import math
from functools import lru_cache

_TERMS_MAX = 10_000
_TINY = 1e-300


def cumulative(t: float, freedom: float) -> float:
    """Return the probability that a t variable with `freedom` degrees is at most `t`."""
    tail = 0.5 * beta_share(freedom / (freedom + t * t), freedom / 2, 0.5)
    return 1.0 - tail if t > 0 else tail


@lru_cache(maxsize=4096)
def quantile(probability: float, freedom: float) -> float:
    """Return the value below which a t variable falls with the given probability.

    >>> round(quantile(0.975, 4), 4)
    2.7764
    """
    assert 0.0 < probability < 1.0 and freedom > 0
    if probability < 0.5:
        return -quantile(1.0 - probability, freedom)
    low, high = 0.0, 1.0
    while cumulative(high, freedom) < probability:
        low, high = high, high * 2
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if cumulative(middle, freedom) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


@lru_cache(maxsize=4096)
def upper(level: float, freedom: float) -> float:
    """Return the value above which a t variable falls with a probability, however small it is.

    >>> round(upper(0.025, 4), 4)
    2.7764
    """
    assert 0.0 < level < 0.5 and freedom > 0
    low, high = 0.0, 1.0
    while cumulative(-high, freedom) > level:
        low, high = high, high * 2
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if cumulative(-middle, freedom) > level:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def beta_share(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b)."""
    if x <= 0.0 or x >= 1.0:
        return 0.0 if x <= 0.0 else 1.0
    log_front = (
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    if x < (a + 1) / (a + b + 2):
        return math.exp(log_front) * _fraction(x, a, b) / a
    return 1.0 - math.exp(log_front) * _fraction(1.0 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function."""
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1)
    d = 1.0 / (d if abs(d) > _TINY else _TINY)
    value = d
    for m in range(1, _TERMS_MAX):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 + term * d
            d = 1.0 / (d if abs(d) > _TINY else _TINY)
            c = 1.0 + term / c
            c = c if abs(c) > _TINY else _TINY
            value *= c * d
        if abs(c * d - 1.0) < 1e-16:
            break
    return value

"""How sure each look must be, when people look again and again.

Two things are looked at more than once. The runs of one plan: after each new run (`look_level`).
And a hold-out set: at each claim that is put to it (`spent_level`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from peira.lab.student import cumulative

ALPHA = 0.025
"""Default probability of a false word in one direction: together a "95 % interval"."""
BUDGET = 10
"""Looks at a hold-out after which a new one is due, when nothing else is said."""

_DRAWS = 400_000
_SIMULATED_MIN = 0.002
"""Below, too few of the draws would decide; the union bound is taken, which is safe."""


def spent_level(look: int, alpha: float = ALPHA, *, is_strict: bool = False) -> float:
    """Return the level, in one direction, of look number `look` (from 1) at a hold-out set.

    The levels of all looks sum to 2 `alpha`, however many there are. `is_strict` also covers an
    adversary who chooses each claim by all answers so far: the union bound over transcripts.

    >>> spent_level(1), round(spent_level(3), 5)
    (0.025, 0.00417)

    Source: SCIENCE 2; the series 1/(i(i+1)) is that of alpha-investing, Foster and Stine 2008.
    """
    assert look >= 1
    level = 2 * alpha / (look * (look + 1))
    return level / 3 ** (look - 1) if is_strict else level


def look_level(looks: Sequence[int], alpha: float = ALPHA) -> float:
    """Return the level a* of a one-sample t interval at each of `looks` (numbers of runs, rising),
    such that the probability that any of them errs in one direction is `alpha`.

    The runs are taken as normal; the statistic is pivotal, so this is simulated once and kept.
    Planning one look costs nothing: a* is alpha then.

    >>> look_level([5])
    0.025

    Source: SCIENCE 1.4.
    """
    assert looks and list(looks) == sorted(set(looks)) and looks[0] >= 2 and 0 < alpha < 0.5
    if len(looks) == 1:
        return alpha
    if alpha < _SIMULATED_MIN:
        return alpha / len(looks)
    return _simulated_level(tuple(looks), alpha)


@lru_cache(maxsize=256)
def _simulated_level(looks: tuple[int, ...], alpha: float) -> float:
    return float(np.quantile(_least_tails(looks), alpha))


@lru_cache(maxsize=8)
def _least_tails(looks: tuple[int, ...]) -> NDArray[np.float64]:
    """Return, for each simulated series of runs, the least of the tail probabilities of its t
    values over the looks.
    """
    rng = np.random.default_rng(20_240_601)
    runs = rng.standard_normal((_DRAWS, looks[-1]))  # (draws, runs)
    sums, squares = runs.cumsum(axis=1), (runs * runs).cumsum(axis=1)
    least = np.ones(_DRAWS)
    for k in looks:
        mean = sums[:, k - 1] / k
        variance = (squares[:, k - 1] - k * mean * mean) / (k - 1)
        least = np.minimum(least, _tail(mean / np.sqrt(variance / k), k - 1))
    return least


def _tail(t: NDArray[np.float64], freedom: int) -> NDArray[np.float64]:
    """Return the probability above each t, by interpolation of a fine table."""
    grid = np.sinh(np.linspace(0, 12, 1_500))  # to 80,000: heavy tails at few runs
    table = np.array([1 - cumulative(float(x), freedom) for x in grid])
    upper = np.interp(np.abs(t), grid, table)
    tails: NDArray[np.float64] = np.where(t > 0, upper, 1 - upper)
    return tails

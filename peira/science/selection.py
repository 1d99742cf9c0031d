"""P6: what the best of many is worth, and how good the best of few would have been.

The best of a sweep was chosen by the same examples that its score is computed from, so the score
flatters it: by 0.4 to 1.9 points with 360 to 1,000 examples. Here the choice itself is repeated on
bootstrapped examples and each winner is scored on the examples that did not choose it.

Source: SCIENCE 1.8; Tsamardinos, Greasidou and Borboudakis 2018, "Bootstrapping the out-of-sample
predictions for efficient and accurate cross-validation" (BBC-CV, 10.1007/s10994-018-5714-4).
Expected best: Dodge et al. 2019 (arXiv:1909.03004), whose plug-in estimator is biased; the unbiased
one of Tang et al. 2020 (arXiv:2004.13705).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from peira.core.errors import UsageError

RESAMPLES = 200
LEVEL = 0.05


class Corrected(msgspec.Struct, frozen=True, kw_only=True):
    """The score of a winner, with and without the flattery of having been chosen."""

    winner: int
    """Which configuration is the best on all examples."""
    raw: float
    """Its mean score on the examples that chose it."""
    estimate: float
    """What it is worth on other examples."""
    lower: float
    """It is worth at least this, in 95 of 100 sweeps or more."""
    configurations: int
    examples: int

    @property
    def flattery(self) -> float:
        """How much of the raw score the choice accounts for."""
        return self.raw - self.estimate


def correct_winner(
    scores: ArrayLike,
    *,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = 0,
) -> Corrected:
    """Return the score of the best configuration, corrected for having been chosen (BBC).

    Args:
        scores: how well each configuration did on each example, more is better (0 and 1 for right
            answers, or a negative loss), shape (configurations, examples); no NaN.
        resamples: how often the choice is repeated.
        level: the probability that `lower` is above the truth, in one direction.

    Raises:
        UsageError: it is no such table, or has fewer than 2 examples.

    >>> rng = np.random.default_rng(0)
    >>> equal = rng.random((50, 400)) < 0.9          # 50 configurations, all of them worth 0.9
    >>> found = correct_winner(equal)
    >>> found.raw > 0.925, abs(found.estimate - 0.9) < 0.02, found.lower < 0.9
    (True, True, True)

    Source: SCIENCE 1.8, P6.
    """
    table = np.asarray(scores, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] < 1 or table.shape[1] < 2:
        raise UsageError(
            "Correcting a winner wants a table (configurations, examples) with 2 examples at "
            f"least; this has shape {table.shape}."
        )
    if not np.isfinite(table).all():
        raise UsageError("Correcting a winner wants a finite score of each example.")
    configurations, n = table.shape
    means = table.mean(axis=1)  # (configurations,)
    winner = int(means.argmax())
    rng = np.random.default_rng(seed)
    outside = _out_of_bag(table, resamples, rng)
    return Corrected(
        winner=winner,
        raw=float(means[winner]),
        estimate=float(outside.mean()),
        lower=float(np.quantile(outside, level)),
        configurations=configurations,
        examples=n,
    )


def _out_of_bag(
    table: NDArray[np.float64], resamples: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return, for each resample, the mean score of its winner on the examples outside of it."""
    n = table.shape[1]
    found: list[float] = []
    while len(found) < resamples:
        weights = np.bincount(rng.integers(0, n, n), minlength=n).astype(float)  # (examples,)
        is_outside = weights == 0
        if not is_outside.any():
            continue  # only with a handful of examples
        inside = table @ weights  # (configurations,)
        best = np.flatnonzero(inside == inside.max())
        chosen = int(rng.choice(best))  # ties: any of them, or the first would be chosen too often
        found.append(float(table[chosen, is_outside].mean()))
    return np.array(found)


def expected_best(
    values: ArrayLike, *, highest: bool = True, counts: Sequence[int] | None = None
) -> NDArray[np.float64]:
    """Return the expected best of k random trials for each k of `counts`, without bias.

    With n values seen, the best of k is averaged over all sets of k of them: the U-statistic of
    Tang et al. 2020. (The plug-in of Dodge et al. 2019 draws with replacement, and is too low.)

    Args:
        values: the result of each trial, in any order; NaN is a trial that gave nothing, the worst.
        highest: whether more is better.
        counts: numbers of trials, each from 1 to n; all of these when None.

    >>> expected_best([0.9, 0.8, 0.7]).round(3).tolist()
    [0.8, 0.867, 0.9]

    Source: SCIENCE 1.8; Tang et al. 2020, equation 4.
    """
    found = np.asarray(values, dtype=np.float64).ravel()
    found = np.where(np.isnan(found), -np.inf if highest else np.inf, found)
    ordered = np.sort(found) if highest else -np.sort(-found)  # worst first
    asked = range(1, len(found) + 1) if counts is None else counts
    assert all(1 <= k <= len(found) for k in asked)
    return np.array([_best_of(ordered, k) for k in asked])


def expected_best_error(
    values: ArrayLike, trials: int, *, highest: bool = True, resamples: int = 200, seed: int = 0
) -> float:
    """Return the standard error of the expected best of `trials`, by the bootstrap.

    It is too small where `trials` is near the number of values: there the best of them decides.

    >>> round(expected_best_error([0.1, 0.2, 0.3, 0.4], 1), 2)
    0.05
    """
    found = np.asarray(values, dtype=np.float64).ravel()
    found = found[np.isfinite(found)]
    if len(found) < 2 or not 1 <= trials <= len(found):
        return math.nan
    rng = np.random.default_rng(seed)
    sign = 1.0 if highest else -1.0
    drawn = (np.sort(sign * rng.choice(found, len(found))) for _ in range(resamples))
    return float(np.std([_best_of(ordered, trials) for ordered in drawn]))


def _best_of(ordered: NDArray[np.float64], k: int) -> float:
    """Return the mean best over all sets of k of the values, which stand worst first."""
    n = len(ordered)
    rank = np.arange(k, n + 1)
    # The probability that the value of rank i is the best of k: C(i-1, k-1) / C(n, k).
    weights = np.exp(_log_choose(rank - 1, k - 1) - _log_choose(np.array([n]), k))
    has = weights > 0
    return float(weights[has] @ ordered[k - 1 :][has])


def _log_choose(n: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """Return the logarithm of "n choose k", elementwise; k is at most each n."""
    table = _log_factorials(1 << int(n.max()).bit_length())
    return np.asarray(table[n] - table[k] - table[n - k])


@lru_cache(maxsize=4)
def _log_factorials(size: int) -> NDArray[np.float64]:
    """Return log 0!, log 1!, … log size!."""
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, size + 1)))])

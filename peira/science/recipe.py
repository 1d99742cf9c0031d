"""P1: does a recipe reach a threshold on unseen examples?

A recipe is judged by `k` runs with different seeds on the same `n` examples. Two noises stand
between what was seen and what is true, and more runs shrink only one of them:

    seeds     the spread of the runs' means; a t interval, re-examined at each look
    examples  the test set was drawn once; a score interval with n / rho examples, where rho is the
              part of the variance that no number of seeds averages away

Both are joined by root-sum-of-squares (MOVER). Source: SCIENCE 1.2; the design crosses runs and
cases as multi-reader multi-case studies do (Obuchowski and Rockette 1995; Hillis 2014).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from peira.core.errors import UsageError
from peira.lab.student import upper
from peira.science.levels import ALPHA, look_level
from peira.science.proportions import wilson

Word = Literal["supported", "refuted", "undecided"]

RUNS_MIN = 3
RHO_MIN = 0.25


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What the evidence says about "the recipe reaches at least `threshold`"."""

    word: Word
    threshold: float
    estimate: float
    lower: float
    upper: float
    runs: int
    examples: int
    rho: float
    seed_half: float
    """Half-width that more runs would shrink."""
    example_half: float
    """Half-width below the estimate that only more examples would shrink."""
    limit: Literal["runs", "examples"]
    """Which of the two is the greater."""


def judge_recipe(
    right: NDArray[np.generic],
    threshold: float,
    *,
    looks: Sequence[int] | None = None,
    alpha: float = ALPHA,
    has_samples: bool = True,
) -> Judgement:
    """Judge "this recipe is right on at least `threshold` of unseen examples".

    Args:
        right: which examples each run got right, 0 or 1, shape (runs, examples).
        looks: the numbers of runs at which the plan looks; this one alone when None.
        alpha: probability of a false word, in one direction, over all looks of the plan.
        has_samples: False when only the means are to be trusted to belong to the same examples:
            rho is 1 then, which is safe and weak.

    Raises:
        UsageError: it is no table of 0 and 1, fewer than 3 runs, or a look that was not planned.

    >>> rng = np.random.default_rng(0)
    >>> judge_recipe(rng.random((6, 5_000)) < 0.99, 0.975).word
    'supported'
    """
    table = np.asarray(right, dtype=float)
    if table.ndim != 2 or table.shape[1] < 2 or not np.isin(table, (0.0, 1.0)).all():
        raise UsageError(
            f"Judging wants a table (runs, examples) of 0 and 1; this has shape {table.shape}."
        )
    k, n = table.shape
    if k < RUNS_MIN:
        raise UsageError(
            f"A recipe is not judged by {k} run{'s' if k != 1 else ''}.",
            hint=f"Run it with {RUNS_MIN - k} more seeds, or judge this one model.",
        )
    planned = [k] if looks is None else list(looks)
    if k not in planned:
        raise UsageError(f"The plan looks at {planned} runs, not at {k}.")
    means = table.mean(axis=1)  # (runs,)
    estimate = float(means.mean())
    rho = shared_part(table) if has_samples else 1.0
    low, high = wilson(estimate, n / rho, alpha)
    level = look_level(planned, alpha)
    seed_half = upper(level, k - 1) * float(means.std(ddof=1)) / math.sqrt(k)
    lower = estimate - math.hypot(seed_half, estimate - low)
    highest = estimate + math.hypot(seed_half, high - estimate)
    word: Word = "undecided"
    if lower >= threshold:
        word = "supported"
    elif highest < threshold:
        word = "refuted"
    return Judgement(
        word=word,
        threshold=threshold,
        estimate=estimate,
        lower=max(0.0, lower),
        upper=min(1.0, highest),
        runs=k,
        examples=n,
        rho=rho,
        seed_half=seed_half,
        example_half=estimate - low,
        limit="runs" if seed_half > estimate - low else "examples",
    )


def shared_part(table: NDArray[np.float64]) -> float:
    """Return rho: the part of an example's variance that all runs share, between 0.25 and 1.

    Args:
        table: 0 and 1, shape (runs, examples).
    """
    k, n = table.shape
    m = table.mean()
    total = m * (1 - m)
    if k < 2 or total == 0:
        return 1.0
    rows, columns = table.mean(axis=1), table.mean(axis=0)
    between_runs = n * ((rows - m) ** 2).sum()
    between_examples = k * ((columns - m) ** 2).sum()
    rest = (total * k * n - between_runs - between_examples) / ((k - 1) * (n - 1))
    share = (columns.var(ddof=1) / n - rest / (k * n)) / (total / n)
    return float(np.clip(share, RHO_MIN, 1.0))

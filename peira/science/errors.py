"""P1 for numbers that are no shares: does the mean error of a recipe stay below a threshold?

The two noises are those of `recipe.py`; what differs is the part of the examples, which is a normal
interval here. It is approximate: errors are skewed, and nothing is known of their law. Source:
SCIENCE 1.6, the row of real-valued scores; the tests simulate its rate of error.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from peira.core.errors import UsageError
from peira.lab.student import upper
from peira.science.levels import ALPHA
from peira.science.proportions import z_value
from peira.science.recipe import RUNS_MIN, Word

SHARED_MIN = 0.25
"""Least part of an example's variance that is taken as shared by all runs."""
_NORMAL_SPREAD = math.sqrt(math.pi / 2 - 1)
"""Standard deviation of the absolute value of a normal number, as a part of its mean."""


def judge_error(errors: NDArray[np.floating], threshold: float, alpha: float = ALPHA) -> Word:
    """Judge "the mean error on unseen examples is at most `threshold`".

    Args:
        errors: of each example, not below 0, shape (runs, examples): one run is one model, three
            or more are a recipe.
        alpha: probability of a false word, in one direction.

    Raises:
        UsageError: two runs, or no finite errors.

    >>> judge_error(np.abs(np.random.default_rng(0).normal(0, 1, (1, 2_000))), 1.0)
    'supported'
    """
    table = np.asarray(errors, dtype=float)
    if table.ndim != 2 or table.shape[1] < 2 or not np.isfinite(table).all():
        raise UsageError(f"Judging wants finite errors (runs, examples), not {table.shape}.")
    runs, examples = table.shape
    if 1 < runs < RUNS_MIN:
        raise UsageError(f"A recipe is not judged by {runs} runs.")
    estimate = float(table.mean())
    example_half = z_value(alpha) * math.sqrt(shared_variance(table) / examples)
    seed_half = 0.0
    if runs > 1:
        spread = float(table.mean(axis=1).std(ddof=1))
        seed_half = upper(alpha, runs - 1) * spread / math.sqrt(runs)
    half = math.hypot(seed_half, example_half)
    if estimate + half <= threshold:
        return "supported"
    return "refuted" if estimate - half > threshold else "undecided"


def shared_variance(table: NDArray[np.float64]) -> float:
    """Return the variance over examples that no number of runs averages away, (runs, examples)."""
    runs, examples = table.shape
    columns = table.mean(axis=0)
    of_means = float(columns.var(ddof=1))
    if runs == 1:
        return of_means
    rest = table - columns[None] - table.mean(axis=1)[:, None] + table.mean()
    inside = float((rest**2).sum()) / ((runs - 1) * (examples - 1))
    return float(max(of_means - inside / runs, SHARED_MIN * of_means))


def half_width(threshold: float, examples: int, level: float) -> float:
    """Return the half-width that a claim has when errors are normal and their mean is at the
    threshold: known before anybody looks, so it shows nothing.
    """
    return float(z_value(level) * _NORMAL_SPREAD * threshold / math.sqrt(examples))

"""Whose outcome a trial has: that of run A, that of run B, or neither. Numbers in, a side out.

A run that is deterministic has one outcome. One that is not has a mean and a spread, and then only
a difference that exceeds the seed interval is an effect at all. A failure is an outcome, too.

Source: SCIENCE.md 6.4 (what is the same) and 6.5 (the effect of runs that are not deterministic).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from peira.lab.student import quantile
from peira.rerun.search import Side
from peira.rerun.verify import ERROR_RATE, Result, compare

RERUNS_A_SIDE = 3
"""So many times each mix of runs that are not deterministic is run."""


class Outcome(NamedTuple):
    """How a run ended, and what it gave."""

    result: Result
    error: str = ""
    """What it failed of, such as `ValueError`; empty when it ran to its end."""


def is_same(one: Outcome, other: Outcome, *, is_bitwise: bool = False) -> bool:
    """Whether two outcomes are the same, rounding apart unless `is_bitwise`. Two failures are when
    they are of one kind.
    """
    if one.error or other.error:
        return one.error == other.error
    outcome = compare(one.result, other.result).outcome
    return outcome == "exact" or (outcome == "rounding" and not is_bitwise)


def exact_side(
    trial: Outcome, a: Outcome | None, b: Outcome | None, *, is_bitwise: bool = False
) -> Side:
    """Return whose outcome a trial has. Where one of the two runs is not deterministic (None), its
    outcome is whatever the other's is not, a failure apart.
    """
    assert a is not None or b is not None
    for side, outcome in (("A", a), ("B", b)):
        if outcome is not None and is_same(trial, outcome, is_bitwise=is_bitwise):
            return "A" if side == "A" else "B"
    if trial.error or (a is not None and b is not None):
        return "neither"
    return "A" if a is None else "B"


class Spread:
    """Two noisy outcomes: the values of one metric in runs of A and of B.

    Args:
        error_rate: how often a difference that is none may be called one.

    Source: the t prediction interval of SCIENCE.md 6.4, with the pooled spread of both sides.

    >>> spread = Spread([0.97, 0.96, 0.98], [0.90, 0.91, 0.89])
    >>> spread.is_effect, spread.side([0.962, 0.971, 0.969]), spread.side([0.93, 0.94, 0.935])
    (True, 'A', 'neither')
    """

    def __init__(
        self, a: Sequence[float], b: Sequence[float], error_rate: float = ERROR_RATE
    ) -> None:
        assert len(a) >= 2 and len(b) >= 2
        self.mean_a, self.mean_b = math.fsum(a) / len(a), math.fsum(b) / len(b)
        squares = math.fsum((v - self.mean_a) ** 2 for v in a)
        squares += math.fsum((v - self.mean_b) ** 2 for v in b)
        freedom = len(a) + len(b) - 2
        self._reach = quantile(1.0 - error_rate / 2, freedom) * math.sqrt(squares / freedom)
        self._count = min(len(a), len(b))

    def half_width(self, values: int) -> float:
        """Return how far the mean of so many new values may be from the mean of its own side."""
        return self._reach * math.sqrt(1.0 / values + 1.0 / self._count)

    @property
    def size(self) -> float:
        """How many half-widths of one further run A and B are apart; above 1 it is an effect."""
        apart, half = abs(self.mean_a - self.mean_b), self.half_width(1)
        return apart / half if half else math.inf if apart else 0.0

    @property
    def is_effect(self) -> bool:
        """Whether A and B differ by more than one further run of either would."""
        return self.size > 1.0

    def side(self, values: Sequence[float]) -> Side:
        """Return whose outcome some runs of a mix have: the nearer one, when it is near enough."""
        mean = math.fsum(values) / len(values)
        to_a, to_b = abs(mean - self.mean_a), abs(mean - self.mean_b)
        if min(to_a, to_b) > self.half_width(len(values)):
            return "neither"
        return "A" if to_a < to_b else "B"

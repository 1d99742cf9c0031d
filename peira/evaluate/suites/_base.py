"""What a metric is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from peira.evaluate.answers import Answers


class Metric(NamedTuple):
    """A number computed from answers.

    `definition` says what is computed, by which function with which options; it is part of the
    evaluator's digest, so it changes when the meaning does.
    """

    name: str
    definition: str
    direction: Literal["max", "min"]
    compute: Callable[[Answers], float]
    needs_scores: bool = False
    needs_probabilities: bool = False
    """Each row of scores must sum to 1."""
    classes_min: int = 0
    """With fewer classes it says nothing."""

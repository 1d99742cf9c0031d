"""Whose outcome a trial has, and how often chance is taken for an effect."""

from __future__ import annotations

import numpy as np
import pytest

from peira.rerun.sides import RERUNS_A_SIDE, Outcome, Spread, exact_side
from tests.rerun.test_verify import result

A, B = Outcome(result(acc=0.9)), Outcome(result(acc=0.8))
FAILED = Outcome(result(), "ValueError")
ROUNDED = Outcome(result(acc=0.9 * (1 + 1e-12)))


@pytest.mark.parametrize(
    ("trial", "a", "b", "side"),
    [
        (A, A, B, "A"),
        (ROUNDED, A, B, "A"),
        (B, A, B, "B"),
        (Outcome(result(acc=0.85)), A, B, "neither"),
        (FAILED, A, B, "neither"),
        (Outcome(result(acc=0.85)), A, None, "B"),  # B is not deterministic: anything but A's
        (FAILED, A, None, "neither"),
        (Outcome(result(acc=0.85)), None, B, "A"),
        (FAILED, A, FAILED, "B"),  # it worked yesterday
        (Outcome(result(), "KeyError"), A, FAILED, "neither"),
    ],
)
def test_an_exact_outcome_is_that_of_one_side(
    trial: Outcome, a: Outcome | None, b: Outcome | None, side: str
) -> None:
    """Rounding apart; a failure counts as itself only."""
    assert exact_side(trial, a, b) == side


def test_where_two_runs_differ_by_rounding_every_bit_counts() -> None:
    """Else both would be one outcome."""
    assert exact_side(ROUNDED, A, ROUNDED, is_bitwise=True) == "B"
    assert exact_side(A, A, ROUNDED, is_bitwise=True) == "A"


@pytest.mark.parametrize("shape", ["normal", "uniform", "lumpy"])
def test_chance_is_rarely_taken_for_an_effect(shape: str) -> None:
    """Two runs of one recipe, four values a side: below 5 % are called an effect."""
    draw = np.random.default_rng(11)
    rounds = 2_000
    count = RERUNS_A_SIDE + 1
    values = {
        "normal": draw.normal(size=(rounds, 2, count)),
        "uniform": draw.uniform(size=(rounds, 2, count)),
        "lumpy": np.round(draw.normal(size=(rounds, 2, count)) * 2) / 2,  # as accuracies are
    }[shape]
    wrong = sum(Spread(a.tolist(), b.tolist()).is_effect for a, b in values)
    assert wrong / rounds <= 0.05


def test_a_large_effect_is_attributed_to_its_side() -> None:
    """Ten spreads apart: it is an effect, and the mean of three trials is on the right side."""
    draw = np.random.default_rng(3)
    right = effects = 0
    for _ in range(500):
        spread = Spread(draw.normal(0, 1, 4).tolist(), draw.normal(10, 1, 4).tolist())
        effects += spread.is_effect
        right += spread.side(draw.normal(0, 1, RERUNS_A_SIDE).tolist()) == "A"
        right += spread.side(draw.normal(10, 1, RERUNS_A_SIDE).tolist()) == "B"
    assert effects / 500 > 0.99 and right / 1_000 > 0.93


def test_what_lies_between_is_of_neither() -> None:
    """A factor that makes a half of the effect is not taken for all of it."""
    spread = Spread([0.0, 0.01, -0.01, 0.0], [1.0, 1.01, 0.99, 1.0])
    assert spread.side([0.5, 0.5, 0.49]) == "neither"

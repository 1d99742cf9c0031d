"""The half-width that a look tells."""

from __future__ import annotations

import pytest

from peira.evaluate.ledger import half_width
from peira.science.proportions import clopper_pearson


@pytest.mark.parametrize("runs", [1, 3])
def test_no_interval_is_narrower_than_a_sample(runs: int) -> None:
    """Near certainty a normal interval would be: 0.0017 at 0.9999 of 359 samples."""
    assert half_width(0.9999, runs, 359, 0.025) > 1 / 359


def test_of_one_model_it_is_the_exact_one() -> None:
    """The same interval that gives the word."""
    lower, upper = clopper_pearson(950, 1_000, 0.025)
    assert half_width(0.95, 1, 1_000, 0.025) == (upper - lower) / 2
    assert half_width(0.95, 3, 1_000, 0.025) == pytest.approx(0.0135, abs=1e-3)

"""Levels: the tables of the science page, and what the looks sum to."""

from __future__ import annotations

import pytest

from peira.science.levels import look_level, spent_level
from peira.science.proportions import z_value


@pytest.mark.parametrize(
    ("looks", "alpha", "expected"),
    [
        (range(3, 6), 0.05, 0.0246),
        (range(3, 6), 0.025, 0.0114),
        (range(3, 11), 0.05, 0.0134),
        (range(3, 11), 0.025, 0.0059),
        (range(3, 21), 0.025, 0.0039),
        ((3, 5, 10, 20), 0.025, 0.0073),
    ],
)
def test_levels_of_repeated_looks(looks: range, alpha: float, expected: float) -> None:
    """The simulated level agrees with the table to its last digit or 5 %."""
    assert look_level(list(looks), alpha) == pytest.approx(expected, rel=0.05)


def test_the_union_bound_below_the_simulation() -> None:
    """A level too small to be simulated is shared out evenly, which is smaller than what is."""
    assert look_level([3, 4, 5], 0.0009) == pytest.approx(0.0003)


@pytest.mark.parametrize(
    ("look", "z"), [(1, 1.96), (2, 2.39), (3, 2.64), (5, 2.94), (10, 3.32), (20, 3.67)]
)
def test_levels_of_a_hold_out(look: int, z: float) -> None:
    """Look i is tested at the level that the science page prints as a z."""
    assert z_value(spent_level(look)) == pytest.approx(z, abs=0.006)


@pytest.mark.parametrize(("look", "z"), [(2, 2.77), (3, 3.31), (5, 4.10), (10, 5.47)])
def test_strict_levels(look: int, z: float) -> None:
    """Strict mode pays for every transcript."""
    assert z_value(spent_level(look, is_strict=True)) == pytest.approx(z, abs=0.02)


def test_all_looks_together_cost_what_was_allowed() -> None:
    """However many looks there are, their levels do not sum to more than twice alpha."""
    assert sum(spent_level(look) for look in range(1, 100_000)) == pytest.approx(0.05, rel=1e-4)

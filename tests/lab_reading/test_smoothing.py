"""Smoothing: against the formulas, written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peira.core.errors import UsageError
from peira.lab.smoothing import Smoothing, SmoothingKind, smooth

KINDS: list[SmoothingKind] = ["ema", "gaussian", "median"]


@settings(max_examples=100, deadline=None)
@given(
    steps=st.lists(st.floats(0, 50), min_size=1, max_size=60),
    half_life=st.floats(0.01, 100),
    seed=st.integers(0, 1_000),
)
def test_the_exponential_mean_is_the_weighted_mean(
    steps: list[float], half_life: float, seed: int
) -> None:
    """Each value is the mean of all before, weighted by 2 ** -(distance / half-life)."""
    x = np.cumsum(steps)
    y = np.random.default_rng(seed).normal(size=len(x))

    found = smooth(x, y, Smoothing("ema", half_life))

    for i in range(len(x)):
        weights = np.exp2(-(x[i] - x[: i + 1]) / half_life)
        assert found[i] == pytest.approx(np.average(y[: i + 1], weights=weights), abs=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_a_constant_stays_itself(kind: SmoothingKind) -> None:
    """No bias at the begin or end, however large the value."""
    x = np.arange(1_000.0)

    assert smooth(x, np.full(1_000, 1e9), Smoothing(kind, 37)) == pytest.approx(1e9, rel=1e-15)


@pytest.mark.parametrize("kind", KINDS)
def test_gaps_have_no_weight_and_stay(kind: SmoothingKind) -> None:
    """NaN and infinities change nothing around them."""
    x = np.arange(5.0)
    y = np.array([1.0, math.nan, 1.0, math.inf, 1.0])

    found = smooth(x, y, Smoothing(kind, 2))

    assert found[[0, 2, 4]].tolist() == [1.0, 1.0, 1.0]
    assert np.isnan(found[[1, 3]]).all()
    assert np.isnan(smooth(x, np.full(5, np.nan), Smoothing(kind, 2))).all()


def test_the_bell_is_one_half_at_one_half_life() -> None:
    """An impulse seen from one half-life away weighs half as much as from its own place."""
    x = np.arange(-400.0, 401.0)
    y = np.where(x == 0, 1.0, 0.0)

    found = smooth(x, y, Smoothing("gaussian", 20))

    assert found[400 + 20] / found[400] == pytest.approx(0.5, rel=1e-6)


def test_many_points_in_reach_change_little() -> None:
    """The binned form for dense curves agrees with every pair of points to 0.1 %."""
    x = np.sort(np.random.default_rng(5).uniform(0, 100, 4_000))
    y = np.sin(x / 5)

    dense = smooth(x, y, Smoothing("gaussian", 8))
    some = np.arange(0, 4_000, 97)
    sigma = 8 / math.sqrt(2 * math.log(2))
    expected = [np.average(y, weights=np.exp(-0.5 * ((x[i] - x) / sigma) ** 2)) for i in some]

    assert dense[some] == pytest.approx(expected, abs=2e-3)


def test_the_median_forgets_outliers() -> None:
    """One wild value in a window does not move the curve; long curves too."""
    for n in (50, 10_000):
        y = np.zeros(n)
        y[n // 2] = 1e9
        assert not smooth(np.arange(float(n)), y, Smoothing("median", 5)).any()


def test_a_million_points_are_smoothed_quickly() -> None:
    """All kinds take well below two seconds, so a live chart can ask for them."""
    import time

    x, y = np.arange(1e6), np.random.default_rng(0).normal(size=1_000_000)
    for kind in KINDS:
        started = time.process_time()
        smooth(x, y, Smoothing(kind, 1_000))
        assert time.process_time() - started < 2.0


@pytest.mark.parametrize(("kind", "half_life"), [("ema", 0), ("ema", math.nan), ("mean", 1)])
def test_absurd_smoothing_is_refused(kind: str, half_life: float) -> None:
    """A half-life that is not above zero, or another kind, is a UsageError."""
    with pytest.raises(UsageError):
        Smoothing(kind, half_life)  # type: ignore[arg-type]

"""Intervals of shares, against SciPy and by their coverage."""

from __future__ import annotations

from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from peira.science.proportions import clopper_pearson, wilson


@given(n=st.integers(1, 5_000), data=st.data())
def test_exact_intervals_are_those_of_scipy(n: int, data: st.DataObject) -> None:
    """Clopper-Pearson agrees with another implementation."""
    right = data.draw(st.integers(0, n))
    expected = binomtest(right, n).proportion_ci(0.95, method="exact")
    assert clopper_pearson(right, n) == pytest.approx((expected.low, expected.high), abs=1e-9)


@given(n=st.integers(1, 5_000), data=st.data())
def test_score_intervals_are_those_of_scipy(n: int, data: st.DataObject) -> None:
    """Wilson agrees with another implementation."""
    right = data.draw(st.integers(0, n))
    expected = binomtest(right, n).proportion_ci(0.95, method="wilson")
    assert wilson(right / n, n) == pytest.approx((expected.low, expected.high), abs=1e-9)


@pytest.mark.parametrize(
    ("n", "least"), [(360, 0.9917), (1_000, 0.9850), (2_000, 0.9820), (10_000, 0.9781)]
)
def test_the_least_accuracy_that_supports_a_claim(n: int, least: float) -> None:
    """The table of the science page: what one model must show to support 97.5 %."""
    right = bisect_left(range(n), 0.975, key=lambda r: clopper_pearson(r, n)[0])
    assert right / n == pytest.approx(least, abs=0.0003)

"""The range of the best of k trials over all orders."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from peira.science.shuffled import best_between


@pytest.mark.parametrize("highest", [True, False])
def test_it_is_the_quantile_over_all_subsets(highest: bool) -> None:
    """Counted out for every set of k of nine values."""
    values = np.random.default_rng(2).normal(size=9)
    counts = list(range(1, 10))
    low, high = best_between(values, counts, highest=highest, share=0.8)
    for n, k in enumerate(counts):
        best = max if highest else min
        found = sorted(best(chosen) for chosen in itertools.combinations(values.tolist(), k))
        inside = [value for value in found if low[n] <= value <= high[n]]
        assert len(inside) >= 0.8 * len(found)
        assert low[n] in found and high[n] in found
    assert low[-1] == high[-1] == (values.max() if highest else values.min())


def test_a_trial_without_a_value_is_the_worst() -> None:
    """Half of the single trials give nothing: the lower end is nothing, too."""
    low, high = best_between([0.5, float("nan")], [1, 2])
    assert low.tolist() == [-np.inf, 0.5] and high.tolist() == [0.5, 0.5]


def test_many_trials_do_not_overflow() -> None:
    """Ten thousand values, at a handful of counts; the range rises to the best."""
    values = np.linspace(0, 1, 10_000)
    low, high = best_between(values, [1, 10, 100, 10_000])
    assert low[0] == pytest.approx(0.05, abs=1e-3) and high[0] == pytest.approx(0.95, abs=1e-3)
    assert (np.diff(low) > 0).all() and high[-1] == low[-1] == 1.0

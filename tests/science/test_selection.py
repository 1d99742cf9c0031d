"""P6: the corrected score of a winner is right on average, its bound holds, the expected best is
unbiased.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from peira.core.errors import UsageError
from peira.science.selection import correct_winner, expected_best, expected_best_error


def sweep(
    rng: np.random.Generator, configurations: int, n: int, spread: float
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Simulate who is right on what: examples differ in difficulty, and configurations share it.

    Returns the table (configurations, examples) and the true accuracy of each configuration.
    """
    truth = 0.96 + spread / 100 * rng.standard_normal(configurations)
    truth = np.clip(truth, 0.8, 0.995)
    # A part of each answer hangs on the example, common to all: as in real sweeps.
    common = rng.standard_normal(n)
    own = rng.standard_normal((configurations, n))
    z = np.sqrt(0.6) * common + np.sqrt(0.4) * own  # (configurations, examples), standard normal
    cuts = np.quantile(rng.standard_normal(200_000), truth)
    return z < cuts[:, None], truth


@pytest.mark.parametrize(
    ("configurations", "n", "spread", "sweeps"),
    [(10, 360, 0.0, 120), (50, 360, 0.3, 100), (50, 1_000, 0.0, 60), (100, 1_000, 1.0, 40)],
)
def test_the_flattery_is_taken_out(configurations: int, n: int, spread: float, sweeps: int) -> None:
    """|bias| <= 0.25 point where the raw score errs by more; the bound holds in >= 95 %."""
    rng = np.random.default_rng(7)
    raw, corrected, held = [], [], []
    for i in range(sweeps):
        table, truth = sweep(rng, configurations, n, spread)
        found = correct_winner(table, seed=i, resamples=60)
        raw.append(found.raw - truth[found.winner])
        corrected.append(found.estimate - truth[found.winner])
        held.append(found.lower <= truth[found.winner])
    noise = 100 * np.std(corrected) / np.sqrt(sweeps)  # standard error of the simulated bias
    assert abs(100 * np.mean(corrected)) <= 0.25 + 2 * noise
    assert 100 * np.mean(raw) > 0.3
    assert np.mean(held) >= 0.95 - 2 * np.sqrt(0.05 * 0.95 / sweeps)


def test_a_clear_winner_is_hardly_corrected() -> None:
    """One configuration far above the others would have been chosen anyway."""
    rng = np.random.default_rng(1)
    table = rng.random((20, 2_000)) < np.array([0.95] + [0.6] * 19)[:, None]
    found = correct_winner(table)
    assert found.winner == 0 and abs(found.flattery) < 0.005
    assert found.configurations == 20 and found.examples == 2_000


def test_losses_are_corrected_as_negative_scores() -> None:
    """Any real score serves: the best of equal losses is worth what they all are."""
    rng = np.random.default_rng(2)
    found = correct_winner(-rng.exponential(1.0, (40, 500)))
    assert found.raw > -0.95 and found.estimate == pytest.approx(-1.0, abs=0.05)


def test_tables_that_cannot_be_corrected() -> None:
    """No examples, the wrong shape, holes."""
    for wrong in (np.zeros(5), np.zeros((3, 1)), np.array([[1.0, np.nan]])):
        with pytest.raises(UsageError, match="Correcting a winner wants"):
            correct_winner(wrong)


def test_expected_best_is_the_mean_over_all_subsets() -> None:
    """Exactly, for each number of trials and either direction."""
    values = [0.3, 0.9, 0.5, 0.5, 0.1]
    for k in range(1, 6):
        subsets = list(itertools.combinations(values, k))
        highest = float(np.mean([max(s) for s in subsets]))
        lowest = float(np.mean([min(s) for s in subsets]))
        assert expected_best(values)[k - 1] == pytest.approx(highest)
        assert expected_best(values, highest=False)[k - 1] == pytest.approx(lowest)


def test_expected_best_has_no_bias_and_the_plug_in_has() -> None:
    """Over many sweeps of 10 trials the best of 5 is estimated right; with replacement it is not.

    The true expected best of 5 of a uniform is 5/6.
    """
    rng = np.random.default_rng(3)
    sweeps = rng.random((1_500, 10))
    unbiased = np.mean([expected_best(row, counts=[5])[0] for row in sweeps])
    ranks = np.arange(1, 11) / 10
    weights = ranks**5 - (ranks - 0.1) ** 5
    plug_in = np.mean(np.sort(sweeps, axis=1) @ weights)
    assert unbiased == pytest.approx(5 / 6, abs=0.01)
    assert plug_in < 5 / 6 - 0.01


def test_expected_best_of_many_trials_and_of_none() -> None:
    """10,000 values overflow nothing; a trial that gave nothing counts as the worst."""
    values = np.linspace(0, 1, 10_000)
    best = expected_best(values, counts=[1, 10, 100, 1_000, 10_000])
    assert np.isfinite(best).all() and (np.diff(best) >= -1e-12).all() and best[-1] == 1
    assert len(expected_best([])) == 0
    assert expected_best([0.5, np.nan])[1] == 0.5
    assert expected_best([0.5, np.nan])[0] == -np.inf


def test_the_error_of_expected_best() -> None:
    """It is near the spread over real sweeps."""
    rng = np.random.default_rng(4)
    spread = np.std([expected_best(rng.random(40), counts=[5])[0] for _ in range(300)])
    errors = [expected_best_error(rng.random(40), 5, seed=i, resamples=60) for i in range(30)]
    assert np.mean(errors) == pytest.approx(spread, rel=0.3)
    assert np.isnan(expected_best_error([0.1], 1))

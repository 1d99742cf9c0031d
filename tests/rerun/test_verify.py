"""Verdicts on re-runs: the five outcomes, and how often they are wrong."""

from __future__ import annotations

import numpy as np
import pytest

from peira.core.direction import is_clock
from peira.lab.verifications import Verdict
from peira.rerun.difference import Curve, relative_difference
from peira.rerun.verify import More, Result, compare, judge, prediction_interval


def curve(*values: float) -> Curve:
    return Curve(np.arange(len(values)), np.array(values, dtype=np.float64))


def result(**metrics: float | tuple[float, ...]) -> Result:
    """Return a result; a name's two underscores are a slash."""
    return Result(
        {
            key.replace("__", "/"): curve(*(v if isinstance(v, tuple) else (v,)))
            for key, v in metrics.items()
        }
    )


def verdict(original: Result, *reruns: Result, replicates: tuple[Result, ...] = ()) -> Verdict:
    found = judge(original, reruns, replicates)
    assert isinstance(found, Verdict)
    return found


def test_the_same_bits_are_reproduced_exactly() -> None:
    """Whole series count, NaN is NaN, and clocks are left out and named."""
    a = result(loss=(1.0, float("nan"), 0.1), epoch_time=3.0, system__cpu=0.5)
    b = result(loss=(1.0, float("nan"), 0.1), epoch_time=4.0, system__cpu=0.9)
    found = verdict(a, b)
    assert (found.outcome, found.relative, found.metrics, found.points) == ("exact", 0.0, 1, 3)
    assert found.left_out == ["epoch_time", "system/cpu"]


@pytest.mark.parametrize("factor", [1 + 1e-15, 1 + 1e-9, 1 - 9e-7])
def test_small_differences_are_rounding_and_told(factor: float) -> None:
    """Below 1e-6 of each value; the largest one is told with its metric."""
    found = verdict(result(loss=(1.0, 0.3), acc=0.5), result(loss=(1.0, 0.3 * factor), acc=0.5))
    assert (found.outcome, found.worst) == ("rounding", "loss")
    assert found.relative == pytest.approx(abs(factor - 1), rel=0.3)
    assert [check.key for check in found.differing] == ["loss"]


def test_a_middle_of_a_curve_that_differs_is_no_reproduction() -> None:
    """The last value alone does not decide for a run that is deterministic."""
    a, b = result(loss=(1.0, 0.5, 0.1)), result(loss=(1.0, 0.6, 0.1))
    assert isinstance(judge(a, [b]), More)
    assert verdict(a, b, b, b).outcome == "different"


def test_a_deterministic_run_that_differs_needs_three_reruns() -> None:
    """Two more are asked for; when all three agree it did not reproduce."""
    a, b = result(acc=0.97), result(acc=0.93)
    more = judge(a, [b])
    assert isinstance(more, More) and more.reruns == 2
    found = verdict(a, b, b, b)
    assert (found.outcome, found.is_deterministic, found.replicates) == ("different", True, 0)
    assert "acc was 0.97 and is 0.93" in found.because


def test_a_run_that_is_not_deterministic_is_held_against_five() -> None:
    """Three re-runs that differ ask for two more; then the interval decides, and says so."""
    reruns = [result(acc=x) for x in (0.970, 0.973, 0.968, 0.971, 0.972)]
    a = result(acc=0.969)
    more = judge(a, reruns[:3])
    assert isinstance(more, More) and more.reruns == 2
    found = verdict(a, *reruns)
    assert (found.outcome, found.is_deterministic, found.replicates) == ("noise", False, 5)
    far = verdict(result(acc=0.95), *reruns)
    assert far.outcome == "different" and far.differing[0].is_inside is False
    assert far.differing[0].low is not None and far.differing[0].low > 0.95


def test_replicates_of_the_lab_spare_reruns() -> None:
    """Runs that differ in the seed only count towards the five."""
    replicates = (result(acc=0.971), result(acc=0.969))
    reruns = [result(acc=x) for x in (0.970, 0.973, 0.968)]
    assert verdict(result(acc=0.972), *reruns, replicates=replicates).replicates == 5


def test_what_never_varies_must_be_the_same_also_in_a_noisy_run() -> None:
    """A metric without spread has no interval: 10 epochs are not 12."""
    reruns = [result(acc=x, epochs=10) for x in (0.970, 0.973, 0.968, 0.971, 0.972)]
    found = verdict(result(acc=0.97, epochs=12), *reruns)
    assert (found.outcome, found.differing[0].key) == ("different", "epochs")
    assert verdict(result(acc=0.9705, epochs=10), *reruns).outcome == "noise"


def test_a_metric_that_the_rerun_lacks_is_no_reproduction() -> None:
    """It is named; a metric that only the re-run has changes nothing."""
    found = verdict(result(acc=1.0, f1=0.5), result(acc=1.0))
    assert found.outcome == "different" and "f1" in found.because
    assert verdict(result(acc=1.0), result(acc=1.0, more=2.0)).outcome == "exact"


def test_predictions_decide_where_metrics_agree() -> None:
    """Equal in 99.9 %: rounding. Fewer: not reproduced. All: exact."""
    labels = np.arange(10_000) % 10
    few, many = labels.copy(), labels.copy()
    few[:5] += 1
    many[:50] += 1
    a = Result({"acc": curve(0.9)}, predictions={"test": labels})
    found = [compare(a, Result(a.metrics, {"test": p})) for p in (labels, few, many)]
    assert [f.outcome for f in found] == ["exact", "rounding", "different"]
    assert found[1].predictions_equal == 0.9995


def test_files_decide_only_where_there_is_no_metric() -> None:
    """Their bytes are extra evidence otherwise: a timestamp in a file is no other result."""
    a, b = {"model.bin": "aa", "log.txt": "bb"}, {"model.bin": "aa", "log.txt": "cc"}
    assert compare(Result(files=a), Result(files=a)).outcome == "exact"
    assert compare(Result(files=a), Result(files=b)).outcome == "different"
    metrics = {"acc": curve(0.9)}
    assert compare(Result(metrics, files=a), Result(metrics, files=b)).outcome == "exact"


def test_a_value_that_is_zero_but_for_rounding_has_no_relative_precision() -> None:
    """1e-17 against 3e-17 beside values of 1 is rounding, beside values of 1e-16 it is not."""
    a, b = np.array([1.0, 1e-17]), np.array([1.0, 3e-17])
    assert relative_difference(a, b) == 0.0
    assert relative_difference(a * 1e-16, b * 1e-16) == 0.0
    assert relative_difference(a[1:], b[1:]) == pytest.approx(2 / 3)


def test_series_of_other_lengths_or_other_infinities_differ_without_bound() -> None:
    """No number stands for such a difference."""
    one = np.array([1.0])
    for other in (np.array([1.0, 2.0]), np.array([np.nan]), np.array([np.inf])):
        assert relative_difference(one, other) == np.inf
    assert relative_difference(np.array([np.inf]), np.array([np.inf])) == 0.0


@pytest.mark.parametrize(
    ("key", "is_of_clock"),
    [
        ("system/gpu/0/use", True),
        ("epoch_time", True),
        ("time/epoch", True),
        ("trainSeconds", True),
        ("fit_time_s", True),
        ("samples_per_second", True),
        ("time_per_step", True),
        ("fps", True),
        ("loss", False),
        ("val/acc", False),
        ("val/time_to_event_mae", False),
        ("subsystem/loss", False),
        ("lifetime_value", False),
        ("f1_s", False),
        ("mae_min", False),
    ],
)
def test_clocks_are_known_by_their_names(key: str, is_of_clock: bool) -> None:
    """They differ between two runs of the same, and say nothing about it."""
    assert is_clock(key) is is_of_clock


@pytest.mark.parametrize("k", [5, 10])
@pytest.mark.parametrize("metrics", [1, 4])
def test_an_unchanged_noisy_recipe_is_rarely_called_different(k: int, metrics: int) -> None:
    """At most 5 % (6.5 % here, for the simulation's own noise), whatever the number of metrics."""
    draw = np.random.default_rng(k * 10 + metrics)
    wrong = 0
    rounds = 1_000
    for _ in range(rounds):
        shared = draw.normal(size=(k + 1, 1))  # metrics of one run go together
        values = 0.97 + 0.01 * (0.7 * shared + 0.7 * draw.normal(size=(k + 1, metrics)))
        runs = [result(**{f"m{i}": v for i, v in enumerate(row)}) for row in values]
        wrong += verdict(runs[0], *runs[1:]).outcome == "different"
    assert wrong / rounds <= 0.065


def test_the_interval_cannot_tell_a_recipe_one_spread_away() -> None:
    """Why `noise` is weak evidence: a recipe one standard deviation away passes in most cases."""
    draw = np.random.default_rng(1)
    values = draw.normal(size=(2_000, 5))
    others = draw.normal(loc=1.0, size=2_000)
    inside = [
        prediction_interval([float(v) for v in row]).holds(float(x))
        for row, x in zip(values, others, strict=True)
    ]
    assert 0.8 < np.mean(inside) < 0.95

"""Curves of scores, and the comparability guard."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from peira.evaluate import comparable, curves
from peira.record.events import Evaluation

POSITIVE = np.array([False, False, True, True])
SCORES = np.array([0.1, 0.6, 0.4, 0.9])


def test_roc_by_hand() -> None:
    """Of four pairs one is in the wrong order: the area is three quarters."""
    found = curves.roc(POSITIVE, SCORES)
    assert found is not None and found.area == 0.75 and not found.is_thinned
    assert found.x[0] == found.y[0] == 0 and found.x[-1] == found.y[-1] == 1


@given(
    pairs=st.lists(st.tuples(st.booleans(), st.integers(0, 12)), min_size=2, max_size=60).filter(
        lambda pairs: 0 < sum(is_positive for is_positive, _ in pairs) < len(pairs)
    )
)
def test_curves_are_those_of_scikit_learn(pairs: list[tuple[bool, int]]) -> None:
    """Points and areas agree with another implementation, with many equal scores, too."""
    positive = np.array([is_positive for is_positive, _ in pairs])
    scores = np.array([score / 12 for _, score in pairs])
    found = curves.roc(positive, scores)
    assert found is not None
    assert found.area == pytest.approx(metrics.roc_auc_score(positive, scores))
    x, y, _ = metrics.roc_curve(positive, scores, drop_intermediate=False)
    assert set(zip(found.x.round(9), found.y.round(9), strict=True)) <= set(
        zip(x.round(9), y.round(9), strict=True)
    )
    other = curves.precision_recall(positive, scores)
    assert other is not None
    assert other.area == pytest.approx(metrics.average_precision_score(positive, scores))
    precision, recall, thresholds = metrics.precision_recall_curve(positive, scores)
    assert other.x == pytest.approx(recall) and other.y == pytest.approx(precision)
    assert other.thresholds[:-1] == pytest.approx(thresholds)


def test_curves_that_do_not_exist() -> None:
    """With one kind of example there is no curve, rather than a wrong one."""
    assert curves.roc(np.ones(3, dtype=bool), np.arange(3.0)) is None
    assert curves.precision_recall(np.zeros(3, dtype=bool), np.arange(3.0)) is None


def test_long_curves_are_thinned_and_say_so() -> None:
    """Many points become a thousand along the curve; the area is of all of them."""
    rng = np.random.default_rng(0)
    positive = rng.random(50_000) < 0.5
    scores = rng.random(50_000) + 0.3 * positive
    found = curves.roc(positive, scores)
    assert found is not None and found.is_thinned and len(found.x) <= curves.POINTS_MAX
    assert abs(np.trapezoid(found.y, found.x) - found.area) < 0.002


def test_calibration_by_hand() -> None:
    """Scores of 0.7 that are right in half of the cases fall into one bin, which says so."""
    (found,) = curves.calibration(np.array([True, False]), np.array([0.7, 0.7]), bins=10)
    assert (found.low, found.high, found.count, found.right) == (0.7, 0.8, 2, 0.5)
    assert found.score == pytest.approx(0.7)


def test_a_threshold_by_hand() -> None:
    """The four counts at a threshold, and what is not defined."""
    found = curves.at_threshold(POSITIVE, SCORES, 0.5)
    assert (found.true_positive, found.false_positive) == (1, 1)
    assert (found.false_negative, found.true_negative) == (1, 1)
    assert found.precision == found.recall == found.f1 == found.accuracy == 0.5
    assert curves.at_threshold(POSITIVE, SCORES, 2.0).precision is None


def test_what_may_stand_in_one_column() -> None:
    """Other examples, labels or metrics block, and another second class; another data version is a
    note, and so are other classes where there are several.
    """
    one = Evaluation(
        time=0, name="dev", task="binary", rows=4, metrics={"accuracy": 0.5}, evaluator="e",
        ids="i", labels="l", classes=["a", "b"], content="c",
    )  # fmt: skip
    same = msgspec.structs.replace(one, time=9, metrics={"accuracy": 0.7}, name="again")
    assert comparable.mismatches(one, same) == []
    assert comparable.kind(one) == comparable.kind(same)
    for part, value in (("ids", "j"), ("labels", "m"), ("evaluator", "f"), ("task", "multiclass")):
        other = msgspec.structs.replace(one, **{part: value})
        (found,) = comparable.mismatches(one, other)
        assert found.effect == "block" and found.what == part
        assert comparable.kind(other) != comparable.kind(one)
    (found,) = comparable.mismatches(one, msgspec.structs.replace(one, classes=["b", "a"]))
    assert found.effect == "block"
    several = msgspec.structs.replace(one, task="multiclass")
    more = msgspec.structs.replace(several, classes=["a", "b", "c"])
    assert [m.effect for m in comparable.mismatches(several, more)] == ["note"]
    assert comparable.kind(several) == comparable.kind(more)
    noted = msgspec.structs.replace(one, content="d")
    assert [m.effect for m in comparable.mismatches(one, noted)] == ["note"]
    assert comparable.kind(noted) == comparable.kind(one)

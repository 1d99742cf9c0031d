"""Which checkpoints stand, which is the best, which a policy keeps."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peira.core.errors import UsageError
from peira.record.checkpoints import Policy, best_first, judge, metric_value, standing
from peira.record.events import Checkpoint, Dropped


def saved(step: int) -> Checkpoint:
    return Checkpoint(time=float(step), step=step, files=[])


def test_what_stands() -> None:
    """Dropped ones go, a later one of the same step takes the place of the earlier."""
    told = [saved(1), saved(2), saved(3), Dropped(time=0, steps=[1, 9]), saved(2), saved(1)]
    assert [(mark, made.step) for mark, made in standing(enumerate(told))] == [
        (2, 3),
        (4, 2),
        (5, 1),
    ]


def test_the_best_by_direction() -> None:
    """Of equal ones the earlier step; NaN and what is no number is never the best."""
    steps = {
        1: {"acc": 0.5}, 2: {"acc": 0.9}, 3: {"acc": 0.9}, 4: {"acc": {"float": "NaN"}}, 5: {},
        6: {"acc": True}, 7: {"acc": {"float": "-Infinity"}},
    }  # fmt: skip
    assert best_first(steps, "acc", "max") == [2, 3, 1, 7]
    assert best_first(steps, "acc", "min") == [7, 1, 2, 3]
    assert metric_value({"a": {"float": "Infinity"}}, "a") == math.inf


@pytest.mark.parametrize(
    ("policy", "dropped"),
    [
        (Policy(last=1), [1, 2, 3, 4, 5]),
        (Policy(last=3), [1, 2, 3]),
        (Policy(last=1, every=2), [1, 3, 5]),
        (Policy(last=1, best=1, metric="acc"), [1, 3, 4, 5]),
        (Policy(last=1, best=2, metric="acc", direction="min"), [2, 3, 4]),
        (Policy(last=2, best=1, metric="other"), [1, 2, 3, 4]),
        (Policy(last=9), []),
    ],
)
def test_a_policy(policy: Policy, dropped: list[int]) -> None:
    """A checkpoint stays when any of the rules wants it."""
    steps = {1: 0.1, 2: 0.9, 3: 0.5, 4: 0.6, 5: 0.2, 6: 0.4}
    assert policy.dropped({step: {"acc": value} for step, value in steps.items()}) == dropped


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 50), st.floats(allow_nan=True)), max_size=40),
    st.integers(1, 5),
    st.integers(0, 5),
    st.integers(0, 7),
)
def test_any_policy_keeps_the_last_and_the_best(
    made: list[tuple[int, float]], last: int, best: int, every: int
) -> None:
    """Dropping as they are made leaves the latest, and the best of all that were ever made."""
    policy = Policy(last=last, best=best, metric="m", direction="max", every=every)
    kept: dict[int, dict[str, float]] = {}
    for step, value in dict(made).items():
        kept[step] = {"m": value}
        for gone in policy.dropped(kept):
            del kept[gone]
        assert len(kept) <= last + best + (len(range(0, 51, every)) if every else 0)
    values = [value for value in dict(made).values() if not math.isnan(value)]
    if made:
        assert list(dict(made))[-1] in kept
    if best and values:
        assert max(values) in [metrics["m"] for metrics in kept.values()]
    if every:
        assert {step for step in dict(made) if step % every == 0} <= set(kept)


def test_what_decides_the_best() -> None:
    """The only metric, and its name, are enough; else the error says what to give."""
    assert judge({1: {"val/acc": 1.0}, 2: {}}, None, None) == ("val/acc", "max")
    assert judge({1: {"x": 1.0}}, "x", "min") == ("x", "min")
    with pytest.raises(UsageError, match="they have acc, loss"):
        judge({1: {"loss": 1.0, "acc": 2.0}}, None, None)
    with pytest.raises(UsageError, match="more or less of x is better"):
        judge({1: {"x": 1.0}}, None, None)

"""P1: its words, its rate of error in the worlds of the science page, its power."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray

from peira.core.errors import UsageError
from peira.science.recipe import judge_recipe, shared_part

LOOKS = list(range(3, 11))


def world(
    rng: np.random.Generator, runs: int, n: int, accuracy: float, spread: float
) -> NDArray[np.bool_]:
    """Return which of `n` examples each run gets right: the hard ones are hard for all runs.

    Half of the variance is of the examples, which trained networks come near to.
    """
    truth = np.clip(accuracy + spread * rng.standard_normal(runs), 0, 1)  # (runs,)
    hardness = rng.random(n)  # shared by the runs
    own = rng.random((runs, n))
    is_shared = rng.random(n) < 0.5
    draw = np.where(is_shared, hardness, own)  # (runs, n), uniform each
    return draw < truth[:, None]


def first_word(table: NDArray[np.bool_], threshold: float) -> str:
    """Return what someone who looks after every run, and stops at a decisive word, would say."""
    for k in LOOKS:
        word = judge_recipe(table[:k], threshold, looks=LOOKS).word
        if word != "undecided":
            return word
    return "undecided"


def shares(n: int, spread: float, truth: float, worlds: int = 400) -> Counter[str]:
    rng = np.random.default_rng(7)
    found = Counter(
        first_word(world(rng, LOOKS[-1], n, truth, spread), 0.975) for _ in range(worlds)
    )
    return Counter({word: count / worlds for word, count in found.items()})


@pytest.mark.parametrize(("n", "spread"), [(360, 0.003), (1_000, 0.006), (3_000, 0.003)])
def test_false_words_are_rare_under_peeking(n: int, spread: float) -> None:
    """At a truth exactly on the claim, looking after every run errs in at most 5 % (and noise)."""
    found = shares(n, spread, 0.975)
    assert found["supported"] <= 0.05 + 2 * (0.05 * 0.95 / 400) ** 0.5
    assert found["refuted"] <= 0.05 + 2 * (0.05 * 0.95 / 400) ** 0.5


def test_a_point_above_the_claim_is_found() -> None:
    """With 1,000 examples and up to ten runs, one point above the claim is seen in 80 %."""
    assert shares(1_000, 0.003, 0.985)["supported"] >= 0.80


def test_both_noises_are_told() -> None:
    """Runs that agree leave the examples as the limit; runs that differ leave the runs."""
    rng = np.random.default_rng(1)
    agreeing = np.repeat(rng.random((1, 500)) < 0.97, 4, axis=0)
    assert judge_recipe(agreeing, 0.9).limit == "examples"
    assert shared_part(agreeing.astype(float)) == 1.0
    differing = rng.random((4, 5_000)) < np.array([[0.80], [0.90], [0.97], [0.99]])
    assert judge_recipe(differing, 0.9).limit == "runs"


def test_no_samples_is_safe_and_weak() -> None:
    """Without per-sample results the interval is at least as wide."""
    table = world(np.random.default_rng(3), 6, 1_000, 0.98, 0.002)
    sharp, safe = judge_recipe(table, 0.97), judge_recipe(table, 0.97, has_samples=False)
    assert safe.lower <= sharp.lower and safe.upper >= sharp.upper and safe.rho == 1.0


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (np.ones((2, 50)), "not judged by 2 runs"),
        (np.full((3, 50), 0.5), "0 and 1"),
        (np.ones(50), "shape"),
    ],
)
def test_what_cannot_be_judged_is_refused(table: NDArray[np.float64], message: str) -> None:
    """Too few runs, or numbers that are no answers, are an error that says so."""
    with pytest.raises(UsageError, match=message):
        judge_recipe(table, 0.9)


def test_a_look_outside_the_plan_is_refused() -> None:
    """Levels are those of the plan; another look has none."""
    with pytest.raises(UsageError, match="plan looks at"):
        judge_recipe(np.ones((4, 50)), 0.9, looks=[3, 5])

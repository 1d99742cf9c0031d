"""The search for a cause: how many trials it takes, and what it calls a cause."""

from __future__ import annotations

import random
from collections.abc import Callable
from statistics import fmean

import pytest

from peira.rerun.search import Side, ddmin, search, trials_expected

# SCIENCE.md 6.5: re-runs for one cause, and for two that only act together.
TABLE = {4: (3.1, 7.2), 8: (4.6, 13), 16: (6.0, 19), 32: (7.5, 25), 64: (8.9, 32)}
DRAWS = 1_000


def needs(cause: set[int]) -> Callable[[frozenset[int]], Side]:
    """Return an oracle with A's outcome where all of `cause` come from A, else B's."""
    return lambda mix: "A" if cause <= mix else "B"


def trials_of_ddmin(count: int, causes: int, seed: int) -> float:
    """Return the mean number of different mixes that are tried until random causes are found."""
    draw = random.Random(seed)
    trials = []
    for _ in range(DRAWS):
        cause, asked = set(draw.sample(range(count), causes)), set()

        def is_enough(mix: frozenset[int]) -> bool:
            asked.add(mix)  # noqa: B023 - called in this round only
            return cause <= mix  # noqa: B023

        assert set(ddmin(range(count), is_enough)) == cause
        trials.append(len(asked))
    return fmean(trials)


@pytest.mark.parametrize("count", TABLE)
@pytest.mark.parametrize("causes", [1, 2])
def test_delta_debugging_takes_the_trials_of_the_table(count: int, causes: int) -> None:
    """Mean numbers of trials are those simulated for the design, within 5 %."""
    assert trials_of_ddmin(count, causes, seed=count) == pytest.approx(
        TABLE[count][causes - 1], rel=0.05
    )


@pytest.mark.parametrize("count", TABLE)
def test_the_number_of_trials_left_is_told_well(count: int) -> None:
    """What a user reads beforehand is within one trial of the table for one cause, 8 % for two."""
    one, two = trials_expected(count)
    assert abs(one - TABLE[count][0]) <= 1
    assert two == pytest.approx(TABLE[count][1], rel=0.08)


@pytest.mark.parametrize("count", [1, 2, 5, 16, 33])
def test_one_cause_is_named_after_the_change_both_ways(count: int) -> None:
    """Besides halving only three trials are needed: all, none, and the way back."""
    trials = []
    for cause in range(count):
        found = search([range(count)], needs({cause}))
        assert found.cause == cause and found.contributing == ()
        trials.append(found.trials)
    assert fmean(trials) <= 3 + 1.5 * max(1, (count - 1).bit_length())


def test_a_factor_that_turns_only_one_way_is_not_called_the_cause() -> None:
    """Either of two suffices for A's outcome: each contributes, neither is the cause."""

    def either(mix: frozenset[str]) -> Side:
        return "A" if mix & {"seed", "data"} else "B"

    found = search([["seed"], ["data", "code"]], either)
    assert found.cause is None
    assert set(found.contributing) == {"seed", "data"}
    assert set(found.towards_a) == {"seed"} and set(found.towards_b) == {"seed", "data"}


def test_two_that_act_only_together_contribute() -> None:
    """A's outcome needs both; changing either alone leaves B's."""
    found = search([["a.py", "b.py"], ["numpy", "x", "y"]], lambda m: needs_both(m))
    assert found.cause is None
    assert set(found.towards_a) == {"b.py", "numpy"}


def needs_both(mix: frozenset[str]) -> Side:
    return "A" if {"b.py", "numpy"} <= mix else "B"


def test_two_that_add_up_are_told_as_two() -> None:
    """With one of them the outcome is neither A's nor B's."""

    def adds(mix: frozenset[int]) -> Side:
        return ("B", "neither", "A")[len(mix & {3, 11})]  # type: ignore[return-value]

    found = search([range(16)], adds)
    assert set(found.towards_a) == set(found.towards_b) == {3, 11}
    assert found.cause is None


def test_no_innocent_factor_is_blamed() -> None:
    """Over random worlds with one cause, mixes that cannot run, and blocks: the cause is found."""
    draw = random.Random(7)
    for _ in range(300):
        count = draw.randrange(2, 30)
        cause = draw.randrange(count)
        broken = tuple(draw.sample(range(count), 2))  # run only together
        blocks: list[list[int]] = [[], [], []]
        for factor in range(count):
            blocks[draw.randrange(3)].append(factor)

        def oracle(mix: frozenset[int]) -> Side:
            if (broken[0] in mix) != (broken[1] in mix):  # noqa: B023
                return "neither"
            return "A" if cause in mix else "B"  # noqa: B023

        found = search([block for block in blocks if block], oracle)
        assert cause in found.towards_a
        assert set(found.towards_a) <= {cause, *broken}
        if cause not in broken:
            assert found.cause == cause


def test_nothing_is_named_when_all_factors_of_a_do_not_give_its_outcome() -> None:
    """The cause lies elsewhere, in hardware or chance: one trial, no name."""
    found = search([range(8)], lambda mix: "neither")
    assert (found.ending, found.cause, found.contributing, found.trials) == (
        "not-among-them",
        None,
        (),
        1,
    )


def test_nothing_is_named_when_b_does_not_repeat() -> None:
    """B's outcome must come again from B's own factors."""
    found = search([range(8)], lambda mix: "A")
    assert (found.ending, found.cause) == ("not-repeatable", None)


def test_no_mix_is_run_twice() -> None:
    """Every trial costs a run."""
    asked: list[frozenset[int]] = []

    def oracle(mix: frozenset[int]) -> Side:
        asked.append(mix)
        return "A" if {2, 9} <= mix else "B"

    found = search([range(6), range(6, 12)], oracle)
    assert len(asked) == len(set(asked)) == found.trials

"""What the three people claim about unseen digits, once all runs have deposited their answers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from peira.demo.digits import DATASET, SPLIT, TEST
from peira.demo.plan import DIVERGING
from peira.science.recipe import RUNS_MIN

if TYPE_CHECKING:
    from peira.demo.experiment import Result

GOAL = 0.975
"""What the project wants of digits that nobody has seen."""
_FALL_BACK = 0.95


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """A claim to be put to the hold-out, in the name of a person."""

    person: str
    threshold: float
    runs: list[str]
    why: str


def claims(results: list[Result]) -> list[Claimed]:
    """Return one claim of the goal for the best recipe of each person, and a modest one of the best
    recipe of all. A recipe is a family on a version, with all its seeds.
    """
    found: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        if result.val_accuracy is not None and result.trial.model != DIVERGING:
            found.setdefault((result.trial.family, result.trial.version), []).append(result)
    recipes = [recipe for recipe in found.values() if len(recipe) >= RUNS_MIN]
    best: dict[str, list[Result]] = {}
    for recipe in sorted(recipes, key=_mean):
        best[recipe[0].trial.person] = recipe
    claimed = [
        Claimed(
            person=person,
            threshold=GOAL,
            runs=[result.run for result in recipe],
            why=f"Does {_named(recipe)} reach the goal on digits that nobody has seen?",
        )
        for person, recipe in best.items()
    ]
    if recipes:
        winner = max(best.values(), key=_mean)
        why = f"What can be promised of {_named(winner)}?"
        runs = [result.run for result in winner]
        person = winner[0].trial.person
        claimed.append(Claimed(person=person, threshold=_FALL_BACK, runs=runs, why=why))
    return claimed


def look(root: Path, claimed: list[Claimed]) -> int:
    """Put claims to the hold-out of the lab at `root`, each in its person's name; return how
    many.
    """
    from peira.data import splits
    from peira.evaluate import ledger
    from peira.evaluate.ledger import Claim

    split = splits.read(root, DATASET, SPLIT)
    for one in claimed:
        os.environ["PEIRA_USER"] = one.person
        claim = Claim(threshold=one.threshold, runs=one.runs, why=one.why)
        ledger.look(root, split, TEST, claim)
    return len(claimed)


def _mean(recipe: list[Result]) -> float:
    return sum(result.val_accuracy or 0.0 for result in recipe) / len(recipe)


def _named(recipe: list[Result]) -> str:
    return f"{recipe[0].trial.family} on {recipe[0].trial.version}"

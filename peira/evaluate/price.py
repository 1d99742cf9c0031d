"""What a number that came from a hold-out cost: which look it was, at which level, or why it is no
hold-out any more. Said wherever the number is shown.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from peira.core.errors import NotFoundError
from peira.data import openers, sealed
from peira.data.catalog import Catalog
from peira.data.openers import Opened
from peira.data.reference import find_part
from peira.data.sealed import BudgetChange
from peira.evaluate import ledger
from peira.evaluate.ledger import Look
from peira.lab.lab import Lab
from peira.record.events import Evaluation


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """Where an evaluation's hold-out stands."""

    holdout: str
    """`dataset:split/part`"""
    looks: list[Look]
    """Looks at answers of this run; of all runs when none is named."""
    taken: int
    left: int
    is_sealed: bool
    warnings: list[str] = []
    """Which of the runs opened a file with sealed rows, or used them before they were sealed: this
    one, and those of the looks at its answers.
    """
    budget_changes: list[BudgetChange] = []
    unsealed_by: str = ""
    unsealed_why: str = ""

    @property
    def lines(self) -> list[str]:
        """What is to be said, a sentence each."""
        if not self.is_sealed:
            return [
                f"{self.holdout} was unsealed by {self.unsealed_by} ({self.unsealed_why}) after"
                f" {_looks(self.taken)}: it is a development set, and the number promises nothing"
                " about unseen samples"
            ]
        if not self.looks:
            return [
                *self.warnings,
                f"{self.holdout} is sealed: the answers are deposited, nobody has looked at them;"
                f" {_looks(self.left)} left",
                *(change.text for change in self.budget_changes),
            ]
        return [
            *self.warnings,
            *map(told, self.looks),
            f"{_looks(self.left)} left at {self.holdout}",
            *(change.text for change in self.budget_changes),
        ]

    @property
    def text(self) -> str:
        """All of it in one line."""
        return "; ".join(self.lines)


def told(look: Look) -> str:
    """Return what a look answered and what it cost.

    The number itself stays sealed; the level and the half-width were known before.
    """
    who = "this model" if look.scope == "model" else f"the recipe of {len(look.claim.runs)} runs"
    return (
        f"look {look.number}, by {look.by}: {who} {look.claimed}: {look.word}"
        f" (half-width {look.half_width:.3g}, tested at {100 * look.level:.3g} %)"
    )


def price_of(lab: Lab, evaluation: Evaluation, run: str | None = None) -> Price | None:
    """Return what an evaluation's numbers cost; None when they are of no hold-out.

    Args:
        run: only looks at its answers are listed.
    """
    if evaluation.dataset is None or evaluation.split is None:
        return None
    root = lab.root
    try:
        version = Catalog(root).find(evaluation.dataset)
        split, part = find_part(root, version, evaluation.split)
    except NotFoundError:  # removed since
        return None
    state = sealed.state_of(root, split, part)
    if state is None:
        return None
    taken = ledger.looks(root, split, part)
    looks = [look for look in taken if run is None or run in look.claim.runs]
    involved = {run, *(one for look in looks for one in look.claim.runs)} if run else set()
    opened = openers.opened_by(lab, openers.source_of(lab, split)) if involved else []
    budget = state.seal.budget if state.seal is not None else 0
    holdout = f"{split.dataset}:{split.name}/{part}"
    return Price(
        holdout=holdout,
        looks=looks,
        taken=len(taken),
        left=max(0, budget - len(taken)),
        is_sealed=state.seal is not None,
        warnings=_warnings([one for one in opened if one.run in involved], run),
        budget_changes=sealed.budget_changes(root, split, part),
        unsealed_by=state.unsealed_by,
        unsealed_why=state.unsealed_why,
    )


def _warnings(opened: list[Opened], run: str | None) -> list[str]:
    """Return a sentence for each run that had sealed rows with their labels, `run` first."""
    surest = {one.run: one for one in sorted(opened, key=lambda one: one.is_sure)}
    told = []
    for one in sorted(surest.values(), key=lambda one: one.run != run):
        who = "this run" if one.run == run else one.name
        are = "are" if one.is_sure else "may be"
        told.append(f"{who} {one.did}: its answers {are} not about unseen samples")
    return told


def prices(lab: Lab, run: str, evaluations: Sequence[Evaluation]) -> dict[str, Price]:
    """Return the prices of a run's evaluations, by their names."""
    latest = {evaluation.name: evaluation for evaluation in evaluations}
    found = {name: price_of(lab, one, run) for name, one in latest.items()}
    return {name: price for name, price in found.items() if price is not None}


def _looks(count: int) -> str:
    return f"{count} look{'s' if count != 1 else ''}"

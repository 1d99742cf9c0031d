"""What the three people decide: the goal before the first run, tags and a note after the last."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from peira.demo.plan import METRIC, PROJECT
from peira.lab.lab import Lab

if TYPE_CHECKING:
    from peira.demo.experiment import Result


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A record for the journal, in the name of a person."""

    person: str
    kind: str
    id: str
    value: Any


def goal() -> Decision:
    """Return the goal of the project: the highest validation accuracy."""
    value = {"metric": METRIC, "direction": "max"}
    return Decision(person="ada", kind="goal", id=PROJECT, value=value)


def review(results: list[Result]) -> list[Decision]:
    """Return what people say of the results: the best run of each family is a candidate, the worst
    seed of all is to be looked at, the diverged run is explained.
    """
    decisions = []
    finished = [r for r in results if r.val_accuracy is not None]
    for family in dict.fromkeys(r.trial.family for r in finished):
        best = max(
            (r for r in finished if r.trial.family == family), key=lambda r: r.val_accuracy or 0.0
        )
        person = best.trial.person
        decisions.append(Decision(person=person, kind="tag", id=best.run, value="candidate"))
    if finished:
        worst = min(finished, key=lambda r: r.val_accuracy or 0.0)
        decisions.append(Decision(person="grace", kind="tag", id=worst.run, value="look-again"))
    for result in results:
        if result.diverged_at is not None:
            text = (
                f"The loss left the finite numbers in epoch {result.diverged_at}: SGD at this "
                "learning rate is too much for a network without activation on raw pixels."
            )
            decisions.append(Decision(person="ada", kind="note", id=result.run, value=text))
            decisions.append(Decision(person="ada", kind="tag", id=result.run, value="diverged"))
    return decisions


def decide(root: Path, decisions: list[Decision]) -> int:
    """Write decisions to the journal of the lab at `root`, each in its person's name; return how
    many.
    """
    for decision in decisions:
        os.environ["PEIRA_USER"] = decision.person
        with Lab(root) as lab:
            if decision.kind == "goal":
                lab.set_goal(decision.id, decision.value)
            elif decision.kind == "tag":
                lab.tag(decision.id, decision.value)
            else:
                lab.note(decision.id, decision.value)
    return len(decisions)

"""The comparability guard: may two numbers stand in one column?

A mismatch either blocks (the numbers measure different things) or is noted (they measure the same,
under conditions that differ). Source: SCIENCE 1.10, the table of unfair comparisons.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from peira.record.events import Evaluation

Effect = Literal["block", "note"]


class Mismatch(msgspec.Struct, frozen=True):
    """One way in which two evaluations differ, and what follows."""

    effect: Effect
    what: str
    reason: str


_PARTS: tuple[tuple[str, Effect, str], ...] = (
    ("task", "block", "they answer different questions"),
    ("ids", "block", "other examples were evaluated"),
    ("labels", "block", "the same examples have other true values"),
    ("evaluator", "block", "the metrics are defined or computed otherwise"),
    ("classes", "note", "other classes could be, or were, predicted"),
    ("content", "note", "the examples come from different versions of the data"),
    ("step", "note", "they were made at different steps of training"),
)


def mismatches(left: Evaluation, right: Evaluation) -> list[Mismatch]:
    """Return how two evaluations differ in what they measure, blocking ways first; nothing when
    their numbers may stand in one column without a mark.
    """
    found = [
        Mismatch(_effect(part, effect, left, right), part, reason)
        for part, effect, reason in _PARTS
        if getattr(left, part) != getattr(right, part)
    ]
    return sorted(found, key=lambda mismatch: mismatch.effect != "block")


def _effect(part: str, effect: Effect, left: Evaluation, right: Evaluation) -> Effect:
    """The second of two classes is the one that precision and recall are of."""
    is_binary = "binary" in (left.task, right.task)
    return "block" if part == "classes" and is_binary else effect


def kind(evaluation: Evaluation) -> str:
    """Return a digest that is equal for evaluations whose numbers may stand in one column."""
    from blake3 import blake3

    blocking = [
        getattr(evaluation, part)
        for part, effect, _ in _PARTS
        if _effect(part, effect, evaluation, evaluation) == "block"
    ]
    return blake3(msgspec.json.encode(blocking)).hexdigest(length=8)

"""Which evaluation of a run is meant."""

from __future__ import annotations

from peira.core.errors import NotFoundError
from peira.core.text import printable
from peira.lab.runs import RunRecord
from peira.record.events import Evaluation


def choose(record: RunRecord, name: str | None = None, step: int | None = None) -> Evaluation:
    """Return the evaluation of a run by name and step; when nothing is said the latest one that
    keeps its samples, else the latest.

    Raises:
        NotFoundError: the run has no such evaluation; says which it has.
    """
    every = record.evaluations()
    found = [
        one
        for one in every
        if (name is None or one.name == name) and (step is None or one.step == step)
    ]
    if found:
        kept = [one for one in found if one.samples is not None]
        return kept[-1] if kept and name is None else found[-1]
    names = tuple(dict.fromkeys(one.name for one in every))
    what = "no evaluation" if name is None else f"no evaluation `{printable(name):.60}`"
    at = "" if step is None else f" at step {step}"
    raise NotFoundError(
        f"Run {printable(record.name)} ({record.id}) has {what}{at}.",
        suggestions=names,
        hint=f"It has {', '.join(map(printable, names))}."
        if names
        else "A program makes one with run.evaluate().",
    )

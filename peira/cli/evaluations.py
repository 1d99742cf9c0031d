"""The evaluations of a run as `peira show` has them: what was measured, and what it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peira.cli.format import number
from peira.core.text import printable

if TYPE_CHECKING:
    from peira.lab.lab import Lab
    from peira.lab.runs import RunRecord
    from peira.record.events import Evaluation


def section(lab: Lab, record: RunRecord) -> list[tuple[str, str]]:
    """Return a line for each evaluation, and below it the price of one on a hold-out."""
    every = record.evaluations()
    if not every:
        return []
    from peira.evaluate.copies import of_evaluation
    from peira.evaluate.price import prices

    costs = prices(lab, record.id, every)
    items = []
    for name in dict.fromkeys(one.name for one in every):
        own = [one for one in every if one.name == name]
        items.append((name, _told(own)))
        copied = of_evaluation(lab, record, own[-1])
        items += [("", copied.text)] if copied is not None else []
        if name in costs:
            items += [("", line) for line in costs[name].lines]
    return items


def _told(own: list[Evaluation]) -> str:
    last = own[-1]
    where = f" of {last.dataset}:{last.split}" if last.dataset else ""
    steps = f", at {len(own)} steps" if len(own) > 1 else ""
    return printable(f"{number(last.rows)} samples{where}, {last.task}{steps}")


def document(lab: Lab, record: RunRecord) -> list[dict[str, Any]]:
    """Return the evaluations of a run for programs, as `GET /api/runs/{run}/evaluations` does."""
    import msgspec

    from peira.evaluate.comparable import kind
    from peira.evaluate.price import prices

    every = record.evaluations()
    costs = prices(lab, record.id, every)
    return [
        {
            **msgspec.to_builtins(one),
            "kind": kind(one),
            "price": costs[one.name].text if one.name in costs else None,
        }
        for one in every
    ]

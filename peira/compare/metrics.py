"""The metrics section: last and best values, deltas to the first run, and who is better."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from msgspec.structs import replace
from sqlalchemy import Connection

from peira.compare.comparison import MetricRow, MetricSection, Numbers, counted
from peira.compare.values import is_rounding, same
from peira.core.direction import Direction, guess_direction, is_clock
from peira.evaluate.comparable import mismatches
from peira.evaluate.fairness import unfair
from peira.lab.lab import Lab
from peira.lab.query.catalog import Catalog
from peira.lab.runs import MetricSummary, RunRecord

SYSTEM = "system/"
"""Metrics of the machine: they differ in every run."""

Goals = dict[str, set[Direction]]
Summaries = list[MetricSummary | None]


def metrics(lab: Lab, records: Sequence[RunRecord]) -> MetricSection:
    """Return every metric of the runs, those of the projects' goals first."""
    goals = read_goals(lab, {record.project for record in records})
    keys = dict.fromkeys(key for record in records for key in record.metrics)
    ordered = sorted(keys, key=lambda key: key not in goals)  # stable: the rest keep their order
    rows = [_row(key, [record.metrics.get(key) for record in records], goals) for key in ordered]
    unlike, remarks = _unlike(lab, records)
    rows = [_judged(row, unlike) for row in rows]
    recorded = [bool(record.metrics) for record in records]
    return MetricSection(name="metrics", remarks=remarks, rows=rows, **counted(rows, recorded))


def _unlike(lab: Lab, records: Sequence[RunRecord]) -> tuple[dict[str, str], list[str]]:
    """Return the evaluations whose numbers may not stand beside each other, with the reason, and
    what is to be said of all evaluations.

    Source: SCIENCE 1.10, the table of unfair comparisons.
    """
    told = [{e.name: e for e in record.evaluations()} for record in records]  # the last one counts
    unlike: dict[str, str] = {}
    remarks: list[str] = []
    for record, evaluations in zip(records, told, strict=True):
        for name in dict.fromkeys(name for others in told for name in others):
            if name not in evaluations and any(
                key.startswith(f"{name}/") for key in record.metrics
            ):
                unlike[name] = f"{record.name} only logged {name}/, on unknown examples"
    remarks += [f"{name}/ is not comparable: {why}" for name, why in unlike.items()]
    for name in dict.fromkeys(name for evaluations in told for name in evaluations):
        first, *others = (evaluations[name] for evaluations in told if name in evaluations)
        found = [mismatch for other in others for mismatch in mismatches(first, other)]
        blocking = list(dict.fromkeys(m.reason for m in found if m.effect == "block"))
        if name in unlike:
            continue
        if blocking:
            unlike[name] = "; ".join(blocking)
            remarks.append(f"{name}/ is not comparable: {unlike[name]}")
        else:
            remarks += dict.fromkeys(f"{name}/: {m.reason}" for m in found)
    shared = next((name for name in told[0] if all(name in other for other in told)), None)
    if shared is not None:
        fairness = [m for other in records[1:] for m in unfair(lab, records[0], other, shared)]
        remarks += dict.fromkeys(
            f"{'unfair: ' if m.effect == 'block' else ''}{m.reason}" for m in fairness
        )
    return unlike, remarks


def _judged(row: MetricRow, unlike: dict[str, str]) -> MetricRow:
    """Take deltas and winners from the numbers of evaluations that measure different things."""
    reason = next((why for name, why in unlike.items() if row.name.startswith(f"{name}/")), "")
    if not reason:
        return row
    last, best = (
        numbers and replace(numbers, winner=None, deltas=[None] * len(numbers.deltas))
        for numbers in (row.last, row.best)
    )
    assert last is not None
    return replace(row, last=last, best=best, incomparable=reason)


def read_goals(lab: Lab, projects: Iterable[str]) -> Goals:
    """Return what the projects want of which metric; more than one word when they disagree."""

    def ask(connection: Connection) -> Goals:
        found: Goals = {}
        for project in projects:
            for goal in Catalog(connection, project).goals():
                found.setdefault(goal.metric, set()).add(goal.direction)
        return found

    return lab.ask(ask)


def direction_of(key: str, goals: Goals) -> tuple[Direction | None, bool]:
    """Return whether more or less of a metric is better, and whether a goal says so."""
    said = goals.get(key, set())
    return (next(iter(said)), True) if len(said) == 1 else (guess_direction(key), False)


def _row(key: str, found: Summaries, goals: Goals) -> MetricRow:
    direction, is_goal = direction_of(key, goals)
    last = _numbers(
        [None if s is None else s.last for s in found],
        [None if s is None else s.last_step for s in found],
        direction,
    )
    best = None
    if direction is not None:
        best = _numbers(
            [None if s is None else getattr(s, direction) for s in found],
            [None if s is None else getattr(s, f"{direction}_step") for s in found],
            direction,
        )
    told = [n.values for n in (last, best) if n is not None]
    counts = [0 if s is None else s.count for s in found]
    nonfinite = [0 if s is None else s.nonfinite for s in found]
    return MetricRow(
        name=key,
        direction=direction,
        direction_from=None if direction is None else "goal" if is_goal else "name",
        last=last,
        best=best,
        counts=counts,
        nonfinite=nonfinite,
        # Two curves of other lengths are not the same, whatever their ends.
        differs=any(not same(v[0], other) for v in [*told, counts, nonfinite] for other in v[1:]),
        is_incidental=is_clock(key) and not is_goal,
    )


def _numbers(
    values: list[float | None], steps: list[int | None], direction: Direction | None
) -> Numbers:
    base = values[0]
    deltas = [None, *(_delta(base, value) for value in values[1:])]
    return Numbers(values=values, steps=steps, deltas=deltas, winner=_winner(values, direction))


def _delta(base: float | None, value: float | None) -> float | None:
    if base is None or value is None or not (math.isfinite(base) and math.isfinite(value)):
        return None
    return value - base


def _winner(values: list[float | None], direction: Direction | None) -> int | None:
    """Return the one run that is better than every other run that has a value, of at least two;
    rounding makes none better.
    """
    there = [v for v in values if v is not None]
    finite = [v for v in there if math.isfinite(v)]
    if direction is None or len(there) < 2 or not finite:
        return None
    best = max(finite) if direction == "max" else min(finite)
    holders = [
        i for i, value in enumerate(values) if value is not None and is_rounding(value, best)
    ]
    return holders[0] if len(holders) == 1 else None

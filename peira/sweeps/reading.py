"""Reading sweeps: which a lab has, how far one is, and its trials as columns.

    list_sweeps(root)           a row a sweep, the latest first
    read_sweep(root, "last")    one, with its definition and its trials

Nothing is written, and no worker is disturbed. 10,000 trials are read in about half a second.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import msgspec

from peira.core.errors import DamagedError, NotFoundError, UnsupportedError
from peira.sweeps.definition import Confirms, Definition, Objective
from peira.sweeps.domain import Value
from peira.sweeps.folder import SweepFolder, find_sweep, sweep_folders
from peira.sweeps.ledger import WITH_VALUES, Attempt, Ledger, State
from peira.sweeps.records import Member

SweepState = Literal["running", "paused", "stopped", "finished", "waiting"]
"""`waiting`: trials are left, and no worker is at it: `peira sweep resume`."""


class Best(msgspec.Struct, frozen=True, kw_only=True):
    """A trial that none is better than."""

    trial: int
    values: tuple[float, ...]
    params: dict[str, Value]
    run: str | None


class SweepRow(msgspec.Struct, frozen=True, kw_only=True):
    """A sweep and how far it is. Times are seconds since the epoch."""

    id: str
    name: str
    project: str
    created: float
    by: str
    why: str | None
    state: SweepState
    confirms: Confirms | None
    """The trial of another sweep that it runs on fresh seeds."""
    warm: int
    """So many earlier runs the sampler started from."""
    what: str
    """The program, or the Python function."""
    space: list[str]
    """As words of a command line."""
    where: list[str]
    objectives: tuple[Objective, ...]
    sampler: str
    pruner: str
    trials: int | None
    """Asked for."""
    counts: dict[State, int]
    best: Best | None
    """The best trial; with several objectives one of the front."""
    front: list[Best]
    """With several objectives: the trials that no other beats in all of them."""
    budget_s: float | None
    worked_s: float
    """So long at least one trial has run."""
    last: float
    """When something was last begun or ended."""
    workers: int

    @property
    def done(self) -> int:
        """Trials that have ended."""
        return sum(self.counts.values()) - self.counts["running"]


class TrialColumns(msgspec.Struct, frozen=True, kw_only=True):
    """The trials of a sweep by number, in columns of equal length."""

    number: list[int]
    attempt: list[int]
    state: list[State]
    source: list[str]
    run: list[str | None]
    values: list[list[float | None]]
    """A column an objective; None without a value, NaN when it was none."""
    params: dict[str, list[Value]]
    """A column a param; None where a trial does not have it, and where null is its value:"""
    nulls: dict[str, list[int]] = {}
    """the places of these, by name."""
    started: list[float]
    ended: list[float | None]
    took_s: list[float | None]
    """From the draw of the params to the end."""
    objective_s: list[float | None]
    """The training itself."""
    ask_s: list[float | None]
    """The sampler."""
    reason: list[str]
    steps: list[int]
    """Values that were reported on the way."""
    best_so_far: list[float | None]
    """The best value among the trials that had ended when this one did."""

    def __len__(self) -> int:
        return len(self.number)

    def params_at(self, places: Iterable[int]) -> list[dict[str, Value]]:
        """Return the params of the trials at some places, each with those that it has."""
        nulls = {name: set(found) for name, found in self.nulls.items()}
        return [
            {
                name: column[i]
                for name, column in self.params.items()
                if column[i] is not None or i in nulls.get(name, ())
            }
            for i in places
        ]

    def rows(self) -> list[dict[str, Any]]:
        """Return a document a trial, params nested."""
        params = self.params_at(range(len(self)))
        return [
            {
                "trial": self.number[i],
                "state": self.state[i],
                "values": [column[i] for column in self.values],
                "params": params[i],
                "run": self.run[i],
                "attempt": self.attempt[i],
                "source": self.source[i],
                "started": self.started[i],
                "ended": self.ended[i],
                "took_s": self.took_s[i],
                "objective_s": self.objective_s[i],
                "ask_s": self.ask_s[i],
                "reason": self.reason[i],
            }
            for i in range(len(self))
        ]


class SweepReading(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a sweep."""

    row: SweepRow
    definition: Definition
    trials: TrialColumns
    members: list[Member]
    """The workers that live."""


def list_sweeps(root: Path, project: str | None = None) -> list[SweepRow]:
    """Return the sweeps of a lab, the latest first. One that cannot be read is passed over.

    >>> list_sweeps(lab.root, "mnist")                                        # doctest: +SKIP
    """
    found = []
    for folder in sweep_folders(root):
        try:
            definition = folder.read()
        except (NotFoundError, DamagedError, UnsupportedError):
            continue
        if project is None or definition.project == project:
            found.append(read_row(_caught_up(folder, definition)))
    return found


def read_sweep(root: Path, text: str) -> SweepReading:
    """Return a sweep by its id, the start or end of it, its name, or `last`.

    Raises:
        NotFoundError, AmbiguousError: there is none, or more than one.
        DamagedError, UnsupportedError: its definition cannot be read.

    >>> read_sweep(lab.root, "last").row.best.params                          # doctest: +SKIP
    """
    folder = find_sweep(root, text)
    return reading_of(_caught_up(folder, folder.read()))


def reading_of(ledger: Ledger) -> SweepReading:
    """Return what a ledger knows."""
    return SweepReading(
        row=read_row(ledger),
        definition=ledger.definition,
        trials=read_trials(ledger),
        members=ledger.members(),
    )


def _caught_up(folder: SweepFolder, definition: Definition) -> Ledger:
    ledger = Ledger(folder, definition)
    ledger.catch_up()
    return ledger


def read_row(ledger: Ledger) -> SweepRow:
    """Return how far a sweep is."""
    definition = ledger.definition
    members = len(ledger.members())
    front = best_trials(ledger)
    times = [t for e in ledger.trials.values() if (t := e.last.ended or e.last.started)]
    return SweepRow(
        id=ledger.folder.id,
        name=definition.name,
        project=definition.project,
        created=definition.created,
        by=definition.by,
        why=definition.why,
        state=sweep_state(ledger, members),
        confirms=definition.confirms,
        warm=len(definition.warm),
        what=what_of(definition),
        space=definition.space.words(),
        where=list(definition.space.where),
        objectives=definition.objectives,
        sampler=definition.sampler.text,
        pruner=definition.pruner.text,
        trials=ledger.trials_asked,
        counts=ledger.counts(),
        best=front[0] if front else None,
        front=front if definition.is_several else [],
        budget_s=ledger.budget_s,
        worked_s=ledger.worked_s(),
        last=max(times, default=definition.created),
        workers=members,
    )


def what_of(definition: Definition) -> str:
    """Return the program or the function of a sweep, as a person names it."""
    import sys

    if definition.program is not None:
        words = definition.program.command
        return " ".join(words[1:] if words[0] == sys.executable else words)
    if definition.function is not None:
        place = definition.function.place or definition.function.name
        return place.rpartition("/")[2]
    return "elsewhere"


def sweep_state(ledger: Ledger, members: int) -> SweepState:
    """Return the state of a sweep.

    Args:
        members: how many workers live.
    """
    if ledger.is_over:
        return "stopped" if ledger.is_stopped and ledger.next_free() else "finished"
    if ledger.is_paused:
        return "paused"
    return "running" if members or ledger.running() else "waiting"


def best_trials(ledger: Ledger) -> list[Best]:
    """Return the best trial, of equal ones the first; with several objectives all that no other
    beats, in the order of the first objective.
    """
    objectives = ledger.definition.objectives
    found = []
    for number in sorted(ledger.trials):
        last = ledger.trials[number].last
        if last.end is None or last.end.state not in WITH_VALUES:
            continue
        values = last.values
        if len(values) == len(objectives) and all(map(math.isfinite, values)):
            found.append(Best(trial=number, values=values, params=last.params, run=last.run))
    if len(objectives) == 1:
        sign = _signs(objectives)[0]
        best = min(found, key=lambda one: sign * one.values[0], default=None)
        return [] if best is None else [best]
    return _front(found, _signs(objectives))


def _signs(objectives: tuple[Objective, ...]) -> list[int]:
    return [1 if o.direction == "minimize" else -1 for o in objectives]


def _front(found: list[Best], signs: list[int]) -> list[Best]:
    """Return those that none beats, those with equal values too, by the first objective."""
    if not found:
        return []
    import numpy as np

    costs = np.array([one.values for one in found]) * signs  # (trials, objectives)
    front: list[Best] = []
    kept = np.empty_like(costs)  # what those of the front cost, each once
    count = 0
    # Sorted, so that none is beaten by a later one, and equal ones stand side by side.
    for i in np.lexsort(costs.T[::-1]):
        if count and (kept[count - 1] == costs[i]).all():
            front.append(found[i])
        elif not (kept[:count] <= costs[i]).all(axis=1).any():
            front.append(found[i])
            kept[count] = costs[i]
            count += 1
    return front


def read_trials(ledger: Ledger) -> TrialColumns:
    """Return the trials of a sweep in columns."""
    definition = ledger.definition
    numbers = sorted(ledger.trials)
    lasts = [ledger.trials[number].last for number in numbers]
    names = dict.fromkeys(definition.space.names)
    names.update(dict.fromkeys(name for last in lasts for name in last.params))
    ends = [last.end for last in lasts]
    return TrialColumns(
        number=numbers,
        attempt=[last.attempt for last in lasts],
        state=[ledger.state(number) for number in numbers],
        source=[last.source for last in lasts],
        run=[last.run for last in lasts],
        values=[
            [last.values[i] if i < len(last.values) else None for last in lasts]
            for i in range(len(definition.objectives))
        ],
        params={name: [last.params.get(name) for last in lasts] for name in names},
        nulls=_nulls([last.params for last in lasts]),
        started=[last.started for last in lasts],
        ended=[last.ended for last in lasts],
        took_s=[end.took_s if end else None for end in ends],
        objective_s=[end.objective_s if end else None for end in ends],
        ask_s=[
            end.ask_s if end else last.claim.ask_s if last.claim else None
            for end, last in zip(ends, lasts, strict=True)
        ],
        reason=[end.reason if end else "" for end in ends],
        steps=[
            max(end.reports if end else 0, len(last.reports))
            for end, last in zip(ends, lasts, strict=True)
        ],
        best_so_far=_best_so_far(definition.objective, lasts),
    )


def _nulls(params: Iterable[dict[str, Value]]) -> dict[str, list[int]]:
    """Return the places at which a param is null, by name."""
    found: dict[str, list[int]] = {}
    for i, one in enumerate(params):
        for name, value in one.items():
            if value is None:
                found.setdefault(name, []).append(i)
    return found


def _best_so_far(objective: Objective, lasts: list[Attempt]) -> list[float | None]:
    found: list[float | None] = [None] * len(lasts)
    best: float | None = None
    order = [i for i, last in enumerate(lasts) if last.end is not None]
    for i in sorted(order, key=lambda i: (lasts[i].ended, i)):
        last = lasts[i]
        assert last.end is not None
        if last.end.state in WITH_VALUES and last.values and math.isfinite(last.values[0]):
            value = last.values[0]
            if best is None or objective.is_better(value, best):
                best = value
        found[i] = best
    return found

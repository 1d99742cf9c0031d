"""A sweep as the API tells it: what its files say, and what follows from them."""

from __future__ import annotations

import math
import shlex
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from peira.core.errors import NotFoundError, UsageError
from peira.lab.axes import literal_of
from peira.science.selection import expected_best
from peira.science.shuffled import best_between
from peira.server.cells import cell
from peira.server.sweep_records import (
    BestTrial,
    Clock,
    ConfirmedRow,
    ConfirmsRow,
    ExpectedBest,
    ObjectiveOfSweep,
    SweepAnswer,
    SweepListRow,
    TrialsColumns,
    WinnerRow,
)
from peira.sweeps.arguments import Arguments
from peira.sweeps.definition import Definition, Objective
from peira.sweeps.domain import Value
from peira.sweeps.ledger import WITH_VALUES
from peira.sweeps.reading import Best, SweepReading, SweepRow, TrialColumns, read_sweep
from peira.sweeps.winner import judge_winner

COUNTS_MAX = 80
"""Numbers of trials at which the expected best is told."""


def open_sweep(root: Path, project: str, text: str) -> SweepReading:
    """Return a sweep of a project.

    Raises:
        NotFoundError, AmbiguousError: there is none there, or more than one.
    """
    found = read_sweep(root, text)
    if found.row.project != project:
        raise NotFoundError(f"There is no sweep {text:.60} in the project {project:.60}.")
    return found


def row_of(row: SweepRow) -> SweepListRow:
    """Return how far a sweep is."""
    return SweepListRow(
        id=row.id, name=row.name, project=row.project, created=row.created, by=row.by,
        why=row.why, state=row.state, confirms=_confirms(row), what=row.what,
        space=row.space, where=row.where,
        objectives=[_objective(one) for one in row.objectives], sampler=row.sampler,
        pruner=row.pruner, trials=row.trials, done=row.done,
        counts={str(state): count for state, count in row.counts.items()},
        best=None if row.best is None else _best(row.best), front=len(row.front),
        budget_s=row.budget_s, worked_s=row.worked_s, last=row.last, workers=row.workers,
    )  # fmt: skip


def _confirms(row: SweepRow) -> ConfirmsRow | None:
    found = row.confirms
    return None if found is None else ConfirmsRow(sweep=found.sweep, trial=found.trial)


def answer_of(root: Path, found: SweepReading, rev: int, started: float) -> SweepAnswer:
    """Return the whole of a sweep."""
    definition, best = found.definition, found.row.best
    return SweepAnswer(
        sweep=row_of(found.row),
        front=[_best(one) for one in found.row.front],
        trials=_columns(found.trials),
        expected=None if definition.is_several else _expected(found.trials, definition.objective),
        clock=_clock(found.trials),
        winner=_winner(root, found),
        command=None if best is None else command_of(definition, best.params),
        query=f"sweep = {literal_of(found.row.id)}",
        hosts=sorted({member.host for member in found.members}),
        took_ms=round((time.perf_counter() - started) * 1000, 3),
        rev=rev,
    )


def command_of(definition: Definition, params: dict[str, Value]) -> str | None:
    """Return the command line that runs a program once with these params; None when there is no
    program, or it does not take them any more.

    The program's text is read, and nothing of it is executed.
    """
    if definition.program is None:
        return None
    staged = definition.program
    try:
        given = Arguments(staged.command, Path(staged.directory), list(params)).given(params)
    except (UsageError, OSError):
        return None
    words = ["python" if word == sys.executable else word for word in given.command]
    settings = [f"--set={name}={value}" for name, value in {**staged.set, **given.settings}.items()]
    return shlex.join(["peira", "run", *settings, *words])


def _objective(one: Objective) -> ObjectiveOfSweep:
    return ObjectiveOfSweep(
        name=one.text, direction="min" if one.direction == "minimize" else "max"
    )


def _best(one: Best) -> BestTrial:
    return BestTrial(trial=one.trial, values=list(one.values), params=cell(one.params), run=one.run)


def _columns(trials: TrialColumns) -> TrialsColumns:
    return TrialsColumns(
        number=trials.number, attempt=trials.attempt, state=list(trials.state),
        source=trials.source, run=trials.run, values=cell(trials.values),
        params=cell(trials.params), started=trials.started, ended=trials.ended,
        took_s=trials.took_s, ask_s=trials.ask_s, reason=trials.reason, steps=trials.steps,
        best_so_far=cell(trials.best_so_far),
    )  # fmt: skip


def _expected(trials: TrialColumns, objective: Objective) -> ExpectedBest | None:
    """Return the best of k for up to `COUNTS_MAX` k; trials without a value count as the worst."""
    ended = [n for n, state in enumerate(trials.state) if state != "running"]
    values = np.array([_value(trials, n) for n in ended], np.float64)
    if len(values) < 2 or not np.isfinite(values).any():
        return None
    counts = sorted({int(k) for k in np.linspace(1, len(values), COUNTS_MAX).round()})
    highest = objective.direction == "maximize"
    with np.errstate(invalid="ignore"):  # an infinite worst times the chance of it
        mean = expected_best(values, highest=highest, counts=counts)
    low, high = best_between(values, counts, highest=highest)
    return ExpectedBest(counts=counts, mean=_finite(mean), low=_finite(low), high=_finite(high))


def _value(trials: TrialColumns, n: int) -> float:
    value = trials.values[0][n] if trials.state[n] in WITH_VALUES else None
    return math.nan if value is None or not math.isfinite(value) else value


def _finite(values: Any) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in values.tolist()]


def _clock(trials: TrialColumns) -> Clock:
    training = math.fsum(value for value in trials.objective_s if value is not None)
    asked = [value for value in trials.ask_s if value is not None]
    took = math.fsum(value for value in trials.took_s if value is not None)
    sampler = math.fsum(asked)
    return Clock(
        training_s=training,
        sampler_s=sampler,
        other_s=max(0.0, took - training - sampler),
        ask_s=sampler / len(asked) if asked else None,
    )


def _winner(root: Path, found: SweepReading) -> WinnerRow | None:
    best = found.row.best
    if best is None or found.definition.is_several:
        return None
    if found.row.state == "running":  # each trial that ends would make it anew
        return WinnerRow(
            trial=best.trial, run=best.run, raw=best.values[0], corrected=None, bound=None,
            trials=0, examples=0, remark="the sweep is running", confirmed=[],
        )  # fmt: skip
    winner = judge_winner(root, found)
    assert winner is not None, "there is a best trial"
    return WinnerRow(
        trial=winner.trial, run=winner.run, raw=winner.raw, corrected=winner.corrected,
        bound=winner.bound, trials=winner.trials, examples=winner.examples, remark=winner.remark,
        confirmed=[
            ConfirmedRow(
                sweep=one.sweep, name=one.name, trial=one.trial, runs=len(one.values),
                varied=one.is_varied, mean=one.mean, low=one.low, high=one.high,
                failed=one.failed,
            )
            for one in winner.confirmed
        ],
    )  # fmt: skip

"""Sweeps side by side at equal tuning budgets: the expected best of equally many trials."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from peira.core.errors import UsageError
from peira.science.selection import expected_best, expected_best_error
from peira.sweeps.ledger import WITH_VALUES
from peira.sweeps.reading import SweepReading


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """What one sweep has found, and for how much."""

    sweep: str
    name: str
    trials: int
    """Trials that have ended, those too that gave nothing: they were paid for."""
    worked_s: float
    best: float | None
    expected: float | None
    """The expected best of so many of its trials as are compared; None when it has fewer, or when
    as many may all give nothing.
    """
    error: float | None
    """The standard error of that; None where the best trial alone decides it."""


class Budgets(msgspec.Struct, frozen=True, kw_only=True):
    """Sweeps at equal numbers of trials."""

    metric: str
    direction: str
    at: int
    rows: list[Budget]
    remarks: list[str]


def compare_budgets(readings: Sequence[SweepReading], trials: int | None = None) -> Budgets:
    """Return sweeps at an equal number of trials: that of the smallest when None.

    Raises:
        UsageError: they have different metrics or directions, several objectives, or no trial of
            one has ended.
    """
    several = [r.row.name for r in readings if r.definition.is_several]
    if several:
        raise UsageError(
            f"{several[0]} has several objectives, so it has no single best to compare.",
            hint="Look at their fronts: peira sweep show.",
        )
    objectives = {(r.definition.objective.text, r.definition.objective.direction) for r in readings}
    if len(objectives) > 1:
        told = ", ".join(sorted(f"{direction} {metric}" for metric, direction in objectives))
        raise UsageError(f"The sweeps have different objectives: {told}.")
    (metric, direction) = next(iter(objectives))
    values = [_values(reading) for reading in readings]
    fewest = min(len(found) for found in values)
    if fewest == 0:
        raise UsageError("A sweep without a trial that has ended cannot be compared.")
    at = fewest if trials is None else trials
    rows = [_budget(r, v, at) for r, v in zip(readings, values, strict=True)]
    return Budgets(
        metric=metric,
        direction=direction,
        at=at,
        rows=rows,
        remarks=_remarks(readings, [len(v) for v in values], at),
    )


def _values(reading: SweepReading) -> list[float]:
    """Return the value of each trial that has ended, NaN where it gave nothing."""
    trials = reading.trials
    return [
        float(v) if s in WITH_VALUES and v is not None and math.isfinite(v) else math.nan
        for s, v in zip(trials.state, trials.values[0], strict=True)
        if s != "running"
    ]


def _budget(reading: SweepReading, values: Sequence[float], at: int) -> Budget:
    highest = reading.definition.objective.direction == "maximize"
    expected = error = None
    if at <= len(values):
        found = float(expected_best(values, highest=highest, counts=[at])[0])
        expected = found if math.isfinite(found) else None
        if expected is not None and at <= len(values) // 2 and not np.isnan(values).any():
            error = expected_best_error(values, at, highest=highest)
    best = reading.row.best
    return Budget(
        sweep=reading.row.id,
        name=reading.row.name,
        trials=len(values),
        worked_s=reading.row.worked_s,
        best=None if best is None else best.values[0],
        expected=expected,
        error=error,
    )


def _remarks(readings: Sequence[SweepReading], counts: Sequence[int], at: int) -> list[str]:
    found = []
    if max(counts) > min(counts):
        found.append(
            f"The tuning budgets differ: {min(counts)} to {max(counts)} trials. Compare the"
            f" expected best of {at}, not the best."
        )
    learners = [r for r in readings if r.row.sampler.partition(":")[0] not in _BLIND]
    unknown = [r.row.name for r in learners if r.definition.is_external]
    if unknown:
        found.append(
            f"{', '.join(unknown)}: run elsewhere, perhaps by a sampler that learnt from earlier"
            " trials; then the expected best of fewer trials is too good."
        )
    learning = [r.row.name for r in learners if not r.definition.is_external]
    if learning:
        found.append(
            f"{', '.join(learning)}: the sampler learnt from earlier trials, so the expected best"
            " of fewer trials is too good."
        )
    short = [r.row.name for r, count in zip(readings, counts, strict=True) if count < at]
    if short:
        found.append(f"{', '.join(short)}: fewer than {at} trials.")
    return found


_BLIND = {"random", "grid", "qmc", "brute"}
"""Samplers that draw each trial without looking at the others."""

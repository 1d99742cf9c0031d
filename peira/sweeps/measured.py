"""The value of an objective, from the points that a run has logged."""

from __future__ import annotations

import math
from pathlib import Path

from peira.core.errors import DamagedError, LabError, NotFoundError
from peira.sweeps.definition import Objective
from peira.sweeps.task import Outcome

KEYS_SHOWN = 8


def measure(lab: Path, run: str, objective: Objective) -> float | None:
    """Return what a run logged of an objective, summed up as it says; None when nothing was."""
    from peira.lab.points import FolderPoints  # a third of a second, which a function needs not

    points = FolderPoints(lab)
    try:
        values = points.series(run, objective.metric).values.tolist()
    except (NotFoundError, DamagedError, LabError):
        return None
    finally:
        points.close()
    return summed_up(values, objective)


def summed_up(values: list[float], objective: Objective) -> float | None:
    """Return one value for those that were logged; None when there are none.

    NaN does not count where another value can be taken: `min` is the least of the others.
    """
    if not values:
        return None
    if objective.summary == "last":
        return values[-1]
    if objective.summary == "first":
        return values[0]
    finite = [value for value in values if not math.isnan(value)]
    if not finite:
        return math.nan
    if objective.summary == "mean":
        return math.fsum(finite) / len(finite)
    is_least = objective.summary == "min" or (
        objective.summary == "best" and objective.direction == "minimize"
    )
    return min(finite) if is_least else max(finite)


def outcome_of(
    lab: Path, run: str, objectives: tuple[Objective, ...], objective_s: float
) -> Outcome:
    """Return the outcome of a run that ended well: complete, or without a number."""
    values = [measure(lab, run, objective) for objective in objectives]
    missing = [o.metric for o, value in zip(objectives, values, strict=True) if value is None]
    if missing:
        return Outcome(
            state="failed",
            run=run,
            objective_s=objective_s,
            reason=f"it logged no {' and no '.join(missing)}{_logged(lab, run)}",
        )
    return judged([value for value in values if value is not None], run, objective_s)


def judged(values: list[float], run: str | None, objective_s: float) -> Outcome:
    """Return the outcome of a trial that has come to these values."""
    if all(map(math.isfinite, values)):
        return Outcome(state="complete", values=tuple(values), run=run, objective_s=objective_s)
    told = ", ".join(f"{value:g}" for value in values)
    return Outcome(
        state="nan",
        values=tuple(values),
        run=run,
        objective_s=objective_s,
        reason=f"its value is {told}",
    )


def _logged(lab: Path, run: str) -> str:
    from peira.lab.points import FolderPoints

    points = FolderPoints(lab)
    try:
        keys = [key for key in points.keys(run) if not key.startswith("system/")]
    except (NotFoundError, DamagedError, LabError):
        keys = []
    finally:
        points.close()
    if not keys:
        return ": it logged no metric at all"
    return f"; it logged {', '.join(keys[:KEYS_SHOWN])}{' …' if len(keys) > KEYS_SHOWN else ''}"

"""The winner of a sweep is a candidate: what it is worth beside what it scored.

Its value was the best of many on the examples that chose it, so it flatters. Where every trial that
could have won evaluated the same examples with results down to the sample, the choice is repeated
on bootstrapped examples (BBC, `peira/science/selection.py`). Elsewhere it is said why not. Runs of
the winner on fresh seeds (`peira sweep confirm`) stand beside both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from peira.core.errors import DamagedError, NotFoundError
from peira.evaluate import samples
from peira.lab.lab import Lab
from peira.lab.student import quantile
from peira.objects.folder import FolderObjects
from peira.record.events import Evaluation
from peira.record.folder import run_folder
from peira.science.selection import Corrected, correct_winner
from peira.sweeps.definition import Direction, Objective
from peira.sweeps.domain import Value
from peira.sweeps.folder import sweep_folders
from peira.sweeps.ledger import WITH_VALUES
from peira.sweeps.reading import SweepReading, read_sweep

CONFIGURATIONS_MAX = 200
"""So many of the best trials compete; a trial far below never wins on other examples either."""
_CELLS_MAX = 50_000_000


class Confirmed(msgspec.Struct, frozen=True, kw_only=True):
    """What runs of the winner on fresh seeds gave."""

    sweep: str
    """The sweep that ran them, and its name."""
    name: str
    trial: int
    """Which trial's params they have."""
    runs: list[str]
    values: list[float]
    mean: float | None
    low: float | None
    """The 95 % interval of the mean over seeds (Student's t); None with one run, and where all
    runs gave the same.
    """
    high: float | None
    is_varied: bool
    """Whether the runs differ. If not, the seed had no effect: they are one piece of evidence."""
    failed: int
    """Runs that gave no value: they count against a recipe, and are not in the mean."""


class Winner(msgspec.Struct, frozen=True, kw_only=True):
    """The best trial of a sweep with one objective. Values are those of the objective."""

    trial: int
    run: str | None
    params: dict[str, Value]
    metric: str
    direction: Direction
    raw: float
    """As it scored."""
    corrected: float | None
    """What it is worth on other examples; None when that cannot be told."""
    bound: float | None
    """It is at least this good, in 95 of 100 sweeps: below for what is maximized, above for what is
    minimized.
    """
    trials: int
    """So many trials competed,"""
    examples: int
    """on so many examples."""
    evaluation: str
    """Which evaluation of the runs it was computed from."""
    remark: str
    """Why there is no corrected value; empty when there is one."""
    confirmed: list[Confirmed]


def judge_winner(root: Path, reading: SweepReading) -> Winner | None:
    """Return the winner of a sweep; None when no trial has a value, or with several objectives.

    Args:
        root: the lab.

    >>> judge_winner(lab.root, read_sweep(lab.root, "last")).corrected        # doctest: +SKIP
    0.964
    """
    best = reading.row.best
    if best is None or reading.definition.is_several:
        return None
    found = _correct(root, reading)
    objective = reading.definition.objective
    return Winner(
        trial=best.trial,
        run=best.run,
        params=best.params,
        metric=objective.text,
        direction=objective.direction,
        raw=best.values[0],
        corrected=found.value,
        bound=found.bound,
        trials=found.trials,
        examples=found.examples,
        evaluation=found.evaluation,
        remark=found.remark,
        confirmed=confirmations(root, reading.row.id),
    )


def confirmations(root: Path, sweep: str) -> list[Confirmed]:
    """Return what confirms the winner of a sweep, the latest first."""
    found = []
    for folder in sweep_folders(root):
        try:
            confirms = folder.read().confirms
        except (NotFoundError, DamagedError):
            continue
        if confirms is not None and confirms.sweep == sweep:
            found.append(_confirmed(read_sweep(root, folder.id)))
    return found


def _confirmed(reading: SweepReading) -> Confirmed:
    trials, confirms = reading.trials, reading.definition.confirms
    assert confirms is not None
    kept = [
        i
        for i, state in enumerate(trials.state)
        if state in WITH_VALUES and (v := trials.values[0][i]) is not None and math.isfinite(v)
    ]
    values = [float(trials.values[0][i] or 0.0) for i in kept]
    mean = math.fsum(values) / len(values) if values else None
    half = None
    is_varied = len(set(values)) > 1
    if mean is not None and is_varied:
        spread = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (len(values) - 1))
        half = quantile(0.975, len(values) - 1) * spread / math.sqrt(len(values))
    ended = [state for state in trials.state if state != "running"]
    return Confirmed(
        sweep=reading.row.id,
        name=reading.row.name,
        trial=confirms.trial,
        runs=[run for i in kept if (run := trials.run[i]) is not None],
        values=values,
        mean=mean,
        low=None if mean is None or half is None else mean - half,
        high=None if mean is None or half is None else mean + half,
        is_varied=is_varied,
        failed=len(ended) - len(kept),
    )


class _Correction(NamedTuple):
    value: float | None = None
    bound: float | None = None
    trials: int = 0
    examples: int = 0
    evaluation: str = ""
    remark: str = ""


class _Competitor(NamedTuple):
    value: float
    run: str


def _correct(root: Path, reading: SweepReading) -> _Correction:
    competitors = _competitors(reading)
    if not competitors:
        return _Correction(remark="no trial has a run")
    if len(competitors) == 1:
        return _Correction(remark="one trial was not chosen among others")
    told = tuple(_told_bytes(root, one.run) for one in competitors)
    return _corrected(root, tuple(competitors), reading.definition.objective, told)


def _told_bytes(root: Path, run: str) -> int:
    """Return how much a run has told: more, when it was evaluated since."""
    return sum(path.stat().st_size for path in run_folder(root, run).events_files())


@lru_cache(maxsize=64)
def _corrected(
    root: Path, competitors: tuple[_Competitor, ...], objective: Objective, told_bytes: object
) -> _Correction:
    """Correct the first of the competitors; kept, since a screen asks again and again, as long as
    none of them tells more.
    """
    with Lab(root, create=False) as lab:
        lab.catch_up()
        lab.is_kept_up = True
        told = [_evaluations(lab, one.run) for one in competitors]
        objects = lab.objects
    common = _common(told)
    if isinstance(common, str):
        return _Correction(remark=common)
    name, evaluations = common
    try:
        right, losses = _tables(objects, evaluations)
    except (NotFoundError, DamagedError) as error:
        return _Correction(remark=f"per-sample results cannot be read: {error.message}")
    values = np.array([one.value for one in competitors])
    scored = _as_scores(values, right, losses)
    if scored is None:
        return _Correction(
            evaluation=name,
            remark=f"{objective.text} is not the mean of what the evaluation {name} keeps of each"
            " sample (right or wrong, loss)",
        )
    scores, sign, offset = scored
    if (sign > 0) is not (objective.direction == "maximize"):
        return _Correction(evaluation=name, remark="the worse side of the metric was searched")
    found: Corrected = correct_winner(scores)
    return _Correction(
        value=offset + sign * found.estimate,
        bound=offset + sign * found.lower,
        trials=found.configurations,
        examples=found.examples,
        evaluation=name,
    )


def _competitors(reading: SweepReading) -> list[_Competitor]:
    """Return the best trials, the best first."""
    trials = reading.trials
    sign = 1 if reading.definition.objective.direction == "minimize" else -1
    found = [
        _Competitor(float(value), run)
        for state, value, run in zip(trials.state, trials.values[0], trials.run, strict=True)
        if state in WITH_VALUES and value is not None and math.isfinite(value) and run
    ]
    return sorted(found, key=lambda one: sign * one.value)[:CONFIGURATIONS_MAX]


def _evaluations(lab: Lab, run: str) -> dict[str, Evaluation]:
    """Return the last evaluation of each name that has results of each sample."""
    try:
        told = lab.run(run).evaluations()
    except NotFoundError:
        return {}
    return {one.name: one for one in told if one.samples is not None}


def _common(told: Sequence[dict[str, Evaluation]]) -> tuple[str, list[Evaluation]] | str:
    """Return an evaluation that all have, on the same examples; or why there is none."""
    having = sum(bool(one) for one in told)
    if not having:
        return "no trial kept per-sample results (run.evaluate keeps them)"
    if having < len(told):
        return f"{len(told) - having} of the {len(told)} best trials kept no per-sample results"
    reason = "the trials evaluated different splits"
    for name in told[0]:
        if all(name in one for one in told):
            found = [one[name] for one in told]
            if len({(one.ids, one.labels) for one in found}) == 1:
                return name, found
            reason = f"the trials evaluated {name} on different examples"
    return reason


def _tables(
    objects: FolderObjects, evaluations: Sequence[Evaluation]
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    """Return who was right and the losses, (trials, examples) each; None where it is not known."""
    kept = max(2, _CELLS_MAX // max(1, evaluations[0].rows))
    right, losses = [], []
    for evaluation in evaluations[:kept]:
        assert evaluation.samples is not None
        found = samples.read(objects, evaluation.samples)
        order = np.argsort(np.asarray(found["id"], dtype=str), kind="stable")
        right.append(_numbers(found.get("correct"), order))
        losses.append(_numbers(found.get("loss"), order))
    return _stacked(right), _stacked(losses)


def _numbers(column: object, order: NDArray[np.int64]) -> NDArray[np.float64] | None:
    if column is None:
        return None
    try:
        values = np.asarray(column, dtype=np.float64)[order]
    except (TypeError, ValueError):
        return None  # of this task nothing is right or wrong
    return values if np.isfinite(values).all() else None


def _stacked(rows: Sequence[NDArray[np.float64] | None]) -> NDArray[np.float64] | None:
    there = [row for row in rows if row is not None]
    return np.stack(there) if len(there) == len(rows) else None


def _as_scores(
    values: NDArray[np.float64],
    right: NDArray[np.float64] | None,
    losses: NDArray[np.float64] | None,
) -> tuple[NDArray[np.float64], float, float] | None:
    """Return (scores, sign, offset) such that `offset + sign * mean score` is the objective of each
    trial; None when it is no mean over the samples. More of a score is better.
    """
    candidates = []
    if right is not None:
        candidates += [(right, 1.0, 0.0), (right, -1.0, 1.0)]  # accuracy; error rate
    if losses is not None:
        candidates += [(-losses, -1.0, 0.0)]
    for scores, sign, offset in candidates:
        means = offset + sign * scores.mean(axis=1)
        if np.allclose(means, values[: len(means)], rtol=1e-5, atol=1e-6):
            return scores, sign, offset
    return None

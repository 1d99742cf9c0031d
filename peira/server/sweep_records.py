"""Requests and answers about sweeps, as `records.py`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from peira.server.records import Answer, Request

Count = Annotated[int, Meta(ge=0, le=1_000_000)]


class ObjectiveOfSweep(Answer, frozen=True, kw_only=True):
    """A metric as a query writes it, and which side of it is better."""

    name: str
    direction: Literal["min", "max"]


class BestTrial(Answer, frozen=True, kw_only=True):
    """A trial that none is better than."""

    trial: int
    values: list[float]
    params: dict[str, Any]
    run: str | None


class ConfirmsRow(Answer, frozen=True, kw_only=True):
    """The trial of another sweep that is run on fresh seeds."""

    sweep: str
    trial: int


class SweepListRow(Answer, frozen=True, kw_only=True):
    """A sweep and how far it is."""

    id: str
    name: str
    project: str
    created: float
    by: str
    why: str | None
    state: str
    confirms: ConfirmsRow | None
    what: str
    space: list[str]
    where: list[str]
    objectives: list[ObjectiveOfSweep]
    sampler: str
    pruner: str
    trials: int | None
    counts: dict[str, int]
    done: int
    best: BestTrial | None
    """The best trial; with several objectives one of the front."""
    front: int
    """So many trials no other beats in all objectives; 0 with one objective."""
    budget_s: float | None
    worked_s: float
    last: float
    workers: int


class SweepsAnswer(Answer, frozen=True, kw_only=True):
    """The sweeps of a project, the latest first."""

    sweeps: list[SweepListRow]
    rev: int


class TrialsColumns(Answer, frozen=True, kw_only=True):
    """The trials by number, in columns of equal length."""

    number: list[int]
    attempt: list[int]
    state: list[str]
    source: list[str]
    run: list[str | None]
    values: list[list[Any]]
    params: dict[str, list[Any]]
    started: list[float]
    ended: list[float | None]
    took_s: list[float | None]
    ask_s: list[float | None]
    reason: list[str]
    steps: list[int]
    best_so_far: list[Any]


class ExpectedBest(Answer, frozen=True, kw_only=True):
    """The best of so many trials in any order: its mean, and where 9 of 10 orders lie."""

    counts: list[int]
    mean: list[Any]
    low: list[Any]
    high: list[Any]


class Clock(Answer, frozen=True, kw_only=True):
    """Where the time went, in seconds over all trials that have ended."""

    training_s: float
    sampler_s: float
    other_s: float
    ask_s: float | None
    """The sampler, per trial."""


class ConfirmedRow(Answer, frozen=True, kw_only=True):
    """What runs of the winner on fresh seeds gave."""

    sweep: str
    name: str
    trial: int
    """Which trial's params they have."""
    runs: int
    varied: bool
    """Whether they differ: if not, the seed had no effect, and they confirm nothing."""
    mean: float | None
    low: float | None
    high: float | None
    failed: int


class WinnerRow(Answer, frozen=True, kw_only=True):
    """The best trial as a candidate: what it measured, and what that is worth elsewhere."""

    trial: int
    run: str | None
    raw: float
    corrected: float | None
    bound: float | None
    """At least this good, in 95 of 100 sweeps."""
    trials: int
    examples: int
    remark: str
    """Why there is no corrected value."""
    confirmed: list[ConfirmedRow]


class SweepAnswer(Answer, frozen=True, kw_only=True):
    """The Sweep screen."""

    sweep: SweepListRow
    front: list[BestTrial]
    trials: TrialsColumns
    expected: ExpectedBest | None
    clock: Clock
    winner: WinnerRow | None
    command: str | None
    """Runs the best trial's params again by hand."""
    query: str
    """Finds the runs of the sweep."""
    hosts: list[str]
    """Of the workers that live."""
    took_ms: float
    rev: int


class DecisionRequest(Request, frozen=True, kw_only=True):
    """What a person decides of a sweep. `trials` and `budget_s` belong to `extend`."""

    action: Literal["pause", "resume", "stop", "extend"]
    trials: Count = 0
    budget_s: Annotated[float, Meta(ge=0, le=1e9)] = 0.0
    now: bool = False
    """Of `stop`: trials that run are ended, too."""

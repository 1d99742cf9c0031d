"""What is written of a sweep while it runs: claims of trials, what is told of them, what people
decide, and signs of life of workers. Each is declared once; see docs/formats/sweeps.md.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from peira.sweeps.domain import Value

Source = Literal["sampler", "given", "grid", "foreign"]
"""Where the params of a trial come from."""
EndState = Literal["complete", "pruned", "failed", "nan", "killed", "reused"]
END_STATES: tuple[EndState, ...] = ("complete", "pruned", "failed", "nan", "killed", "reused")
Action = Literal["pause", "resume", "stop", "extend", "note"]

Stored = float | Literal["NaN", "Infinity", "-Infinity"]
"""A number as JSON can hold it."""


class Claim(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`trials/<number>.<attempt>.json`: a trial, and the worker that runs it."""

    trial: int
    attempt: int
    time: float
    params: dict[str, Value]
    source: Source = "sampler"
    attrs: dict[str, Any] = {}
    """What the sampler keeps of it."""
    ask_s: float = 0.0
    """So long the sampler took."""
    writer: str
    """Id of the worker."""
    host: str
    boot: str
    pid: int
    pid_started: float


class Told(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag=str.lower
):
    """Base of the lines of `told.<writer>.jsonl`."""

    trial: int
    attempt: int
    time: float


class Begun(Told, frozen=True, kw_only=True, omit_defaults=True, tag="begun"):
    """The trial has a run; `program` is the process that was started for it."""

    run: str
    program: int = 0
    program_started: float = 0.0


class Report(Told, frozen=True, kw_only=True, omit_defaults=True, tag="report"):
    """A value of the objective on the way, for the pruner."""

    step: int
    value: Stored


class Attrs(Told, frozen=True, kw_only=True, omit_defaults=True, tag="attrs"):
    """What the pruner keeps of the trial."""

    values: dict[str, Any]


class Valued(Told, frozen=True, kw_only=True, omit_defaults=True, tag="value"):
    """What a function has come to, told before its run is ended."""

    values: tuple[Stored, ...]


class End(Told, frozen=True, kw_only=True, omit_defaults=True, tag="end"):
    """The trial has ended. It holds all that is known of it, so that nothing else needs to be read.

    `started` is when its params were drawn; `took_s` counts from there to the end, `objective_s` is
    the training itself. `stopped`: it was ended on purpose, because the sweep was to stop.
    """

    state: EndState
    values: tuple[Stored, ...] = ()
    params: dict[str, Value]
    source: Source = "sampler"
    attrs: dict[str, Any] = {}
    run: str | None = None
    started: float
    ask_s: float = 0.0
    took_s: float = 0.0
    objective_s: float = 0.0
    reason: str = ""
    stopped: bool = False
    reports: int = 0


AnyTold = Begun | Report | Attrs | Valued | End


class Control(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of `control.<writer>.jsonl`: what a person decided. `pause`, `resume` and `stop`
    replace one another; each `extend` adds.
    """

    time: float
    by: str
    action: Action
    trials: int = 0
    budget_s: float = 0.0
    now: bool = False
    """Of `stop`: running trials are ended, too."""
    text: str = ""
    again: tuple[tuple[int, int], ...] = ()
    """Of `resume`: (trial, attempt) that are to be run though the retries are used up."""


class Member(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`workers/<writer>.json`: a worker. It touches the file while it lives, and removes it."""

    writer: str
    host: str
    boot: str
    pid: int
    pid_started: float
    time: float
    gpus: str | None = None


def stored(value: float) -> Stored:
    """Return a number as JSON can hold it.

    >>> stored(float("nan")), stored(0.5)
    ('NaN', 0.5)
    """
    from peira.core.values import plain

    found: Stored = plain(float(value))
    return found


def number(value: Stored) -> float:
    """Return the number that `stored` stored."""
    return float(value)

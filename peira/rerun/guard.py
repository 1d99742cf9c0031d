"""The repeat guard: whether what is about to run has run already.

    before()    before a program starts: what it would repeat, and which runs are near
    beside()    in a program that has begun, from a thread: what it repeats
    confirm()   when it has ended and all is known: what it did repeat

Nothing is said of replicates, which are evidence, and of what is done on purpose. Before a program
runs, the guard is as certain as its record of the earlier run is complete; see `likeness.py` for
what is compared. `docs/explanation/repeats.md` says what people see.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Literal

import msgspec

from peira.capture import fingerprint
from peira.capture.fingerprint import Choices
from peira.capture.param_roles import plain_name, role
from peira.core.direction import is_clock
from peira.lab.earlier import EarlierRuns
from peira.lab.recorded import Recorded
from peira.rerun.identify import files
from peira.rerun.likeness import (
    Beginning,
    Kind,
    Likeness,
    choices_differ,
    compare,
    reads_elsewhere,
)

Policy = Literal["warn", "skip", "refuse"]

REPEATS: tuple[Kind, ...] = ("exact repeat", "repeat in disguise")
TOLD: tuple[Kind, ...] = (*REPEATS, "unseeded", "reproduction attempt")
"""Kinds of which people are told, the most certain first."""
_STATES = ("finished", "running", "failed", "killed", "silent")
"""States of an earlier run, by how much it says."""
COMPARED_MAX = 20
COMPARED_RESULTS_MAX = 5
NEAREST_MAX = 3


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What the guard found in a lab."""

    likeness: Likeness | None = None
    """To the earlier run that says most, if there is one of the kinds in `TOLD`."""
    nearest: Sequence[Likeness] = ()
    """Runs of which one choice was another: first those with the same code and data."""
    results: Mapping[str, tuple[str, float]] = msgspec.field(default_factory=dict)
    """A metric of each of these runs and its last value, by run id."""

    @property
    def is_reusable(self) -> bool:
        """Whether the earlier run may stand for this one, for a person who asks for that: as
        `is_done`, or there is no seed on record.
        """
        found = self.likeness
        return self.is_done or (
            found is not None and found.kind == "unseeded" and found.run.state == "finished"
        )

    @property
    def is_done(self) -> bool:
        """Whether the very same has run to its end."""
        found = self.likeness
        return found is not None and found.kind in REPEATS and found.run.state == "finished"


def before(earlier: EarlierRuns, now: Beginning, project: str) -> Found:
    """Return what a program that is not started yet would repeat. Its params are not known, only
    what it is told.
    """
    entry = fingerprint.entry(project, now.program)
    if not entry:
        return Found()
    latest = earlier.latest(entry)
    called = earlier.called(entry, fingerprint.call(now.arguments))
    runs = {run.id: run for run in (*called, *latest)}
    return _judge(earlier, now, list(runs.values()), _defaults(latest))


def beside(earlier: EarlierRuns, now: Beginning, project: str) -> Found:
    """Return what a program that has begun, and knows its params, repeats."""
    entry = fingerprint.entry(project, now.program)
    latest = earlier.latest(entry, limit=1) if entry else []
    if not latest:
        return Found()
    names = latest[0].fingerprint.variables  # other code reads others, and is no repeat
    params = now.params or {}
    choices = Choices(
        params=params,
        arguments=now.arguments,
        variables={name: now.environment[name] for name in names if name in now.environment},
    )
    seeds = {name: value for name, value in params.items() if role(name, value) == "seed"}
    runs = earlier.chosen(entry, fingerprint.config(choices), seeds)
    return _judge(earlier, now, runs, {})


def confirm(earlier: EarlierRuns, own: Recorded) -> Found:
    """Return the earlier run that one that has ended was the same as.

    Without a seed on record, it was the same if its results are.
    """
    found = own.fingerprint
    if not all((found.entry, found.config, found.tree, found.data, found.env)):
        return Found()
    runs = earlier.same(found)
    if not found.seed:
        results = _results(earlier, own)
        runs = [run for run in runs if results and _results(earlier, run) == results]
    likenesses = [
        Likeness(
            run=run,
            differs={} if run.fingerprint.code == found.code else {"code": ["layout"]},
            is_same_result=not found.seed,
        )
        for run in runs
    ]
    return _strongest(earlier, likenesses, ())


def is_meant(why: str | None, run: Recorded) -> bool:
    """Whether a stated reason makes a repeat of `run` one that is done on purpose: a reason that
    the earlier run was not given, too.
    """
    return bool(why) and why != run.birth.why


def _judge(
    earlier: EarlierRuns, now: Beginning, runs: Sequence[Recorded], defaults: _Defaults
) -> Found:
    now = msgspec.structs.replace(now, digest=cache(now.digest))
    apart = [
        (run, choices_differ(run, now, defaults.get(run.fingerprint.code, {}))) for run in runs
    ]
    same = [earlier.read(run) for run, differs in apart if not differs][:COMPARED_MAX]
    same = [run for run in same if not reads_elsewhere(run, now)]
    likenesses = [compare(run, now, {}) for run in _telling(same)]
    near = [Likeness(run=run, differs=differs) for run, differs in apart if differs]
    nearest: dict[str, Likeness] = {}
    for likeness in near:  # of runs that are the same but for their seeds, the newest
        if likeness.kind == "variation":
            nearest.setdefault(likeness.differs["config"][0], likeness)
    shown = [_with_files(earlier, one, now) for one in list(nearest.values())[:NEAREST_MAX]]
    return _strongest(earlier, likenesses, sorted(shown, key=lambda one: len(one.differs)))


def _with_files(earlier: EarlierRuns, near: Likeness, now: Beginning) -> Likeness:
    """Return a variation with what else is not as it was: its code, its data."""
    files = compare(earlier.read(near.run), now, {}).differs
    return msgspec.structs.replace(near, differs={**files, **near.differs})


def _telling(runs: Sequence[Recorded]) -> list[Recorded]:
    """Return the runs that tell what the program would read now: those that read the same files as
    the newest one. A program that goes on from its checkpoint reads more the second time.
    """
    newest = next((run for run in runs if run.state == "finished"), None)
    if newest is None:
        return list(runs)

    def read(run: Recorded) -> set[str]:
        return {path for _, path in files(run, "input")}

    return [run for run in runs if run.state != "finished" or read(run) == read(newest)]


def _strongest(
    earlier: EarlierRuns, likenesses: Sequence[Likeness], nearest: Sequence[Likeness]
) -> Found:
    told = [likeness for likeness in _settled(earlier, likenesses) if likeness.kind in TOLD]
    best = min(
        told,
        key=lambda one: (_STATES.index(one.run.state), TOLD.index(one.kind)),
        default=None,
    )
    shown = [*nearest, *([best] if best else [])]
    results = {one.run.id: earlier.result(one.run) for one in shown}
    return Found(
        likeness=best,
        nearest=nearest,
        results={run: result for run, result in results.items() if result is not None},
    )


def _settled(earlier: EarlierRuns, likenesses: Sequence[Likeness]) -> list[Likeness]:
    """Decide about runs without a seed: where there are several, their results tell whether they
    are the same each time, or evidence.
    """
    settled = [one for one in likenesses if one.kind != "unseeded"]
    open_ones = [one for one in likenesses if one.kind == "unseeded"]
    done = [one for one in open_ones if one.run.state == "finished"]
    if len(done) < 2:
        return [*settled, *open_ones]
    first, *others = [_results(earlier, one.run) for one in done[:COMPARED_RESULTS_MAX]]
    if not first or any(other != first for other in others):
        return settled
    return [*settled, *(msgspec.structs.replace(one, is_same_result=True) for one in done)]


def _results(earlier: EarlierRuns, run: Recorded) -> dict[str, str]:
    """Return what a run measured, apart from times, to be compared to the last digit."""
    values = earlier.last_values(run)
    return {name: repr(value) for name, value in values.items() if not is_clock(name)}


_Defaults = Mapping[str, Mapping[str, Any]]


def _defaults(runs: Iterable[Recorded]) -> _Defaults:
    """Return, by code, the values that options had in runs that were not told them."""
    found: dict[str, dict[str, Any]] = {}
    for run in runs:
        known = found.setdefault(run.fingerprint.code, {})
        for name, value in run.params.items():
            for plain in {plain_name(name), plain_name(name).rpartition("/")[2]}:
                if plain not in run.fingerprint.options:
                    known.setdefault(plain, value)
    return found

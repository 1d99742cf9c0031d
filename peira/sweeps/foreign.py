"""Searches that something else runs: recorded as sweeps, each trial as a run.

    folder = foreign_sweep(lab, ForeignSweep(name="search", key="…", …))    made once for a key
    record_trial(folder, ForeignTrial(number=3, params=…, values=(0.93,)))   -> id of its run

A user's Optuna study, GridSearchCV, an AutoML leaderboard: all of them go through `record_trial`.
Recording a trial again does nothing, so a search can be recorded while it runs, and once more
afterwards.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec

from peira.capture.birth import user_name
from peira.core import ids
from peira.core.clock import now_s
from peira.core.errors import LabError
from peira.core.names import new_name
from peira.core.settings import read_settings
from peira.core.values import param_value
from peira.core.version import __version__
from peira.record import events, lines, liveness
from peira.record.append import AppendFile
from peira.record.folder import make_lab, make_run, write_birth, write_once
from peira.record.voice import Voice
from peira.record.writer import Writer
from peira.session import project_name
from peira.sweeps.definition import FORMAT, Definition, Method, Objective
from peira.sweeps.domain import Domain, Float, Int, Value
from peira.sweeps.folder import NAME, SweepFolder, make_sweep, new_sweep_id
from peira.sweeps.ledger import Ledger
from peira.sweeps.observations import seen_domain
from peira.sweeps.records import Claim, End, EndState, stored
from peira.sweeps.space import Param, Space

_STATUS: dict[EndState, events.EndStatus] = {"failed": "failed", "killed": "killed"}


class ForeignSweep(msgspec.Struct, frozen=True, kw_only=True):
    """A search as it is told by who ran it."""

    key: str
    """What tells it from others: the same key is the same sweep."""
    objectives: tuple[Objective, ...]
    space: Space
    what: str
    """Who searched: `optuna`, `scikit-learn`, …"""
    sampler: str = "random"
    name: str | None = None
    project: str | None = None
    why: str | None = None
    created: float | None = None


class ForeignTrial(msgspec.Struct, frozen=True, kw_only=True):
    """A trial that has ended, as it is told by who ran it."""

    number: int
    params: dict[str, Any]
    values: tuple[float, ...] = ()
    """Of the objectives; empty when it has none."""
    state: EndState = "complete"
    started: float | None = None
    """Seconds since the epoch."""
    ended: float | None = None
    name: str | None = None
    run: str | None = None
    """Its run, when it has one already."""
    metrics: dict[str, float] = {}
    """Other metrics of it."""
    steps: dict[int, float] = {}
    """The first objective on the way."""
    facts: dict[str, Any] = {}
    """What else is known of it: kept with its run, not searched."""
    reason: str = ""


def foreign_sweep(lab: Path, told: ForeignSweep) -> SweepFolder:
    """Return the sweep of a foreign search, made when the lab has none of its key.

    Raises:
        UsageError: it cannot be: no metric, no params.
        LabError: it cannot be stored.
    """
    make_lab(lab)
    place = lab / NAME / f"key-{blake2b(told.key.encode(), digest_size=12).hexdigest()}"
    known = _known(place)
    if known is None:
        place.parent.mkdir(mode=0o700, exist_ok=True)
        write_once(place, new_sweep_id(lab).encode() + b"\n")
        known = _known(place)
    if known is None:
        raise LabError(f"{place} cannot be read.", hint="Remove it; it is made again.")
    folder = SweepFolder(lab / NAME / known)
    if (folder.path / "sweep.json").exists():
        return folder
    definition = Definition(
        format=FORMAT,
        id=known,
        name=told.name or new_name(),
        project=project_name(told.project, read_settings(), str(Path.cwd())),
        created=now_s() if told.created is None else told.created,
        by=user_name(),
        host=liveness.host(),
        why=told.why,
        tags=(told.what,),
        space=told.space,
        objectives=told.objectives,
        sampler=Method(name=told.sampler),
    )
    definition.check()
    try:
        return make_sweep(lab, definition)
    except OSError as error:
        if (folder.path / "sweep.json").exists():  # another process was quicker
            return folder
        raise LabError(f"The sweep {folder.path} cannot be written: {error.strerror}.") from error


class ForeignRecord:
    """Writes the trials of one foreign search. One process, any thread at a time.

    >>> record = ForeignRecord(folder)                                        # doctest: +SKIP
    >>> record.add(ForeignTrial(number=0, params={"lr": 0.1}, values=(0.93,)))  # doctest: +SKIP
    """

    def __init__(self, folder: SweepFolder) -> None:
        self.folder = folder
        self._ledger = Ledger(folder)
        self._ledger.catch_up()
        self._writer = ids.new_writer_id()
        self._pid = os.getpid()

    def run_of(self, number: int) -> str | None:
        """Return the run of a trial that is recorded."""
        entry = self._ledger.trials.get(number)
        return None if entry is None or entry.last.end is None else entry.last.run or ""

    def add(self, trial: ForeignTrial) -> str:
        """Record a trial and return the id of its run; one that is recorded already stays.

        Raises:
            LabError, OSError: it cannot be stored.
        """
        known = self.run_of(trial.number)
        if known is not None:
            return known
        definition = self._ledger.definition
        ended = trial.ended if trial.ended is not None else now_s()
        started = min(ended, trial.started if trial.started is not None else ended)
        params = {name: plain_value(value) for name, value in trial.params.items()}
        claim = Claim(
            trial=trial.number,
            attempt=1,
            time=started,
            params=params,
            source="foreign",
            writer=self._writer,
            host=liveness.host(),
            boot=liveness.boot_id(),
            pid=os.getpid(),
            pid_started=liveness.process_started(os.getpid()),
        )
        if not self.folder.claim(claim):
            self._ledger.catch_up()
            known = self.run_of(trial.number)
            if known is not None:
                return known  # another process has recorded it; else it has not told its end
        state = _state(trial)
        run = trial.run or _write_run(
            self.folder.lab, definition, trial, params=params, span=(started, ended), state=state
        )
        self._tell(
            End(
                trial=trial.number,
                attempt=1,
                time=ended,
                state=state,
                values=tuple(stored(value) for value in trial.values),
                params=params,
                source="foreign",
                run=run,
                started=started,
                took_s=round(ended - started, 6),
                objective_s=round(ended - started, 6),
                reason=trial.reason,
                reports=len(trial.steps),
            )
        )
        return run

    def _tell(self, end: End) -> None:
        if os.getpid() != self._pid:  # a fork: its lines are its own
            self._writer, self._pid = ids.new_writer_id(), os.getpid()
        file = AppendFile(self.folder.told(self._writer))
        try:
            file.append(lines.encode(end))
            file.sync()
        finally:
            file.close()


def record_trial(folder: SweepFolder, trial: ForeignTrial) -> str:
    """Record one trial of a foreign search and return the id of its run."""
    return ForeignRecord(folder).add(trial)


def plain_value(value: Any) -> Value:
    """Return a param as a sweep keeps it: scalars as they are, objects by what they are.

    >>> plain_value([64, 64]), plain_value(3), plain_value(dict)
    ('[64, 64]', 3, 'dict')
    """
    if value is None or isinstance(value, bool | str):
        return value
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        value = value.item()
    if isinstance(value, int | float):
        is_kept = isinstance(value, int) or math.isfinite(value)
        return value if is_kept else str(value)
    if isinstance(value, bool | str):
        return value
    if hasattr(value, "__qualname__"):  # a class, a function; an object that can be called is told
        return str(value.__qualname__)
    if isinstance(value, list | tuple | dict | set):
        return json.dumps(value, default=str)
    told = re.sub(r" at 0x[0-9a-fA-F]+", "", str(value))  # another one in each process
    return " ".join(told.split())[:200]


def space_of(rows: Sequence[Mapping[str, Any]], known: Mapping[str, Domain] | None = None) -> Space:
    """Return a space that holds all trials: what is known of it, the rest from the values seen.

    >>> [p.text for p in space_of([{"C": 0.1, "k": "rbf"}, {"C": 10.0, "k": "poly"}]).params]
    ['C=0.1,10.0', 'k=poly,rbf']
    """
    names = dict.fromkeys([*(known or {}), *(name for row in rows for name in row)])
    params = []
    for name in names:
        domain = (known or {}).get(name)
        if domain is None:
            domain = seen_domain([plain_value(row[name]) for row in rows if name in row])
        params.append(Param(name=name, domain=domain))
    return Space(params=tuple(params))


def joined(domains: Iterable[Domain]) -> Domain:
    """Return the domain that holds several of one param: a search that was changed on the way."""
    found: Domain | None = None
    for domain in domains:
        if found is None or found == domain:
            found = domain
        elif isinstance(found, Float | Int) or isinstance(domain, Float | Int):
            found = _joined_range(found, domain)
        else:
            values = [v for one in (found, domain) for v in _ends(one)]
            found = seen_domain(values)
    assert found is not None
    return found


def _joined_range(one: Domain, other: Domain) -> Domain:
    """Return the range over a range and what else was searched; a list when that is no number."""
    ends = [*_ends(one), *_ends(other)]
    numbers = [v for v in ends if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) < len(ends):
        return seen_domain(ends)
    low, high = min(numbers), max(numbers)
    log = low > 0 and all(d.log for d in (one, other) if isinstance(d, Float | Int))
    if all(isinstance(v, int) for v in numbers):
        return Int(low=int(low), high=int(high), log=log)
    return Float(low=float(low), high=float(high), log=log)


def _ends(domain: Domain) -> list[Value]:
    if isinstance(domain, Float | Int):
        return [domain.low, domain.high]
    return list(domain.grid(""))


def _state(trial: ForeignTrial) -> EndState:
    if trial.state == "complete" and not (trial.values and all(map(math.isfinite, trial.values))):
        return "nan" if trial.values else "failed"
    return trial.state


def _write_run(
    lab: Path,
    definition: Definition,
    trial: ForeignTrial,
    *,
    params: Mapping[str, Value],
    span: tuple[float, float],
    state: EndState,
) -> str:
    """Write the finished run of a trial, and return its id."""
    started, ended = span
    folder = make_run(lab, started)
    birth = events.Birth(
        format=events.FORMAT,
        id=folder.id,
        name=trial.name or f"{definition.name}-{trial.number}",
        project=definition.project,
        created=started,
        sweep=definition.id,
        trial=trial.number,
        user=user_name(),
        host=liveness.host(),
        peira=__version__,
    )
    write_birth(folder, birth)
    writer = Writer(folder, voice=Voice(is_quiet=True), on_rejected=lambda key, reason: None)
    try:
        writer.record(events.Params(time=started, values=dict(params)))
        if definition.tags:
            writer.record(events.Tags(time=started, add=[*definition.tags]))
        if trial.facts:
            facts = param_value(dict(trial.facts))
            writer.record(events.Captured(time=started, aspect="search", value=facts))
        _write_points(writer, definition, trial)
        failure = None
        if state in ("failed", "killed") and trial.reason:
            failure = events.Failure(type="", message=trial.reason, traceback="")
        writer.record(
            events.End(
                time=ended,
                status=_STATUS.get(state, "finished"),
                duration_s=ended - started,
                error=failure,
            )
        )
    finally:
        writer.close()
    return folder.id


def _write_points(writer: Writer, definition: Definition, trial: ForeignTrial) -> None:
    first = definition.objective.metric
    for step in sorted(trial.steps):
        writer.log({first: trial.steps[step]}, step)
    last = max(trial.steps, default=-1)
    values = {o.metric: v for o, v in zip(definition.objectives, trial.values, strict=False)}
    if trial.steps and values.get(first) == trial.steps[last]:
        del values[first]  # the curve ends with it
    row = {**trial.metrics, **values}
    if row:
        writer.log(row, last + 1)


def _known(place: Path) -> str | None:
    try:
        text = place.read_text().strip()
    except OSError:
        return None
    return text if ids.is_run_id(text) else None

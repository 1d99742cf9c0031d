"""The runs that a resumed run goes on from, generation after generation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, select

from peira.lab.index import schema
from peira.lab.query.several import among
from peira.record.events import Birth, Origin

GENERATIONS_MAX = 100

_birth_decoder = msgspec.json.Decoder(Birth)


class Generation(NamedTuple):
    """One run of a chain. Times are seconds since the epoch."""

    run: str
    name: str
    begun: float
    until: float
    """The last step that the run that was asked for inherits; infinity for itself."""
    clock: float
    """Seconds of training before this run began: those of its ancestors up to the forks."""


Chain = list[Generation]
"""Ancestors and the run itself, the eldest first."""


class _Row(NamedTuple):
    n: int
    id: str
    name: str
    created: float
    origin: Origin | None


def read_chains(connection: Connection, runs: Sequence[str]) -> dict[str, Chain]:
    """Return the chain of each run that goes on from another one, by its id."""
    known: dict[str, _Row] = {}
    wanted = list(runs)
    for _ in range(GENERATIONS_MAX):
        fresh = [run for run in dict.fromkeys(wanted) if run not in known]
        if not fresh:
            break
        rows = _read_rows(connection, fresh)
        known |= {row.id: row for row in rows}
        wanted = [row.origin.run for row in rows if row.origin is not None]
    forks = _read_forks(connection, known)
    chains = {run: _chain(run, known, forks) for run in runs if run in known}
    return {run: chain for run, chain in chains.items() if len(chain) > 1}


def _read_rows(connection: Connection, ids: Sequence[str]) -> list[_Row]:
    run = schema.run.c
    question = select(run.n, run.id, run.name, run.created, run.origin_how, run.birth)
    found = []
    for row in connection.execute(question.where(among(run.id, ids))):
        n, id_, name, created, how, birth = row
        origin = _birth_decoder.decode(birth).origin if how == "resume" else None
        goes_on = origin is not None and origin.step is not None
        found.append(_Row(n, id_, name, created, origin if goes_on else None))
    return found


def _read_forks(connection: Connection, known: Mapping[str, _Row]) -> dict[tuple[str, int], float]:
    """Return when the checkpoints that runs go on from were saved, by run and step."""
    numbers = {row.n: row.id for row in known.values()}
    forked = [row.origin for row in known.values() if row.origin is not None]
    parents = [known[origin.run].n for origin in forked if origin.run in known]
    if not parents:
        return {}
    event = schema.event.c
    question = select(event.run, event.step, event.time).where(
        among(event.run, parents),
        event.kind == "checkpoint",
        among(event.step, [origin.step or 0 for origin in forked]),
    )
    rows = connection.execute(question.order_by(event.time))
    return {(numbers[n], step): time for n, step, time in rows}


def _chain(run: str, known: Mapping[str, _Row], forks: Mapping[tuple[str, int], float]) -> Chain:
    """Follow the origins of a run; a circle, which only damage can make, ends it."""
    rows: list[tuple[_Row, float]] = []
    until, seen = math.inf, set[str]()
    at: str | None = run
    while at is not None and at in known and at not in seen:
        seen.add(at)
        row = known[at]
        rows.append((row, until))
        at = None
        if row.origin is not None:
            at, until = row.origin.run, min(until, float(row.origin.step or 0))
    chain: Chain = []
    clock = 0.0
    for (row, last), (child, _) in zip(rows[::-1], [*rows[-2::-1], (None, 0.0)], strict=True):
        chain.append(Generation(row.id, row.name, row.created, last, clock))
        if child is not None and child.origin is not None:
            saved = forks.get((row.id, child.origin.step or 0), row.created)
            clock += max(0.0, saved - row.created)
    return chain


class Inherited(msgspec.Struct, frozen=True, kw_only=True):
    """An earlier run, and the step up to which its points belong to the later one, too."""

    run: str
    name: str
    step: int


def inherited(connection: Connection, run: str) -> list[Inherited]:
    """Return the runs that a run goes on from, nearest first; empty unless it was resumed.

    The chain ends where a run is not in this lab, or where no step is named. No run gives more than
    the nearer ones took.
    """
    chain = read_chains(connection, [run]).get(run, [])
    return [
        Inherited(run=elder.run, name=elder.name, step=int(elder.until))
        for elder in reversed(chain[:-1])
    ]

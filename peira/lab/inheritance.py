"""The curve of a resumed run, with the points it goes on from: its ancestors' up to each fork.

    chain    the ancestors of a run, the eldest first, each with the last step that counts
    join     their points, one behind the other, as one curve

A point is inherited when its step is not above that of the checkpoint, and below the first step
that the child logged itself: what a run says about a step is not doubted by its parent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from peira.core.errors import NotFoundError
from peira.lab.index import schema
from peira.lab.points import Series
from peira.lab.query.several import among
from peira.lab.sources import Curve, concatenated
from peira.record.events import Birth, Origin

Floats = NDArray[np.float64]

GENERATIONS_MAX = 100

_birth_decoder = msgspec.json.Decoder(Birth)


class Generation(NamedTuple):
    """One run of a chain. Times are seconds since the epoch."""

    run: str
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
    question = select(run.n, run.id, run.created, run.origin_how, run.birth)
    found = []
    for n, id_, created, how, birth in connection.execute(question.where(among(run.id, ids))):
        origin = _birth_decoder.decode(birth).origin if how == "resume" else None
        goes_on = origin is not None and origin.step is not None
        found.append(_Row(n, id_, created, origin if goes_on else None))
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
    until, seen = np.inf, set[str]()
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
        chain.append(Generation(row.id, row.created, last, clock))
        if child is not None and child.origin is not None:
            saved = forks.get((row.id, child.origin.step or 0), row.created)
            clock += max(0.0, saved - row.created)
    return chain


class Joined(NamedTuple):
    """The curve of a chain."""

    curve: Curve
    begun: Floats
    """(n,) what to subtract from the times, so that they are seconds of training."""
    starts: list[tuple[str, int]]
    """Each run that has points here, and the place of its first one."""


def join(curves: Mapping[tuple[str, str], Curve], key: str, chain: Chain) -> Joined | None:
    """Return the curve of a metric over a chain; None when none of its runs logged it."""
    pieces: list[tuple[Generation, Curve]] = []
    below = np.inf
    for generation in reversed(chain):
        curve = curves.get((key, generation.run))
        if curve is None:
            continue
        piece = _cut(curve, generation.until, below)
        if len(piece.steps):
            pieces.insert(0, (generation, piece))
            below = min(below, float(piece.steps.min()))
    if not pieces:
        return None
    lengths = [len(piece.steps) for _, piece in pieces]
    firsts = np.cumsum([0, *lengths[:-1]]).tolist()
    clocks = [generation.begun - generation.clock for generation, _ in pieces]
    return Joined(
        concatenated([piece for _, piece in pieces]),
        np.repeat(clocks, lengths),
        [(generation.run, first) for (generation, _), first in zip(pieces, firsts, strict=True)],
    )


def _cut(curve: Curve, until: float, below: float) -> Curve:
    """Return the points of a curve up to a step, and below another one."""
    kept = (curve.steps <= until) & (curve.steps < below)
    if kept.all():
        return curve
    values = curve.values[kept]
    weights = None if curve.weights is None else curve.weights[kept]
    return Curve(
        curve.steps[kept],
        curve.times[kept],
        values,
        len(values) if weights is None else round(float(weights.sum())),
        len(values) - int(np.count_nonzero(np.isfinite(values))),
        curve.exact,
        weights,
        None if curve.means is None else curve.means[kept],
    )


def join_series(read: Callable[[str, str], Series], key: str, chain: Chain) -> Series:
    """Return the exact points of a metric over a chain; its `runs` tell whose they are.

    Raises:
        NotFoundError: none of the runs has this metric.
    """
    pieces: list[tuple[Series, NDArray[np.bool_]]] = []
    below = np.inf
    for generation in reversed(chain):
        try:
            series = read(generation.run, key)
        except NotFoundError:
            continue
        kept = (series.steps <= generation.until) & (series.steps < below)
        if kept.any():
            pieces.insert(0, (series, kept))
            below = min(below, float(series.steps[kept].min()))
    if not pieces:
        raise NotFoundError(
            f"Run {chain[-1].run} has no metric {key!r}, and inherits no point of it."
        )
    parts: list[tuple[str, int]] = []
    for series, kept in pieces:
        counts = np.add.reduceat(kept.astype(np.int64), _firsts(series))
        parts += [(w, int(n)) for (w, _), n in zip(series.parts, counts, strict=True) if n]
    return Series(
        chain[-1].run,
        key,
        np.concatenate([series.steps[kept] for series, kept in pieces]),
        np.concatenate([series.times[kept] for series, kept in pieces]),
        np.concatenate([series.values[kept] for series, kept in pieces]),
        tuple(parts),
        tuple((series.run, int(kept.sum())) for series, kept in pieces),
    )


def _firsts(series: Series) -> list[int]:
    """Return the place of the first point of each writer."""
    firsts: list[int] = np.cumsum([0, *(count for _, count in series.parts[:-1])]).tolist()
    return firsts

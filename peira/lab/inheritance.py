"""The curve of a resumed run, with the points it goes on from: its ancestors' up to each fork.

A point is inherited when its step is not above that of the checkpoint, and below the first step
that the child logged itself: what a run says about a step is not doubted by its parent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from peira.core.errors import NotFoundError
from peira.lab.ancestry import Chain, Generation
from peira.lab.points import Series
from peira.lab.sources import Curve, concatenated

Floats = NDArray[np.float64]


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

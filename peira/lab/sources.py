"""Where the points of a curve come from: overviews in the index, or the exact points of the run.

few points          the overview holds every one of them
many, few curves    exact points, read from the run folder
many, many curves   buckets of the overview: extremes kept, places inside a bucket not known
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from peira.core.errors import NotFoundError
from peira.lab.index import schema
from peira.lab.overview import Overview, Section
from peira.lab.overview_codec import decode
from peira.lab.points import Series
from peira.lab.query.several import among

T = TypeVar("T")
Floats = NDArray[np.float64]

EXACT_POINTS_MAX = 4_000_000
"""Exact points read for one answer."""
EXACT_SERIES_MAX = 32
EXACT_SERIES_WHOLE_MAX = 4
"""Long curves read exactly when the whole of them is in view."""


class Source(Protocol):
    """The lab, as far as curves need it."""

    def ask(self, question: Callable[[Connection], T]) -> T: ...
    def series(self, run: str, key: str) -> Series: ...


class Curve(msgspec.Struct):
    """Points of one metric of one run, not yet on an x axis; arrays have shape (n,).

    `weights` counts the logged points behind each; None when each is one of them.
    """

    steps: Floats
    times: Floats
    values: Floats
    count: int
    nonfinite: int
    exact: bool
    weights: Floats | None = None
    means: Floats | None = None
    """For buckets: the mean of the finite values, for statistics over runs."""


def read_overviews(
    connection: Connection, keys: Sequence[str], runs: Sequence[str]
) -> dict[str, dict[str, Overview]]:
    """Return overviews by metric and run id; what was never logged is left out."""
    run, key, overview = schema.run.c, schema.key.c, schema.overview.c
    names = dict(
        connection.execute(
            select(key.n, key.name).where(key.kind == "metric", key.name.in_(list(keys)))
        ).all()
    )
    numbers = dict(connection.execute(select(run.n, run.id).where(among(run.id, list(runs)))).all())
    found: dict[str, dict[str, Overview]] = {}
    for n, name in names.items():
        rows = connection.execute(
            select(overview.run, overview.data).where(
                overview.key == n, among(overview.run, list(numbers))
            )
        ).all()
        found[name] = {numbers[run_n]: decode(data) for run_n, data in rows}
    return found


def read_started(connection: Connection, runs: Sequence[str]) -> dict[str, float]:
    """Return when each run began, seconds since the epoch."""
    run = schema.run.c
    question = select(run.id, run.created).where(among(run.id, list(runs)))
    return dict(connection.execute(question).all())


def read_curves(
    source: Source,
    overviews: dict[str, dict[str, Overview]],
    *,
    whole: bool,
    exact: bool = False,
) -> dict[tuple[str, str], Curve]:
    """Return curves by (metric, run id), each from the best source that is quick enough.

    Args:
        whole: the whole of the curves is in view, so buckets are a true picture of them.
        exact: the caller needs single points (smoothing, another metric as x) wherever possible.
    """
    long = [
        (key, run, overview.count)
        for key, by_run in overviews.items()
        for run, overview in by_run.items()
        if not overview.is_exact
    ]
    most = EXACT_SERIES_WHOLE_MAX if whole and not exact else EXACT_SERIES_MAX
    few = len(long) <= most and sum(count for _, _, count in long) <= EXACT_POINTS_MAX
    read = {(key, run) for key, run, _ in long} if few else set()
    curves = {}
    for key, by_run in overviews.items():
        for run, overview in by_run.items():
            if (key, run) in read:
                try:
                    curves[key, run] = _from_series(source.series(run, key))
                    continue
                except NotFoundError:
                    pass  # removed from the disk since: the overview is what is left
            curves[key, run] = _from_overview(overview)
    return curves


def _from_series(series: Series) -> Curve:
    nonfinite = len(series.values) - int(np.count_nonzero(np.isfinite(series.values)))
    steps = series.steps.astype(np.float64)
    return Curve(steps, series.times, series.values, len(steps), nonfinite, True)


def _from_overview(overview: Overview) -> Curve:
    overview.sort()
    curves = [_from_section(section) for section in overview.sections]
    if len(curves) == 1:
        return curves[0]
    if not curves:
        empty = np.empty(0)
        return Curve(empty, empty, empty, 0, 0, True)
    return concatenated(curves)


def concatenated(curves: Sequence[Curve]) -> Curve:
    """Return curves, at least one, behind one another as one."""
    weighted = any(curve.weights is not None for curve in curves)
    return Curve(
        np.concatenate([curve.steps for curve in curves]),
        np.concatenate([curve.times for curve in curves]),
        np.concatenate([curve.values for curve in curves]),
        sum(curve.count for curve in curves),
        sum(curve.nonfinite for curve in curves),
        all(curve.exact for curve in curves),
        np.concatenate([_weights(curve) for curve in curves]) if weighted else None,
        np.concatenate([_means(curve) for curve in curves]) if weighted else None,
    )


def _weights(curve: Curve) -> Floats:
    return np.ones(len(curve.values)) if curve.weights is None else curve.weights


def _means(curve: Curve) -> Floats:
    return curve.values if curve.means is None else curve.means


def _from_section(section: Section) -> Curve:
    buckets = section.buckets
    if buckets is None:
        values = section.values
        nonfinite = len(values) - int(np.count_nonzero(np.isfinite(values)))
        steps = section.steps.astype(np.float64)
        return Curve(steps, section.times, values, len(values), nonfinite, True)
    count = section.count
    # Four points a bucket: the first at its begin, the last at its end, both extremes between.
    steps = _spread(buckets.step_min.astype(np.float64), buckets.step_max.astype(np.float64))
    times = _spread(buckets.time_min, buckets.time_max)
    values = np.empty((len(buckets.first), 4))  # (buckets, 4)
    values[:, 0], values[:, 1] = buckets.first, buckets.min
    values[:, 2], values[:, 3] = buckets.max, buckets.last
    counts = buckets.counts(count) - buckets.nonfinite
    weights = np.repeat(counts / 4.0, 4)
    means = np.repeat(buckets.means(count), 4)
    nonfinite = int(buckets.nonfinite.sum())
    return Curve(steps, times, values.reshape(-1), count, nonfinite, False, weights, means)


def _spread(low: Floats, high: Floats) -> Floats:
    spread = np.empty((len(low), 4))
    middle = low + (high - low) / 2
    spread[:, 0], spread[:, 1], spread[:, 2], spread[:, 3] = low, middle, middle, high
    return spread.reshape(-1)

"""Curves for drawing: many runs, many metrics, as two long arrays.

    read      overviews or exact points (sources), placed on the x axis, in order of x
    smooth    on every point, when asked for
    thin      more than two points a pixel: M4, which keeps every extreme

All of it is arithmetic on whole arrays, so that a thousand curves cost little more than one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from peira.core.errors import UsageError
from peira.lab.ancestry import Chain, read_chains
from peira.lab.inheritance import join
from peira.lab.overview import Overview
from peira.lab.smoothing import Smoothing, smooth
from peira.lab.sources import Curve, Source, read_curves, read_overviews, read_started
from peira.lab.thinning import keep_extremes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

POINTS_PER_PIXEL = 2
PIXELS_MAX = 16_384
MARKS_MAX = 100
SERIES_MAX = 20_000
_FLOAT32_EXACT = 2.0**24


@dataclass(frozen=True)
class View:
    """What a chart shows.

    Args:
        x: `step`; `relative` (seconds since the run began); `time` (seconds since the epoch); or
            the key of another metric, joined on the step.
        pixels: width of the plot; more than two points a pixel are thinned.
        x_min, x_max: the part in view; None is the end of the longest curve.
        inherited: the curve of a resumed run begins with the points that it goes on from.
    """

    x: str = "step"
    pixels: int = 800
    x_min: float | None = None
    x_max: float | None = None
    smooth: Smoothing | None = None
    inherited: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.pixels <= PIXELS_MAX:
            raise UsageError(f"pixels is {self.pixels}; 1 to {PIXELS_MAX:,} were expected.")
        for name, end in (("x_min", self.x_min), ("x_max", self.x_max)):
            if end is not None and not math.isfinite(end):
                raise UsageError(f"{name} is {end}; a finite number was expected.")
        if self.x_min is not None and self.x_max is not None and self.x_min > self.x_max:
            raise UsageError(f"x_min is {self.x_min}, above x_max, {self.x_max}.")

    @property
    def is_whole(self) -> bool:
        """Whether whole curves are in view."""
        return self.x_min is None and self.x_max is None

    @property
    def is_joined(self) -> bool:
        """Whether x is another metric."""
        return self.x not in {"step", "relative", "time"}


@dataclass
class Trace:
    """One curve; its points stand at `first : first + count` of the arrays of `Traces`.

    `n` and `nonfinite` count all points in view, before thinning. `exact` says that every drawn
    point was logged so; otherwise buckets of the overview are behind it, whose extremes are true
    and whose places on x are right to the width of a bucket. `marks` tells where values are NaN or
    infinite, at most 100 of them.
    """

    run: str | None
    key: str
    n: int
    nonfinite: int
    exact: bool
    x0: float
    first: int
    count: int
    smooth: tuple[int, int] | None = None
    """First and count of the smoothed curve, in the same arrays."""
    marks: list[tuple[float, str]] = field(default_factory=list)
    parts: list[tuple[str, float]] = field(default_factory=list)
    """With inherited points: the runs whose points follow each other, and where each begins on
    x.
    """
    runs: int = 1
    group: dict[str, Any] | None = None


@dataclass
class Traces(Sequence[Trace]):
    """Curves and their arrays. A point is at (`x0` of its trace + `x`, `y`); NaN in `y` is a gap.

    For groups `y` is the mean, `low` and `high` the band, `counts` the runs behind each point.
    """

    series: list[Trace]
    x: Floats
    y: Floats
    low: Floats | None = None
    high: Floats | None = None
    counts: NDArray[np.int32] | None = None
    took_s: float = 0.0

    @property
    def total_points(self) -> int:
        """Logged points in view of all curves."""
        return sum(trace.n for trace in self.series)

    def __len__(self) -> int:
        return len(self.series)

    @overload
    def __getitem__(self, index: int) -> Trace: ...
    @overload
    def __getitem__(self, index: slice) -> list[Trace]: ...
    def __getitem__(self, index: int | slice) -> Trace | list[Trace]:
        return self.series[index]

    def __iter__(self) -> Iterator[Trace]:
        return iter(self.series)

    def points(self, trace: Trace, *, smoothed: bool = False) -> tuple[Floats, Floats]:
        """Return x (with its origin) and y of one curve."""
        first, count = (trace.smooth or (0, 0)) if smoothed else (trace.first, trace.count)
        part = slice(first, first + count)
        return self.x[part] + trace.x0, self.y[part]


@dataclass
class Placed:
    """A curve on the x axis: arrays of shape (n,), x finite and not falling."""

    key: str
    run: str
    x: Floats
    y: Floats
    curve: Curve
    weights: Floats | None = None
    means: Floats | None = None
    parts: list[tuple[str, float]] = field(default_factory=list)


def read_traces(source: Source, keys: Sequence[str], runs: Sequence[str], view: View) -> Traces:
    """Return the curves of some metrics of some runs, in the order of keys, then runs.

    A run that never logged a key has no curve for it.

    Raises:
        UsageError: more than 20,000 curves are asked for.
    """
    started = time.perf_counter()
    parts: list[_Part] = []
    series: list[Trace] = []
    for placed in place_curves(source, keys, runs, view).values():
        part = _Part(placed, view)
        parts.append(part)
        series += part.series
    offset = 0
    for part in parts:
        part.move(offset)
        offset += len(part.x)
    x = np.concatenate([part.x for part in parts]) if parts else np.empty(0)
    y = np.concatenate([part.y for part in parts]) if parts else np.empty(0)
    return Traces(series, x, y, took_s=time.perf_counter() - started)


def place_curves(
    source: Source, keys: Sequence[str], runs: Sequence[str], view: View
) -> dict[str, list[Placed]]:
    """Return the curves on the x axis by key, cut to the view with one neighbour on each side."""
    keys, runs = list(dict.fromkeys(keys)), list(dict.fromkeys(runs))
    if len(keys) * len(runs) > SERIES_MAX:
        raise UsageError(
            f"{len(keys) * len(runs):,} curves were asked for; {SERIES_MAX:,} are allowed.",
            hint="Choose fewer runs or metrics.",
        )
    wanted = [*keys, view.x] if view.is_joined and view.x not in keys else keys

    def ask(connection: Any) -> _Asked:
        chains = read_chains(connection, runs) if view.inherited else {}
        elders = {part.run: None for chain in chains.values() for part in chain}
        everyone = list(dict.fromkeys([*runs, *elders]))
        overviews = read_overviews(connection, wanted, everyone)
        return _Asked(overviews, read_started(connection, runs), chains)

    asked = source.ask(ask)
    needs_points = view.smooth is not None or view.is_joined or bool(asked.chains)
    curves = read_curves(source, asked.overviews, whole=view.is_whole, exact=needs_points)
    found: dict[str, list[Placed]] = {}
    for key in keys:
        for run in runs:
            wanted_curve = asked.curve(curves, key, run, view)
            placed = None if wanted_curve is None else _place(key, run, wanted_curve, view)
            if placed is not None:
                found.setdefault(key, []).append(placed)
    return found


class _Wanted(NamedTuple):
    """A curve, and what its place on the x axis depends on."""

    curve: Curve
    other: Curve | None
    """The metric that is x."""
    begun: float | Floats
    """When the clock of the run began; for inherited points one for each."""
    starts: list[tuple[str, int]]
    """With inherited points: the runs, and the place of the first point of each."""


class _Asked(NamedTuple):
    """What the index says about the curves."""

    overviews: dict[str, dict[str, Overview]]
    begun: dict[str, float]
    chains: dict[str, Chain]

    def curve(
        self, curves: dict[tuple[str, str], Curve], key: str, run: str, view: View
    ) -> _Wanted | None:
        """Return a curve of a run, with what it inherits; None when there is none."""
        chain = self.chains.get(run)
        if chain is None:
            curve = curves.get((key, run))
            other = curves.get((view.x, run)) if view.is_joined else None
            return None if curve is None else _Wanted(curve, other, self.begun[run], [])
        joined = join(curves, key, chain)
        if joined is None:
            return None
        other_joined = join(curves, view.x, chain) if view.is_joined else None
        other = None if other_joined is None else other_joined.curve
        return _Wanted(joined.curve, other, joined.begun, joined.starts)


def _place(key: str, run: str, asked: _Wanted, view: View) -> Placed | None:
    """Put a curve on the x axis, in order of x."""
    curve = asked.curve
    values, weights, means = curve.values, curve.weights, curve.means
    x = _on_axis(asked, view)
    parts = _parts(x, asked.starts)
    if view.is_joined:
        there = np.isfinite(x)
        x, values = x[there], values[there]
        weights = None if weights is None else weights[there]
        means = None if means is None else means[there]
    if len(x) == 0:
        return None
    if np.any(x[1:] < x[:-1]):
        order = np.argsort(x, kind="stable")
        x, values = x[order], values[order]
        weights = None if weights is None else weights[order]
        means = None if means is None else means[order]
    return Placed(key, run, x, values, curve, weights, means, parts)


def _on_axis(asked: _Wanted, view: View) -> Floats:
    """Return x of each point; NaN where the other metric has no value."""
    curve = asked.curve
    if view.x == "step":
        return curve.steps
    if view.x == "time":
        return curve.times
    if view.x == "relative":
        return curve.times - asked.begun
    if asked.other is None:
        return np.full(len(curve.steps), np.nan)
    return _joined(curve.steps, asked.other)


def _parts(x: Floats, starts: list[tuple[str, int]]) -> list[tuple[str, float]]:
    """Return the runs behind a joined curve, and where on x each of them begins."""
    if not starts:
        return []
    ends = [*(first for _, first in starts[1:]), len(x)]
    found = []
    for (run, first), end in zip(starts, ends, strict=True):
        part = x[first:end]
        if np.isfinite(part).any():
            found.append((run, float(np.nanmin(part))))
    return found


def _joined(steps: Floats, other: Curve) -> Floats:
    """Return the values of another metric at some steps, the last one of each; NaN where none."""
    order = np.argsort(other.steps, kind="stable")
    at, values = other.steps[order], other.values[order]
    place = np.searchsorted(at, steps, side="right") - 1
    hit = (place >= 0) & (at[np.maximum(place, 0)] == steps)
    return np.where(hit, values[np.maximum(place, 0)], np.nan)


class _Part:
    """The curves of one metric, smoothed, cut and thinned."""

    def __init__(self, placed: list[Placed], view: View) -> None:
        smoothed = [
            None if view.smooth is None else smooth(curve.x, curve.y, view.smooth)
            for curve in placed
        ]
        windows = [_window(curve.x, view) for curve in placed]
        low = view.x_min if view.x_min is not None else min(c.x[0] for c in placed)
        high = view.x_max if view.x_max is not None else max(c.x[-1] for c in placed)
        raw = [(c.x[w.drawn], c.y[w.drawn]) for c, w in zip(placed, windows, strict=True)]
        self.series = [
            self._trace(curve, window) for curve, window in zip(placed, windows, strict=True)
        ]
        x, y, counts = _thinned(raw, view.pixels, low, high)
        firsts = np.cumsum(counts) - counts
        for trace, first, count in zip(self.series, firsts.tolist(), counts.tolist(), strict=True):
            trace.first, trace.count = first, count
        if view.smooth is not None:
            again = [
                (c.x[w.drawn], s[w.drawn])
                for c, w, s in zip(placed, windows, smoothed, strict=True)
                if s is not None
            ]
            more_x, more_y, more = _thinned(again, view.pixels, low, high)
            firsts = np.cumsum(more) - more + len(x)
            for trace, first, count in zip(
                self.series, firsts.tolist(), more.tolist(), strict=True
            ):
                trace.smooth = (first, count)
            x, y = np.concatenate((x, more_x)), np.concatenate((y, more_y))
            counts = np.concatenate((counts, more))
        origins = np.array([trace.x0 for trace in self.series])
        times = len(counts) // len(origins)
        self.x = x - np.repeat(np.tile(origins, times), counts)
        self.y = np.where(np.isfinite(y), y, np.nan)

    @staticmethod
    def _trace(curve: Placed, window: _Window) -> Trace:
        inside = window.inside
        y = curve.y[inside]
        exact = curve.curve.exact
        gaps = np.flatnonzero(~np.isfinite(y))
        whole = inside.stop - inside.start == len(curve.x)
        if exact:
            n, nonfinite = len(y), len(gaps)
        elif whole:
            n, nonfinite = curve.curve.count, curve.curve.nonfinite
        else:
            assert curve.weights is not None
            n, nonfinite = round(float(curve.weights[inside].sum())), len(gaps)
        x0 = float(curve.x[0])
        if abs(x0) <= _FLOAT32_EXACT and abs(float(curve.x[-1])) <= _FLOAT32_EXACT:
            x0 = 0.0
        shown = gaps[:MARKS_MAX]
        places = curve.x[inside][shown].tolist()
        marks = [(at, _word(v)) for at, v in zip(places, y[shown].tolist(), strict=True)]
        return Trace(curve.run, curve.key, n, nonfinite, exact, x0, 0, 0, None, marks, curve.parts)

    def move(self, offset: int) -> None:
        """Let the traces count from `offset`."""
        for trace in self.series:
            trace.first += offset
            if trace.smooth is not None:
                trace.smooth = (trace.smooth[0] + offset, trace.smooth[1])


@dataclass
class _Window:
    """The points in view, and those to draw: one more on each side, so that lines go on."""

    inside: slice
    drawn: slice


def _window(x: Floats, view: View) -> _Window:
    begin, end = 0, len(x)
    if view.x_min is not None:
        begin = int(np.searchsorted(x, view.x_min, side="left"))
    if view.x_max is not None:
        end = int(np.searchsorted(x, view.x_max, side="right"))
    end = max(begin, end)
    return _Window(slice(begin, end), slice(max(0, begin - 1), min(len(x), end + 1)))


def _thinned(
    curves: list[tuple[Floats, Floats]], pixels: int, low: float, high: float
) -> tuple[Floats, Floats, Ints]:
    """Return x and y of all curves, thinned where there are too many points, and their counts."""
    lengths = np.array([len(x) for x, _ in curves], np.int64)
    x = np.concatenate([x for x, _ in curves])
    y = np.concatenate([y for _, y in curves])
    dense = lengths > POINTS_PER_PIXEL * pixels
    if not dense.any():
        return x, y, lengths
    series = np.repeat(np.arange(len(curves)), lengths)
    keep = keep_extremes(x, y, series, pixels=pixels, low=low, high=high)
    if not dense.all():
        keep |= np.repeat(~dense, lengths)
    return x[keep], y[keep], np.bincount(series[keep], minlength=len(curves))


def _word(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"

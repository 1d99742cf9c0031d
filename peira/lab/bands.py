"""Curves of groups: the mean over all runs of a group at each x, with a band.

Runs are put side by side on a grid: on the steps themselves when there are few of them, else in
bins as wide as a pixel, where a run counts once, with its mean in the bin. Every run of a group is
in, and each point of the curve tells how many are behind it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peira.core.errors import UsageError
from peira.lab import student
from peira.lab.sources import Source
from peira.lab.traces import Placed, Trace, Traces, View, place_curves

Floats = NDArray[np.float64]

SPREADS = ("interval", "std", "range")
"""95 % interval of the mean (Student's t); one standard deviation; lowest to highest run."""

CELLS_MAX = 50_000_000
_CONFIDENCE = 0.95


def read_bands(
    source: Source,
    keys: Sequence[str],
    groups: Sequence[tuple[dict[str, Any], Sequence[str]]],
    view: View,
    spread: str = "interval",
) -> Traces:
    """Return one curve a metric and group, in the order of keys, then groups.

    `n` of a trace counts the logged points behind it, `runs` the runs. Where fewer than two runs
    are, interval and deviation are unknown: NaN.

    Args:
        groups: what a group is called, and the ids of all its runs.
        spread: `interval`, `std` or `range`.
    """
    started = time.perf_counter()
    if spread not in SPREADS:
        raise UsageError(f"{spread!r:.40} is no kind of band.", hint="Use " + ", ".join(SPREADS))
    runs = list(dict.fromkeys(run for _, members in groups for run in members))
    placed = place_curves(source, keys, runs, view)
    series: list[Trace] = []
    columns: list[tuple[Floats, ...]] = []
    first = 0
    for key in dict.fromkeys(keys):
        by_run = {curve.run: curve for curve in placed.get(key, [])}
        grid = _Grid(list(by_run.values()), view) if by_run else None
        for name, members in groups:
            curves = [by_run[run] for run in dict.fromkeys(members) if run in by_run]
            if grid is None or not curves:
                continue
            column = grid.summarise(curves, spread)
            origin = float(column[0][0]) if len(column[0]) else 0.0
            x0 = origin if abs(origin) > 2.0**24 else 0.0
            trace = Trace(
                None,
                key,
                sum(curve.curve.count for curve in curves),
                sum(curve.curve.nonfinite for curve in curves),
                grid.is_exact,
                x0,
                first,
                len(column[0]),
                runs=len(curves),
                group=dict(name),
            )
            series.append(trace)
            columns.append((column[0] - x0, *column[1:]))
            first += len(column[0])
    x, y, low, high, counts = (
        np.concatenate([column[i] for column in columns]) if columns else np.empty(0)
        for i in range(5)
    )
    took_s = time.perf_counter() - started
    return Traces(series, x, y, low, high, counts.astype(np.int32), took_s)


class _Grid:
    """The x of all curves of one metric."""

    def __init__(self, curves: list[Placed], view: View) -> None:
        low = view.x_min if view.x_min is not None else min(float(c.x[0]) for c in curves)
        high = view.x_max if view.x_max is not None else max(float(c.x[-1]) for c in curves)
        self.low, self.high = low, high
        self.is_exact = all(curve.curve.exact for curve in curves)
        self.x: Floats = np.empty(0)
        if self.is_exact and view.x == "step":
            self.x = np.unique(np.concatenate([curve.x for curve in curves]))
            self.x = self.x[(self.x >= low) & (self.x <= high)]
        self.is_binned = not 0 < len(self.x) <= 4 * view.pixels
        if self.is_binned:
            self.is_exact = False
            bins = view.pixels if high > low else 1
            self.width = (high - low) / bins or 1.0
            middles = np.arange(bins, dtype=np.float64) + 0.5
            self.x = low + middles * ((high - low) / bins)

    def summarise(self, curves: list[Placed], spread: str) -> tuple[Floats, ...]:
        """Return x, mean, low, high and number of runs, where there is at least one run."""
        size = len(self.x)
        if len(curves) * size > CELLS_MAX:
            raise UsageError(
                f"A group of {len(curves):,} runs on {size:,} places is too large to sum up.",
                hint="Draw fewer pixels, or group by more names.",
            )
        means = np.full((len(curves), size), np.nan)  # (runs, places)
        for row, curve in enumerate(curves):
            means[row] = self._run_means(curve)
        there = np.isfinite(means)
        n = there.sum(axis=0)
        used = n > 0
        means, there, n = means[:, used], there[:, used], n[used]
        center = np.where(there, means, 0.0).sum(axis=0) / n
        deviations = np.where(there, means - center, 0.0)
        if spread == "range":
            low = np.where(there, means, np.inf).min(axis=0)
            high = np.where(there, means, -np.inf).max(axis=0)
            return self.x[used], center, low, high, n.astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            half = np.sqrt((deviations**2).sum(axis=0) / (n - 1))
        if spread == "interval":
            half = half * _interval_factors(n)
        half = np.where(n > 1, half, np.nan)
        return self.x[used], center, center - half, center + half, n.astype(np.float64)

    def _run_means(self, curve: Placed) -> Floats:
        """The mean of one run's finite values at each place of the grid."""
        inside = (curve.x >= self.low) & (curve.x <= self.high)
        values = curve.y if curve.means is None else curve.means
        inside &= np.isfinite(values)
        x, values = curve.x[inside], values[inside]
        if self.is_binned:
            place = np.clip((x - self.low) / self.width, 0, len(self.x) - 1).astype(np.int64)
        else:
            place = np.searchsorted(self.x, x)
        weights = np.ones(len(x)) if curve.weights is None else curve.weights[inside]
        total = np.bincount(place, weights, minlength=len(self.x))
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            sums = np.bincount(place, weights * values, minlength=len(self.x))
            return np.asarray(np.where(total > 0, sums / total, np.nan))


def _interval_factors(n: NDArray[np.int64]) -> Floats:
    """Half the width of the interval in standard deviations, for each number of runs."""
    factors = np.full(len(n), np.nan)
    for number in np.unique(n[n > 1]).tolist():
        t = student.quantile(0.5 + _CONFIDENCE / 2, number - 1)
        factors[n == number] = t / number**0.5
    return factors

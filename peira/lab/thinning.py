"""Thinning that keeps extremes (M4): of each pixel column the first, lowest, highest and last
point.

A line through the kept points covers the same pixels as the line through all of them.

Source: Jugel et al., "M4: A Visualization-Oriented Time Series Data Aggregation", VLDB 2014.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


def keep_extremes(
    x: Floats, y: Floats, series: Ints, *, pixels: int, low: float, high: float
) -> Mask:
    """Return which points to draw, (n,).

    The curves stand one behind the other, each with x not falling; `series` is the number of the
    curve that a point belongs to, not falling either.

    Args:
        x: (n,) finite.
        y: (n,) values; one point of each run of NaN or infinities in a column is kept as a gap.
        pixels: number of columns between `low` and `high`; what is outside joins the outer ones.
    """
    keep = np.zeros(len(x), np.bool_)
    if len(x) == 0:
        return keep
    width = (high - low) / pixels if high > low else 1.0
    column = np.clip((x - low) / width, 0, pixels - 1).astype(np.int64)
    column += series * pixels
    finite = np.isfinite(y)
    if finite.all():
        _keep_columns(keep, None, column, y)
        return keep
    there = np.flatnonzero(finite)
    if len(there):
        _keep_columns(keep, there, column[there], y[there])
    # A gap is a change from finite to not: its first point breaks the line where it is broken.
    begins = ~finite
    begins[1:] &= finite[:-1] | (column[1:] != column[:-1])
    keep |= begins
    return keep


def _keep_columns(keep: Mask, places: Ints | None, column: Ints, y: Floats) -> None:
    """Mark the four points of each column; `places` are their indexes, all in order when None."""
    starts = np.flatnonzero(np.concatenate(([True], column[1:] != column[:-1])))
    ends = np.append(starts[1:], len(y)) - 1
    counts = ends - starts + 1
    chosen = [starts, ends]
    for reduce in (np.minimum, np.maximum):
        extreme = np.repeat(reduce.reduceat(y, starts), counts)
        hits = np.flatnonzero(y == extreme)
        first = np.concatenate(([True], column[hits[1:]] != column[hits[:-1]]))
        chosen.append(hits[first])
    for indexes in chosen:
        keep[indexes if places is None else places[indexes]] = True

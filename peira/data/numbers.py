"""What a column of numbers holds: range, moments, histogram, outliers.

Small integers (pixels, mostly) are counted once, and all else follows from the counts: 55 million
take a quarter of a second and no memory. Other numbers are looked through in pieces where that is
possible; the median needs one copy.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

BINS = 20
OUTLIER_DEVIATIONS = 6.0
OUTLIER_VALUES_MIN = 10
_NORMAL = 1.4826
"""The standard deviation of normal values is so many median absolute deviations."""
_PIECE = 1 << 20


class Summary(NamedTuple):
    """Of the values that are there and finite; see `peira.data.profile.ColumnProfile`."""

    missing: int
    min: float | None
    max: float | None
    mean: float | None
    std: float | None
    histogram: list[int]
    outliers: int


def summary(table: NDArray[Any]) -> Summary:
    """Return the summary of all values of an array of numbers.

    >>> summary(np.array([1.0, 3.0, np.nan])).mean
    2.0
    """
    flat = table.reshape(-1)
    if flat.dtype.kind == "b":
        flat = flat.view(np.uint8)
    if flat.dtype.kind in "iu" and flat.dtype.itemsize <= 2 and flat.size:
        return _of_counts(flat)
    return _of_values(flat)


def _of_counts(flat: NDArray[Any]) -> Summary:
    low = int(np.iinfo(flat.dtype).min)
    counts = np.zeros(1 << (8 * flat.dtype.itemsize), dtype=np.int64)
    for start in range(0, flat.size, _PIECE):
        piece = flat[start : start + _PIECE].astype(np.int64) - low
        counts += np.bincount(piece, minlength=len(counts))
    places = np.flatnonzero(counts)
    values, counts = (places + low).astype(np.float64), counts[places]
    mean = float(np.average(values, weights=counts))
    std = math.sqrt(float(np.average((values - mean) ** 2, weights=counts)))
    middle = _median(values, counts)
    distances = np.abs(values - middle)
    order = np.argsort(distances, kind="stable")
    limit = OUTLIER_DEVIATIONS * _NORMAL * _median(distances[order], counts[order])
    is_odd = (distances > limit) if limit > 0 and flat.size >= OUTLIER_VALUES_MIN else False
    low_value, high_value = float(values[0]), float(values[-1])
    bins = np.histogram(values, BINS, (low_value, high_value), weights=counts)[0]
    return Summary(
        missing=0, min=low_value, max=high_value, mean=mean, std=std,
        histogram=bins.astype(int).tolist() if high_value > low_value else [],
        outliers=int(counts[is_odd].sum()) if limit > 0 else 0,
    )  # fmt: skip


def _median(values: NDArray[np.float64], counts: NDArray[np.int64]) -> float:
    """Return the median of values that occur so often; values rise."""
    ends = np.cumsum(counts)
    total = int(ends[-1])
    first, second = (total - 1) // 2, total // 2
    both = values[np.searchsorted(ends, [first, second], side="right")]
    return float(both.mean())


def _of_values(flat: NDArray[Any]) -> Summary:
    missing, whole = 0, True
    if flat.dtype.kind == "f":
        missing, whole = int(np.isnan(flat).sum()), bool(np.isfinite(flat).all())
    good = flat if whole else flat[np.isfinite(flat)]
    if not good.size:
        return Summary(missing, None, None, None, None, [], 0)
    low, high = float(good.min()), float(good.max())
    with np.errstate(over="ignore", invalid="ignore"):  # near 1e308 there is no mean to be told
        mean = float(good.mean(dtype=np.float64))
        std = math.sqrt(
            sum(
                float(((good[at : at + _PIECE].astype(np.float64) - mean) ** 2).sum())
                for at in range(0, good.size, _PIECE)
            )
            / good.size
        )
        outliers = _outliers(good)
    is_wide = high > low and math.isfinite(high - low)
    bins = np.histogram(good, BINS, (low, high))[0].tolist() if is_wide else []
    return Summary(missing, low, high, _or_none(mean), _or_none(std), bins, outliers)


def _outliers(good: NDArray[Any]) -> int:
    if good.size < OUTLIER_VALUES_MIN:
        return 0
    middle = float(np.median(good))
    distances = np.abs(good - middle)
    spread = _NORMAL * float(np.median(distances))
    if spread == 0:  # most values are the same: then nothing can be said
        return 0
    return int((distances > OUTLIER_DEVIATIONS * spread).sum())


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None

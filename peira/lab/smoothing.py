"""Smoothing of curves, always on every point and before anything is thinned.

Widths are half-lives in units of x, so a curve looks the same however often it was logged:

    ema       debiased exponential mean: a value's weight halves with every half-life that passes
    gaussian  weights of a bell curve that are one half at one half-life to either side
    median    the middle value of the window of one half-life to either side

Values that are NaN or infinite have no weight, and stay gaps in the result.
"""

from __future__ import annotations

import math
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from peira.core.errors import UsageError

Floats = NDArray[np.float64]
SmoothingKind = Literal["ema", "gaussian", "median"]

_SIGMA = 1.0 / math.sqrt(2.0 * math.log(2.0))  # of a bell that is one half at distance 1
_REACH = 4.0  # in sigmas; what is beyond has less than 0.04 % of the middle's weight
_LAGS_MAX = 256
_MEDIANS_MAX = 4_096


class Smoothing(msgspec.Struct, frozen=True):
    """How to smooth. `half_life` is in units of x: steps, or seconds.

    Raises:
        UsageError: the half-life is not a positive number.
    """

    kind: SmoothingKind
    half_life: float

    def __post_init__(self) -> None:
        if self.kind not in {"ema", "gaussian", "median"}:
            raise UsageError(
                f"{self.kind!r:.40} is no kind of smoothing.", hint="Use ema, gaussian or median."
            )
        if not (math.isfinite(self.half_life) and self.half_life > 0):
            raise UsageError(f"The half-life is {self.half_life!r:.40}; it must be above 0.")


def smooth(x: Floats, y: Floats, how: Smoothing) -> Floats:
    """Return the smoothed curve at every x.

    Args:
        x: (n,) finite, not falling.
        y: (n,) values; NaN and infinities are gaps.
    """
    assert x.shape == y.shape and x.ndim == 1
    finite = np.isfinite(y)
    if not finite.any():
        return np.full(len(y), np.nan)
    curves = {"ema": _exponential, "gaussian": _gaussian, "median": _median}
    if finite.all():
        return curves[how.kind](x, y, how.half_life)
    smoothed = np.full(len(y), np.nan)
    smoothed[finite] = curves[how.kind](x[finite], y[finite], how.half_life)
    return smoothed


def _exponential(x: Floats, y: Floats, half_life: float) -> Floats:
    """s[i] = d[i] s[i-1] + y[i] over w[i] = d[i] w[i-1] + 1, with d[i] = 2 ** -(distance / h)."""
    decay = np.empty_like(x)
    decay[0] = 0.0
    decay[1:] = np.exp2(-np.diff(x) / half_life)
    # Around the mean, so that a large constant part of y costs no digits.
    center = float(y[0])
    sums, weights = _recur(decay, y - center, np.ones_like(y))
    return np.asarray(center + sums / weights)


def _recur(decay: Floats, *terms: Floats) -> list[Floats]:
    """Solve s[i] = decay[i] * s[i-1] + term[i] for each array of terms.

    The points are laid out as `rows` pieces of `width`; one loop over the columns goes through
    all pieces at the same time, a second one over the rows carries each end into the next piece.
    """
    n = len(decay)
    width = max(1, math.isqrt(n))
    rows = -(-n // width)
    padding = rows * width - n

    def laid_out(array: Floats) -> Floats:
        padded = np.concatenate((array, np.zeros(padding))) if padding else array
        return np.ascontiguousarray(padded.reshape(rows, width).T)  # (width, rows)

    decays = laid_out(decay)
    products = decays.copy()
    solved = [laid_out(term) for term in terms]
    for column in range(1, width):
        products[column] *= products[column - 1]
        for part in solved:
            part[column] += decays[column] * part[column - 1]
    found = []
    for part in solved:
        ends, factors = part[-1].tolist(), products[-1].tolist()
        carried, carry = [0.0] * rows, 0.0
        for row in range(1, rows):
            carry = ends[row - 1] + factors[row - 1] * carry
            carried[row] = carry
        part += products * np.array(carried)
        found.append(np.ascontiguousarray(part.T).reshape(-1)[:n])
    return found


def _gaussian(x: Floats, y: Floats, half_life: float) -> Floats:
    sigma = half_life * _SIGMA
    span = float(x[-1] - x[0])
    if span == 0.0:
        return np.full(len(y), float(y.mean()))
    ends = np.searchsorted(x, x + _REACH * sigma, side="right")
    lags = int((ends - np.arange(len(x))).max()) - 1
    if lags <= _LAGS_MAX:
        return _gaussian_exact(x, y, sigma, lags)
    return _gaussian_binned(x, y, sigma, span)


def _gaussian_exact(x: Floats, y: Floats, sigma: float, lags: int) -> Floats:
    """Every pair of points, one lag at a time."""
    center = float(y[0])
    shifted = y - center
    sums, weights = shifted.copy(), np.ones_like(y)
    for lag in range(1, lags + 1):
        weight = np.exp(-0.5 * ((x[lag:] - x[:-lag]) / sigma) ** 2)
        sums[lag:] += weight * shifted[:-lag]
        sums[:-lag] += weight * shifted[lag:]
        weights[lag:] += weight
        weights[:-lag] += weight
    return np.asarray(center + sums / weights)


def _gaussian_binned(x: Floats, y: Floats, sigma: float, span: float) -> Floats:
    """Many points in reach of each: they are first summed in bins of sigma / 32, which moves no
    point by more than sigma / 64.
    """
    bins = max(1, min(1 << 20, math.ceil(span / (sigma / 32))))
    width = span / bins
    place = np.minimum(((x - x[0]) / width).astype(np.int64), bins - 1)
    center = float(y[0])
    sums = np.bincount(place, y - center, minlength=bins)
    counts = np.bincount(place, minlength=bins).astype(np.float64)
    reach = min(bins, math.ceil(_REACH * sigma / width))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * (width / sigma)) ** 2)
    top = np.convolve(sums, kernel)[reach : reach + bins]
    bottom = np.convolve(counts, kernel)[reach : reach + bins]
    middles = x[0] + (np.arange(bins) + 0.5) * width
    known = bottom > 0
    return np.asarray(center + np.interp(x, middles[known], top[known] / bottom[known]))


def _median(x: Floats, y: Floats, half_life: float) -> Floats:
    """Exact at every point up to 4,096 of them, above that at so many, with lines between."""
    n = len(x)
    at = np.arange(n)
    if n > _MEDIANS_MAX:
        at = np.unique(np.linspace(0, n - 1, _MEDIANS_MAX).astype(np.int64))
    begins = np.searchsorted(x, x[at] - half_life, side="left")
    ends = np.searchsorted(x, x[at] + half_life, side="right")
    medians = np.array([np.median(y[b:e]) for b, e in zip(begins, ends, strict=True)])
    return medians if len(at) == n else np.interp(x, x[at], medians)

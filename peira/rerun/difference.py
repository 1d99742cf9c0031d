"""How much two series of a metric, or two sets of predictions, differ.

Source: SCIENCE.md 6.4, steps 1 and 2.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

RELATIVE_MAX = 1e-6
"""Points may differ so much, relative to the larger one, and still be the same up to rounding."""
NOTHING = 1e-12
"""Below this share of the largest value of its series, a difference is rounding: a value that is
zero but for rounding has no relative precision.
"""


class Curve(NamedTuple):
    """One metric of one run, in the order in which it was logged."""

    steps: NDArray[np.int64]
    """(n,)"""
    values: NDArray[np.float64]
    """(n,)"""


def relative_difference(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Return the largest |a - b| / max(|a|, |b|) of two series; infinite when they have other
    lengths, or where one is finite and the other is not the same.

    A difference below `NOTHING` times the largest value of both series counts as none.

    Source: SCIENCE.md 6.4, step 2.

    >>> relative_difference(np.array([1.0, np.nan]), np.array([1.0 + 1e-9, np.nan])) < 2e-9
    True
    """
    if a.shape != b.shape:
        return math.inf
    if not len(a):
        return 0.0
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    finite = np.isfinite(a) & np.isfinite(b)
    if not np.all(same | finite):
        return math.inf
    larger = np.maximum(np.abs(a[finite]), np.abs(b[finite]))
    with np.errstate(over="ignore"):
        difference = np.abs(a[finite] - b[finite])
    counts = difference > NOTHING * larger.max(initial=0.0)
    return float((difference[counts] / larger[counts]).max(initial=0.0))


def is_same_bits(a: Curve, b: Curve) -> bool:
    """Whether two curves have the same steps and, bit for bit, the same values; NaN is NaN."""
    if not np.array_equal(a.steps, b.steps) or a.values.shape != b.values.shape:
        return False
    nans = np.isnan(a.values) & np.isnan(b.values)
    bits = a.values.view(np.uint64) == b.values.view(np.uint64)
    return bool(np.all(bits | nans))


def equal_share(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Return the share of predictions that are equal; 0 when their number differs."""
    if a.shape != b.shape:
        return 0.0
    if not a.size:
        return 1.0
    same = a == b
    if np.issubdtype(a.dtype, np.floating):
        same |= np.isclose(a, b, rtol=RELATIVE_MAX, atol=0.0, equal_nan=True)
    return float(np.mean(same))

"""Histograms: edges and counts, of values or as counted by the caller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from peira.core.errors import UsageError
from peira.media.encoded import Encoded, as_array, describe

if TYPE_CHECKING:
    import numpy as np

BINS_MAX = 1_024
_HALF_RANGE = 8e307  # the width of the widest histogram is still a float


def encode_histogram(
    values: Any = None, *, counts: Any = None, edges: Any = None, bins: int = 64
) -> Encoded:
    """Return a histogram as JSON `{"edges": [n + 1 numbers], "counts": [n numbers], ...}`; the
    detail holds the same.

    NaN and infinite values are in no bin; `nan`, `infinite` count them, `count` counts all. With
    values the bins have equal width from the smallest to the largest finite one; each bin holds its
    left edge, the last one both.

    Args:
        values: an array of any shape of numbers or booleans; or
        counts: n counts, with
        edges: n + 1 increasing edges.
        bins: how many bins to make of `values`, 1 to 1,024.

    Raises:
        UsageError: neither or both are given, or they do not fit together.
    """
    if (values is None) == (counts is None or edges is None):
        raise UsageError("A histogram needs either values, or counts and edges.")
    if values is not None:
        if isinstance(bins, bool) or not 1 <= int(bins) <= BINS_MAX:
            raise UsageError(f"{bins!r} bins cannot be; 1 to {BINS_MAX:,} are possible.")
        detail = _of_values(as_array(values, "histogram"), int(bins))
    else:
        detail = _of_counts(as_array(counts, "histogram"), as_array(edges, "histogram"))
    return Encoded(msgspec.json.encode(detail), "application/json", detail)


def _of_values(array: np.ndarray[Any, Any], bins: int) -> dict[str, Any]:
    import numpy as np

    flat = array.reshape(-1).astype(np.float64)
    finite = flat[np.isfinite(flat)]
    nan = int(np.count_nonzero(np.isnan(flat)))
    detail: dict[str, Any] = {"edges": [], "counts": [], "count": int(flat.size), "nan": nan}
    detail["infinite"] = int(flat.size - finite.size) - nan
    if finite.size:
        clipped = np.clip(finite, -_HALF_RANGE, _HALF_RANGE)
        counts, edges = np.histogram(clipped, bins=_edges(clipped, bins))
        detail["edges"], detail["counts"] = edges.tolist(), counts.tolist()
    return detail


def _edges(values: np.ndarray[Any, Any], bins: int) -> np.ndarray[Any, Any]:
    import numpy as np

    low, high = float(values.min()), float(values.max())
    edges = np.unique(np.linspace(low, high, bins + 1))
    if edges.size < 2:  # one value: a bin of width 1, or as wide as the float allows
        half = max(0.5, abs(low) * 1e-6)
        edges = np.array([low - half, low + half])
    return edges


def _of_counts(counts: np.ndarray[Any, Any], edges: np.ndarray[Any, Any]) -> dict[str, Any]:
    import numpy as np

    if counts.ndim != 1 or edges.ndim != 1 or edges.size != counts.size + 1:
        raise UsageError(
            f"Counts are {describe(counts)}, edges {describe(edges)}.",
            hint="Expected n counts and n + 1 edges.",
        )
    if not 1 <= counts.size <= BINS_MAX:
        raise UsageError(f"{counts.size:,} bins cannot be; 1 to {BINS_MAX:,} are possible.")
    if not (np.isfinite(counts).all() and np.isfinite(edges).all() and (np.diff(edges) > 0).all()):
        raise UsageError("Edges must be finite and increase, counts must be finite.")
    return {
        "edges": edges.astype(np.float64).tolist(),
        "counts": counts.tolist(),
        "count": float(counts.sum()) if counts.dtype.kind == "f" else int(counts.sum()),
        "nan": 0,
        "infinite": 0,
    }

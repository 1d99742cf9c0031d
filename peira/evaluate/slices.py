"""Results by a column: where a model is good, and where it is not."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from peira.evaluate.samples import OWN, Results
from peira.science.proportions import wilson

GROUPS_MAX = 20
"""Numbers with more different values than this are put into groups of about equal size."""
BINS = 8
SLICES_MAX = 200
"""Of texts with more different values the rarest are one slice."""
OTHERS = "others"


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """The examples with one value, or a range of values, in a column."""

    value: str
    rows: int
    right: float | None
    """Share of right answers, with its 95 % interval; None where right and wrong mean nothing."""
    low: float | None
    high: float | None
    loss: float | None
    """Mean over the examples."""


def columns(results: Results) -> list[str]:
    """Return the columns that results may be sliced by."""
    return [name for name in results if name not in OWN]


def groups(values: NDArray[Any]) -> list[str]:
    """Return the name of the group that each value belongs to: the value itself, or a range.

    >>> groups(np.array(["a", None], dtype=object)), groups(np.arange(80))[:2]
    (['a', 'none'], ['0 to 9', '0 to 9'])
    """
    if values.dtype.kind not in "iuf" or len(np.unique(values)) <= GROUPS_MAX:
        return ["none" if value is None else str(value) for value in values.tolist()]
    known = np.isfinite(values.astype(float))
    edges = np.unique(np.quantile(values[known], np.linspace(0, 1, BINS + 1)[1:-1]))
    place = np.searchsorted(edges, values, side="right")
    names = {}
    for bin in np.unique(place[known]).tolist():
        inside = values[known & (place == bin)]
        names[bin] = f"{_short(inside.min())} to {_short(inside.max())}"
    return [
        names[bin] if is_known else "none"
        for bin, is_known in zip(place.tolist(), known.tolist(), strict=True)
    ]


def by_column(results: Results, column: str) -> list[Slice]:
    """Return the slices of a column: ranges from low to high, other values the largest first."""
    values = results[column]
    named = np.array(groups(values), dtype=object)
    if values.dtype.kind not in "iuf":
        common = {name for name, _ in _counted(named)[:SLICES_MAX]}
        named = np.array([n if n in common else OTHERS for n in named.tolist()], dtype=object)
    order = list(dict.fromkeys(named[np.argsort(values, kind="stable")].tolist())) if (
        values.dtype.kind in "iuf"
    ) else [name for name, _ in _counted(named)]  # fmt: skip
    return [_slice(results, name, named == name) for name in order]


def _counted(named: NDArray[Any]) -> list[tuple[str, int]]:
    found: dict[str, int] = {}
    for name in named.tolist():
        found[name] = found.get(name, 0) + 1
    return sorted(found.items(), key=lambda item: -item[1])


def _slice(results: Results, name: str, inside: NDArray[np.bool_]) -> Slice:
    correct = [value for value in results["correct"][inside].tolist() if value is not None]
    losses = np.array([np.nan if v is None else v for v in results["loss"][inside]], dtype=float)
    right = sum(correct) / len(correct) if correct else None
    low, high = wilson(right, len(correct)) if right is not None else (None, None)
    return Slice(
        value=name,
        rows=int(inside.sum()),
        right=right,
        low=low,
        high=high,
        loss=float(np.nanmean(losses)) if np.isfinite(losses).any() else None,
    )


def _short(value: Any) -> str:
    return f"{value:.6g}"

"""Near copies: test rows that are almost a training row.

Rows are centred and scaled to unit length, so that brightness does not hide a copy; a random
projection to 64 dimensions finds each test row's nearest training row, and the full space confirms
it. Two limits come from the distances of training rows to their own nearest training rows (exact
copies apart):

    0.35 x median     so close that clean data hardly ever are: each pair counts
    0.5 % quantile    where it is the greater: 0.5 % of clean rows are as close by chance, so the
                      pairs count when there are more than that (binomial, 1 in 10,000)

Source and rates: SCIENCE 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peira.data.checks._base import SEED, Action, Finding, View, percent

DIMENSIONS = 64
MEDIAN_SHARE = 0.35
QUANTILE = 0.005
WARN_SHARE = 0.001
BLOCK_SHARE = 0.01
ROWS_MIN = 3
"""Fewer pairs are a curiosity of real data, whatever their share of a small part."""
REFERENCE_ROWS = 2_000
_BLOCK_ROWS = 512
_SAME = 1e-9
LIMITS = "Shifted, turned, mirrored or cropped copies are not looked for."


def near_duplicates(view: View) -> Iterator[Finding]:
    """Find test rows that are nearly a training row."""
    table = view.numbers
    if not len(view.train) or table.shape[1] < 2:
        return
    rows = _unit(table)
    flat = _projected(rows)
    train = view.train
    strict, loose = _limits(rows, flat, train)
    for part, test in view.tests.items():
        nearest = train[_nearest(flat[test], flat[train])]
        distances = np.linalg.norm(rows[test] - rows[nearest], axis=1)
        # Exact copies are another check's.
        is_copy = (table[test] == table[nearest]).all(axis=1)
        is_near = (distances < strict) & ~is_copy
        more = (distances < loose) & ~is_copy
        if more.sum() > _by_chance(len(test)):
            is_near |= more
        share = float(is_near.mean()) if len(test) else 0.0
        if share > WARN_SHARE:
            order = np.flatnonzero(is_near)[np.argsort(distances[is_near])]
            yield Finding(
                check="near-duplicates",
                action=action_of(int(is_near.sum()), share),
                title=f"{int(is_near.sum())} rows of {part} ({percent(share)}) are nearly a"
                " training row.",
                count=int(is_near.sum()),
                share=share,
                rows=view.names(test[order]),
                twins=view.names(nearest[order]),
                detail={
                    "part": part,
                    "limit": max(strict, loose),
                    "closest": float(distances[is_near].min()),
                },
                limits=LIMITS,
            )


def _unit(table: NDArray[Any]) -> NDArray[np.float32]:
    """Return rows less their own mean, of length 1; a constant row is zero."""
    unit = np.empty(table.shape, dtype=np.float32)
    for start in range(0, len(table), _BLOCK_ROWS):
        block = table[start : start + _BLOCK_ROWS].astype(np.float64)
        block -= block.mean(axis=1, keepdims=True)
        lengths = np.linalg.norm(block, axis=1, keepdims=True)
        unit[start : start + _BLOCK_ROWS] = block / np.where(lengths > 0, lengths, 1)
    return unit


def _projected(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    if rows.shape[1] <= DIMENSIONS:
        return rows
    rng = np.random.default_rng(SEED)
    matrix = rng.standard_normal((rows.shape[1], DIMENSIONS)) / np.sqrt(DIMENSIONS)
    flat: NDArray[np.float32] = rows @ matrix.astype(np.float32)
    return flat


def action_of(count: int, share: float) -> Action:
    """Return what so many near copies call for."""
    if count < ROWS_MIN:
        return "note"
    return "block" if share > BLOCK_SHARE else "warn"


def _by_chance(count: int) -> float:
    """Return how many of so many clean rows may lie below the quantile before it is no chance:
    mean and 3.7 standard deviations.
    """
    return float(QUANTILE * count + 3.7 * (QUANTILE * count) ** 0.5)


def _limits(
    rows: NDArray[np.float32], flat: NDArray[np.float32], train: NDArray[np.intp]
) -> tuple[float, float]:
    """Return the distances below which pairs are near: on their own, and in number."""
    rng = np.random.default_rng(SEED)
    some = rng.permutation(len(train))[:REFERENCE_ROWS]
    places = _nearest(flat[train[some]], flat[train], skip=some)
    distances = np.linalg.norm(rows[train[some]] - rows[train[places]], axis=1)
    distances = distances[distances > _SAME]
    if not len(distances):
        return 0.0, 0.0
    return MEDIAN_SHARE * float(np.median(distances)), float(np.quantile(distances, QUANTILE))


def _nearest(
    queries: NDArray[np.float32], base: NDArray[np.float32], skip: NDArray[np.intp] | None = None
) -> NDArray[np.intp]:
    """Return the place of the nearest row of `base`.

    Args:
        skip: the place of each query itself in `base`, which does not count.
    """
    squares = (base * base).sum(axis=1)
    places = np.empty(len(queries), dtype=np.intp)
    for start in range(0, len(queries), _BLOCK_ROWS):
        block = queries[start : start + _BLOCK_ROWS]  # (block, dimensions)
        distances = block @ base.T  # (block, base)
        distances *= -2
        distances += squares  # less the query's own square, which is the same for all
        if skip is not None:
            distances[np.arange(len(block)), skip[start : start + len(block)]] = np.inf
        places[start : start + len(block)] = distances.argmin(axis=1)
    return places

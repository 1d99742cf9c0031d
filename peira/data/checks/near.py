"""Near copies: test rows that are almost a training row.

Rows of pictures and the like (many places of one range) are centred and scaled to unit length, so
that brightness does not hide a copy; columns of tables are each scaled by their own spread. A
random projection to 64 dimensions finds each test row's nearest training row, and the full space
confirms it. Two limits come from the distances of training rows to their own nearest training rows
(exact copies apart):

    0.35 x median     so close that clean rows of many features hardly ever are
    0.5 % quantile    where it is the greater, and more pairs are closer than chance brings there

Below a limit a share of clean rows lies by chance: of the quantile 0.5 %; of the other limit what
is seen among training rows, or what the law of distances in their dimensions foretells, whichever
is less. In few dimensions it is a tenth, in many none; seen it may be too much, where training rows
have near copies of each other. Pairs count when there are more than chance brings in 1 of 10,000
cases. The same is asked of those alone whose second nearest row is 1/0.35 times as far: there the
law holds whatever the density.

Source and rates: SCIENCE 3; the law of distances: Levina and Bickel 2004, Maximum likelihood
estimation of intrinsic dimension; of two distances: Facco and others 2017, Estimating the intrinsic
dimension of datasets by a minimal neighborhood information.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from peira.data.checks._base import SEED, Action, Finding, View, percent

DIMENSIONS = 64
SHARE = 0.35
QUANTILE = 0.005
WARN_SHARE = 0.001
BLOCK_SHARE = 0.01
ROWS_MIN = 3
"""Fewer pairs are a curiosity of real data, whatever their share of a small part."""
REFERENCE_ROWS = 2_000
PLACES_MIN = 16
"""Rows of fewer features are no pictures."""
_BLOCK_ROWS = 512
CHANCE = 1e-4
_SAME = 1e-9
_DOUBLED = math.log(math.log(4) / math.log(2))
_QUARTERED = math.log(math.log(2) / math.log(4 / 3))
"""How far the quartiles lie from the median, in logarithms, in one dimension."""
Distances = NDArray[np.floating[Any]]
LIMITS = "Shifted, turned, mirrored or cropped copies are not looked for."


class _Limits(NamedTuple):
    """Two distances, the shares of clean rows that lie below them by chance, and of how many rows
    that is known.
    """

    strict: float
    strict_share: float
    alone_share: float
    """Of those below the first whose second nearest row is far."""
    loose: float
    rows: int


def near_duplicates(view: View) -> Iterator[Finding]:
    """Find test rows that are nearly a training row."""
    table = view.numbers
    if view.origin.unseen and view.parts:
        yield Finding(
            check="near-duplicates",
            action="note",
            title=f"{view.origin.unseen}: near copies of them are not looked for.",
            count=0,
            share=0.0,
        )
    if table.shape[1] < 2:
        return
    rows, flat = None, np.empty(0, dtype=np.float32)
    limits = _Limits(0.0, 0.0, 0.0, 0.0, 0)
    learned: NDArray[np.intp] | None = None
    for part, test, train in view.trials():
        if rows is None:
            rows = _unit(table) if is_picture(table) else _standard(table, train)
            flat = _projected(rows)
        if learned is not train:  # folds have one each
            learned, limits = train, _limits(rows, flat, train)
        nearest, distances, second = _neighbours(rows, flat, test, train)
        # Exact copies are another check's.
        same = table if view.origin.contents is None else view.origin.contents[:, None]
        is_copy = (same[test] == same[nearest]).all(axis=1)
        is_near = _is_near(distances, second, ~is_copy, limits)
        action = action_of(int(is_near.sum()), float(is_near.mean()))
        if not is_near.any() and limits.alone_share * len(test) < 1:
            # So near that chance brings less than one: worth a look, and no more.
            is_near, action = (distances < limits.strict) & ~is_copy, "note"
        share = float(is_near.mean())
        if share > WARN_SHARE:
            order = np.flatnonzero(is_near)[np.argsort(distances[is_near])]
            yield Finding(
                check="near-duplicates",
                action=action,
                title=f"{int(is_near.sum())} rows of {part} ({percent(share)}) are nearly a row of"
                f" {view.learned}.",
                count=int(is_near.sum()),
                share=share,
                rows=view.names(test[order]),
                twins=view.names(nearest[order]),
                detail={
                    "part": part,
                    "limit": max(limits.strict, limits.loose),
                    "closest": float(distances[is_near].min()),
                },
                limits=LIMITS,
            )


def _is_near(
    distances: Distances, second: Distances, is_other: NDArray[np.bool_], limits: _Limits
) -> NDArray[np.bool_]:
    """Return which rows are too near for chance."""
    is_strict = distances < limits.strict
    found = np.zeros(len(distances), dtype=bool)
    for below, by_chance in (
        (is_strict, limits.strict_share),
        (is_strict & (distances < SHARE * second), limits.alone_share),
        (distances < limits.loose, QUANTILE),
    ):
        if (below & is_other).sum() > _most_by_chance(by_chance, len(distances), limits.rows):
            found |= below & is_other
    return found


def is_picture(table: NDArray[Any]) -> bool:
    """Whether features have one range, as pixels do: most begin near where the first begins, and
    reach at least half of the way to where the last ends.
    """
    if table.shape[1] < PLACES_MIN or not len(table):
        return False
    lows, highs = table.min(axis=0).astype(float), table.max(axis=0).astype(float)
    low, high = lows.min(), highs.max()
    begin, reach = lows <= low + 0.1 * (high - low), highs >= (low + high) / 2
    return bool(low < high and min(begin.mean(), reach.mean()) >= 0.5)


def _standard(table: NDArray[Any], train: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return features in standard deviations of training rows; a constant one is zero."""
    learned = table[train].astype(np.float64)
    spread = learned.std(axis=0)
    scaled = (table - learned.mean(axis=0)) / np.where(spread > 0, spread, np.inf)
    found: NDArray[np.float32] = scaled.astype(np.float32)
    return found


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


def _most_by_chance(share: float, count: int, known_rows: int) -> int:
    """Return how many of so many clean rows lie below a limit by chance: more do in 1 of 10,000
    cases, when the share below it is known of so many others (beta-binomial). Nearest rows are so
    of each other, mostly: two of those others are worth one.
    """
    if not known_rows:
        return count
    weight = known_rows / 2
    a, b = max(share, 1e-9) * weight, max(1 - share, 1e-9) * weight
    whole = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) - math.lgamma(a + b + count)
    beyond = 1.0
    for found in range(count):
        ways = math.lgamma(count + 1) - math.lgamma(found + 1) - math.lgamma(count - found + 1)
        beyond -= math.exp(whole + ways + math.lgamma(a + found) + math.lgamma(b + count - found))
        if beyond < CHANCE:
            return found
    return count


def _limits(
    rows: NDArray[np.float32], flat: NDArray[np.float32], train: NDArray[np.intp]
) -> _Limits:
    """Return the distances below which pairs are near."""
    some = np.random.default_rng(SEED).permutation(len(train))[:REFERENCE_ROWS]
    _, distances, second = _neighbours(rows, flat, train[some], train, skip=some)
    is_other = distances > _SAME
    distances, second = distances[is_other], second[is_other]
    if not len(distances):
        return _Limits(0.0, 0.0, 0.0, 0.0, 0)
    quarter, median, upper = np.quantile(distances, [0.25, 0.5, 0.75])
    is_strict = distances < SHARE * median
    is_alone = is_strict & (distances < SHARE * second)
    strict_share = min(_seen(is_strict), _foretold(quarter, median, upper))
    alone_share = min(_seen(is_alone), _foretold_alone(float(np.median(distances / second))))
    loose = float(np.quantile(distances, QUANTILE))
    return _Limits(SHARE * float(median), strict_share, alone_share, loose, len(distances))


def _foretold(quarter: float, median: float, upper: float) -> float:
    """Return the share of nearest distances below the limit by the law of d dimensions, that a
    share 1 - exp(-c r^d) is below r; all of it where distances take few values, and there is none.
    """
    if not quarter < median < upper:
        return 1.0
    dimensions = min(_DOUBLED / math.log(upper / median), _QUARTERED / math.log(median / quarter))
    return float(1 - 0.5 ** (SHARE**dimensions))


def _foretold_alone(middle: float) -> float:
    """Return the share of nearest distances that are so much smaller than the second by the law
    that a share t^d is below t times it, whatever the density.

    Args:
        middle: the median of the first divided by the second.
    """
    return float(SHARE ** (math.log(0.5) / math.log(middle))) if 0 < middle < 1 else 1.0


def _seen(chosen: NDArray[np.bool_]) -> float:
    return float((chosen.sum() + 1) / (len(chosen) + 1))


def _neighbours(
    rows: NDArray[np.float32],
    flat: NDArray[np.float32],
    queries: NDArray[np.intp],
    base: NDArray[np.intp],
    skip: NDArray[np.intp] | None = None,
) -> tuple[NDArray[np.intp], Distances, Distances]:
    """Return the row that is nearest, its distance, and that of the second."""
    first, second = _nearest(flat[queries], flat[base], skip)
    near = np.linalg.norm(rows[queries] - rows[base[first]], axis=1)
    next_ = np.linalg.norm(rows[queries] - rows[base[second]], axis=1)
    is_turned = next_ < near  # in the full space
    nearest = np.where(is_turned, base[second], base[first])
    return nearest, np.minimum(near, next_), np.maximum(near, next_)


def _nearest(
    queries: NDArray[np.float32], base: NDArray[np.float32], skip: NDArray[np.intp] | None = None
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the places of the nearest and the second nearest row of `base`; twice the same when it
    has but one.

    Args:
        skip: the place of each query itself in `base`, which does not count.
    """
    squares = (base * base).sum(axis=1)
    first, second = np.empty((2, len(queries)), dtype=np.intp)
    for start in range(0, len(queries), _BLOCK_ROWS):
        block = queries[start : start + _BLOCK_ROWS]  # (block, dimensions)
        here = slice(start, start + len(block))
        distances = block @ base.T  # (block, base)
        distances *= -2
        distances += squares  # less the query's own square, which is the same for all
        each = np.arange(len(block))
        if skip is not None:
            distances[each, skip[here]] = np.inf
        first[here] = distances.argmin(axis=1)
        distances[each, first[here]] = np.inf
        second[here] = distances.argmin(axis=1)
    return first, second

"""Which row goes to which part of a split: pure functions of ids, so that order does not matter.

Every draw is a digest of the seed and the row's id (or its group). The same rows therefore go to
the same parts on every machine, in any order, and with any version of any library; and rows that
are added later do not move the others from one side of a random split to the other, apart from
those at its border.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peira.core.errors import UsageError
from peira.data.rows import Ids

PARTS_MAX = 1_000

Parts = dict[str, NDArray[np.intp]]
"""Positions of the rows of each part, rising."""

Shares = Mapping[str, float]
"""Names of parts with their shares, which sum to 1; the order is that of the parts."""


def draws(ids: Ids, seed: int) -> NDArray[np.uint64]:
    """Return one uniform draw an id, which depends on the id and the seed alone."""
    from blake3 import blake3

    start = blake3(f"split {seed}\n".encode())
    found = np.empty(len(ids), dtype=np.uint64)
    for index, id in enumerate(ids.tolist()):
        hasher = start.copy()
        hasher.update(id)
        found[index] = int.from_bytes(hasher.digest(length=8), "big")
    return found


def random(ids: Ids, shares: Shares, seed: int) -> Parts:
    """Deal rows at random.

    >>> rows = np.array([b"%032x" % n for n in range(100)])
    >>> {name: len(part) for name, part in random(rows, {"train": 0.8, "test": 0.2}, 0).items()}
    {'train': 80, 'test': 20}
    """
    return _deal([np.argsort(draws(ids, seed), kind="stable")], shares)


def stratified(ids: Ids, shares: Shares, seed: int, labels: NDArray[Any]) -> Parts:
    """Deal rows at random such that each part has each label in its share, to within a row."""
    order = np.argsort(draws(ids, seed), kind="stable")
    _, codes = np.unique(_comparable(labels), return_inverse=True)
    return _deal([order[codes[order] == code] for code in range(codes.max() + 1)], shares)


def grouped(ids: Ids, shares: Shares, seed: int, groups: NDArray[Any]) -> Parts:
    """Deal whole groups, the largest first, each to the part that is furthest below its share: no
    group is on two sides. Equal sizes go by the draw of the group.

    Raises:
        UsageError: there are fewer groups than parts.
    """
    names, codes, sizes = np.unique(_comparable(groups), return_inverse=True, return_counts=True)
    if len(names) < len(shares):
        raise UsageError(f"{len(names)} groups cannot be dealt to {len(shares)} parts.")
    luck = draws(np.array([str(name).encode() for name in names]), seed)
    wanted = {name: share * len(ids) for name, share in shares.items()}
    part_of = {}
    for code in np.lexsort((luck, -sizes)):
        name = max(wanted, key=lambda part: (wanted[part] / shares[part], part))
        wanted[name] -= sizes[code]
        part_of[code] = name
    of_row = np.array([part_of[code] for code in codes])
    return {name: np.flatnonzero(of_row == name) for name in shares}


def ordered(times: NDArray[Any], shares: Shares) -> Parts:
    """Deal rows by time, the earliest to the first part. Rows of the same time stay together, in
    the earlier part.

    Raises:
        UsageError: a time is missing, or they are texts whose order is not that of time.
    """
    _look_at_times(times)
    order = np.argsort(times, kind="stable")
    parts, start = {}, 0
    for name, end in zip(shares, _ends(len(times), shares), strict=True):
        end = max(start, end)
        while 0 < end < len(order) and times[order[end]] == times[order[end - 1]]:
            end += 1
        parts[name] = np.sort(order[start:end])
        start = end
    return parts


_ISO = re.compile(r"\d{4}-\d\d(-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?)?(Z|[+-]\d\d:?\d\d)?\Z")


def _look_at_times(times: NDArray[Any]) -> None:
    if times.dtype.kind in "mM":
        missing = int(np.isnat(times).sum())
    elif times.dtype.kind == "f":
        missing = int(np.isnan(times).sum())
    else:
        missing = sum(value is None for value in times.tolist())
    if missing:
        raise UsageError(
            f"{missing} rows have no time, so that they are neither before nor after the others.",
            hint="Remove them, or give them one.",
        )
    if times.dtype.kind != "O":
        return
    forms = {(match[5] if match else None) for match in map(_ISO.match, map(str, times.tolist()))}
    odd = next((v for v in times.tolist() if not _ISO.match(str(v))), None)
    if odd is not None or len(forms) > 1:
        raise UsageError(
            f"The times are texts whose order is not that of time{'' if odd is None else ': '}"
            f"{'' if odd is None else repr(odd)[:60]}.",
            hint="Write them as 2026-01-31 or 2026-01-31T12:00:00 in one time zone, or as numbers.",
        )


def predefined(values: NDArray[Any]) -> Parts:
    """Take the parts from a column that names them.

    Raises:
        UsageError: it names more than `PARTS_MAX`, or none for some row.
    """
    missing = sum(value is None or value != value for value in values.tolist())
    if missing:
        raise UsageError(f"{missing} rows name no part.", hint="Give them one, or remove them.")
    texts = np.array([str(value) for value in values.tolist()])
    count = len(np.unique(texts))
    if count > PARTS_MAX:
        raise UsageError(
            f"The column names {count} parts; a split has {PARTS_MAX} at most.",
            hint="Rows that belong together are kept together by --group.",
        )
    return {str(name): np.flatnonzero(texts == name) for name in dict.fromkeys(texts.tolist())}


def folds(
    ids: Ids, count: int, seed: int, labels: NDArray[Any] | None = None,
    groups: NDArray[Any] | None = None,
) -> Parts:  # fmt: skip
    """Deal rows to `count` folds of equal size, `fold-1` to `fold-<count>`; by labels or by whole
    groups when there are any.

    Raises:
        UsageError: fewer than 2 folds, or more folds than rows or groups.
    """
    if not 2 <= count <= len(ids):
        raise UsageError(f"{len(ids)} rows cannot be dealt to {count} folds.")
    shares = {f"fold-{n}": 1 / count for n in range(1, count + 1)}
    if groups is not None:
        return grouped(ids, shares, seed, groups)
    order = np.argsort(draws(ids, seed), kind="stable")
    if labels is not None:  # label by label, so that each fold gets its turn of each
        _, codes = np.unique(_comparable(labels), return_inverse=True)
        order = order[np.argsort(codes[order], kind="stable")]
    return {f"fold-{n + 1}": np.sort(order[n::count]) for n in range(count)}


def _deal(strata: Sequence[NDArray[np.intp]], shares: Shares) -> Parts:
    """Deal each stratum by the shares; what is left over by rounding evens out over the strata."""
    dealt: dict[str, list[NDArray[np.intp]]] = {name: [] for name in shares}
    ended, total = [0] * len(shares), 0
    for stratum in strata:
        total += len(stratum)
        start = 0
        for place, (name, end) in enumerate(zip(shares, _ends(total, shares), strict=True)):
            # Where the part ends in this stratum: so far as its end among all rows moved on.
            stop = min(len(stratum), max(start, end - ended[place]))
            dealt[name].append(stratum[start:stop])
            ended[place] += stop
            start = stop
    return {name: np.sort(np.concatenate(parts)) for name, parts in dealt.items()}


def _ends(count: int, shares: Shares) -> list[int]:
    """Return where each part ends among `count` rows in a row."""
    cumulated = np.cumsum(list(shares.values()))
    return [*(round(float(share) * count) for share in cumulated[:-1]), count]


def _comparable(values: NDArray[Any]) -> NDArray[Any]:
    """Texts and missing values cannot be sorted together as they are."""
    return np.array([str(v) for v in values.tolist()]) if values.dtype.kind == "O" else values

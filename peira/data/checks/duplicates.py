"""Exact copies: the same input in training and in test, and the same input with two labels.

Where inputs can hardly differ (a few columns of a few values each) equal rows come about by chance,
and say nothing. How many is estimated from the columns, taken as independent: real columns are not,
so it is too few rather than too many, and a finding is rather made than not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from peira.data.checks._base import Finding, View, percent
from peira.data.rows import as_text

CHANCE_LEAST = 1e-12
BY_CHANCE = "With so few different values equal rows come about by chance."


def across_parts(view: View) -> Iterator[Finding]:
    """Find test rows whose input is also in training: a model can know their answers by heart."""
    for part, count, (copies, twins) in copies_of(view):
        if not len(copies):
            continue
        learned = len(view) - count if not len(view.train) else len(view.train)
        by_chance = len(copies) <= _most_by_chance(count, learned * _equal_by_chance(view))
        share = len(copies) / count
        yield Finding(
            check="duplicates",
            action="note" if by_chance else "block",
            title=f"{len(copies)} rows of {part} ({percent(share)}) are also in {view.learned}.",
            count=len(copies),
            share=share,
            rows=view.names(copies),
            twins=view.names(twins),
            detail={"part": part},
            limits=BY_CHANCE if by_chance else "",
        )


Copies = tuple[list[int], list[int]]
"""Rows, and for each a row that was learned from."""


def copies_of(view: View) -> Iterator[tuple[str, int, Copies]]:
    """Yield each tested part with its number of rows, and its rows whose inputs are learned from,
    too.
    """
    if not view.inputs:
        return
    digests: list[bytes] = []
    for part, rows, train in view.trials():
        digests = digests or _digests(view)
        known: dict[bytes, int] = {}
        for row in train.tolist():
            known.setdefault(digests[row], row)
        copies = [row for row in rows.tolist() if digests[row] in known]
        yield part, len(rows), (copies, [known[digests[row]] for row in copies])


def conflicting_labels(view: View) -> Iterator[Finding]:
    """Find equal inputs with different labels: at least one of each is wrong, unless the inputs can
    hardly differ. Rows without a label conflict with none.
    """
    if view.y is None or not view.inputs:
        return
    groups: dict[bytes, list[int]] = defaultdict(list)
    labels = view.y.tolist()
    for row, digest in enumerate(_digests(view)):
        if labels[row] is not None and labels[row] == labels[row]:
            groups[digest].append(row)
    found = [rows for rows in groups.values() if len({labels[row] for row in rows}) > 1]
    if found:
        rows = [row for group in found for row in group]
        by_chance = len(rows) <= _most_by_chance(len(view), len(view) * _equal_by_chance(view))
        yield Finding(
            check="conflicting-labels",
            action="note" if by_chance else "warn",
            title=f"{len(found)} inputs occur with different labels, in {len(rows)} rows.",
            count=len(rows),
            share=len(rows) / len(view),
            rows=view.names(rows),
            detail={"inputs": len(found)},
            limits=BY_CHANCE if by_chance else "",
        )


def _equal_by_chance(view: View) -> float:
    """Return the probability that two rows have equal inputs, were columns independent; equal files
    are never equal by chance.
    """
    found = 1.0 if view.origin.contents is None else 0.0
    for values in view.inputs.values():
        flat = values.reshape(len(values), -1)
        for place in range(flat.shape[1]):
            if found < CHANCE_LEAST:
                return 0.0
            column = flat[:, place]
            if column.dtype.kind == "O":
                column = np.array([as_text(_normal(value)) for value in column.tolist()])
            counts = np.unique(column, return_counts=True)[1]
            found *= float(((counts / len(flat)) ** 2).sum())
    return found


def _most_by_chance(count: int, equal: float) -> float:
    """Return how many of so many rows may have an equal one by chance, when each has so many on
    average: twice what is expected and 3.7 standard deviations.
    """
    expected = count * -float(np.expm1(-equal))
    return 2 * expected + 3.7 * expected**0.5 if expected >= 1 else 0.0


def _digests(view: View) -> list[bytes]:
    """Return a digest of each row's inputs; texts in lower case without doubled blanks."""
    from hashlib import blake2b

    if view.origin.contents is not None:
        return [str(content).encode() for content in view.origin.contents.tolist()]

    numeric = [v for v in view.inputs.values() if v.dtype.kind not in "O"]
    others = [v for v in view.inputs.values() if v.dtype.kind == "O"]
    count = len(view)
    blocks = [_bytes_of(values) for values in numeric]
    table = np.hstack([block.reshape(count, -1) for block in blocks]) if blocks else None
    found = []
    encode = msgspec.json.Encoder(enc_hook=str).encode
    for row in range(count):
        hasher = blake2b(b"" if table is None else table[row].tobytes(), digest_size=16)
        if others:
            hasher.update(encode([_normal(values[row]) for values in others]))
        found.append(hasher.digest())
    return found


def _bytes_of(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(values).reshape(len(values), -1).view(np.uint8)


def _normal(value: object) -> object:
    return " ".join(value.lower().split()) if isinstance(value, str) else value

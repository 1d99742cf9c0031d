"""Exact copies: the same input in training and in test, and the same input with two labels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import msgspec
import numpy as np

from peira.data.checks._base import Finding, View, percent


def across_parts(view: View) -> Iterator[Finding]:
    """Find test rows whose input is also in training: a model can know their answers by heart."""
    if not len(view.train):
        return
    digests = _digests(view)
    known: dict[bytes, int] = {}
    for row in view.train.tolist():
        known.setdefault(digests[row], row)
    for part, rows in view.tests.items():
        copies = [row for row in rows.tolist() if digests[row] in known]
        if copies:
            share = len(copies) / len(rows)
            yield Finding(
                check="duplicates",
                action="block",
                title=f"{len(copies)} rows of {part} ({percent(share)}) are also in training.",
                count=len(copies),
                share=share,
                rows=view.names(copies),
                twins=view.names([known[digests[row]] for row in copies]),
                detail={"part": part},
            )


def conflicting_labels(view: View) -> Iterator[Finding]:
    """Find equal inputs with different labels: at least one of each is wrong."""
    if view.y is None:
        return
    digests = _digests(view)
    groups: dict[bytes, list[int]] = defaultdict(list)
    for row, digest in enumerate(digests):
        groups[digest].append(row)
    labels = view.y.tolist()
    found = [rows for rows in groups.values() if len({labels[row] for row in rows}) > 1]
    if found:
        rows = [row for group in found for row in group]
        yield Finding(
            check="conflicting-labels",
            action="warn",
            title=f"{len(found)} inputs occur with different labels, in {len(rows)} rows.",
            count=len(rows),
            share=len(rows) / len(view),
            rows=view.names(rows),
            detail={"inputs": len(found)},
        )


def _digests(view: View) -> list[bytes]:
    """Return a digest of each row's inputs; texts in lower case without doubled blanks."""
    from hashlib import blake2b

    numeric = [v for v in view.inputs.values() if v.dtype.kind not in "O"]
    others = [v for v in view.inputs.values() if v.dtype.kind == "O"]
    count = len(view)
    blocks = [np.ascontiguousarray(v).reshape(count, -1).view(np.uint8) for v in numeric]
    table = np.hstack([block.reshape(count, -1) for block in blocks]) if blocks else None
    found = []
    encode = msgspec.json.Encoder(enc_hook=str).encode
    for row in range(count):
        hasher = blake2b(b"" if table is None else table[row].tobytes(), digest_size=16)
        if others:
            hasher.update(encode([_normal(values[row]) for values in others]))
        found.append(hasher.digest())
    return found


def _normal(value: object) -> object:
    return " ".join(value.lower().split()) if isinstance(value, str) else value

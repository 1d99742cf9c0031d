"""Near copies of texts: test rows whose words are almost those of a training row.

A text is the set of its runs of three words, in lower case and without marks. Two texts are near
copies when they share at least 0.7 of all their runs (Jaccard). Candidates are found by MinHash in
bands, so that no two texts of all are compared, and each is then compared in full: a finding is
never a guess. A pair at 0.7 is a candidate with probability 0.996, one at 0.8 with 0.99997.
Source: Broder 1997, On the resemblance and containment of documents.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from peira.data.checks._base import SEED, Finding, View, percent
from peira.data.checks.near import WARN_SHARE, action_of

SHARED = 0.7
WORDS = 3
WORDS_MIN = 8
"""Shorter texts (names, categories) are alike by chance."""
BANDS = 20
ROWS_OF_BAND = 4
_PRIME = (1 << 61) - 1
_WORD = re.compile(r"\w+")
LIMITS = "Translations and texts in other words are not looked for."

Runs = frozenset[int]


def near_duplicate_texts(view: View) -> Iterator[Finding]:
    """Find test rows with a text that is nearly a training row's, and not the same."""
    for name, values in view.inputs.items():
        if values.dtype.kind != "O" or values.ndim != 1:
            continue
        runs = [_runs(value) for value in values.tolist()]
        known: tuple[NDArray[np.intp] | None, dict[bytes, list[int]]] = None, {}
        for part, rows, train in view.trials():
            if known[0] is not train:  # folds have one each
                known = train, _bands_of(runs, train)
            pairs = [
                (row, twin) for row in rows.tolist() if (twin := _twin(row, runs, known[1])) >= 0
            ]
            share = len(pairs) / len(rows) if len(rows) else 0.0
            if share > WARN_SHARE:
                yield Finding(
                    check="near-duplicate-texts",
                    action=action_of(len(pairs), share),
                    title=f"{len(pairs)} rows of {part} ({percent(share)}) have a {name} that is"
                    " nearly a training row's.",
                    count=len(pairs),
                    share=share,
                    rows=view.names([row for row, _ in pairs]),
                    twins=view.names([twin for _, twin in pairs]),
                    columns=[name],
                    detail={"part": part},
                    limits=LIMITS,
                )


def is_long(value: Any) -> bool:
    """Whether a value is a text of so many words that it can be nearly another."""
    return isinstance(value, str) and len(_WORD.findall(value.lower())) >= WORDS_MIN


def _runs(value: Any) -> Runs:
    """Return the runs of words of a text as numbers; none of a short one."""
    if not is_long(value):
        return frozenset()
    words = _WORD.findall(value.lower())
    ends = range(WORDS, len(words) + 1)
    return frozenset(crc32(" ".join(words[end - WORDS : end]).encode()) for end in ends)


def _bands_of(runs: list[Runs], rows: NDArray[np.intp]) -> dict[bytes, list[int]]:
    found: dict[bytes, list[int]] = defaultdict(list)
    for row in rows.tolist():
        for band in _bands(runs[row]):
            found[band].append(row)
    return found


def _bands(runs: Runs) -> Iterator[bytes]:
    """Yield what near texts share: the least of the runs by some orders, a few orders at once."""
    if not runs:
        return
    values = np.fromiter(runs, dtype=np.uint64, count=len(runs))
    least = ((values[:, None] * _FACTORS + _SUMMANDS) >> np.uint64(16)).min(axis=0)  # (orders,)
    for number, band in enumerate(least.reshape(BANDS, ROWS_OF_BAND)):
        yield bytes([number]) + band.tobytes()


def _twin(row: int, runs: list[Runs], known: dict[bytes, list[int]]) -> int:
    """Return the training row that is nearest and near enough; -1 without one, or when it is the
    same text: exact copies are another check's.
    """
    best, found = SHARED, -1
    for twin in {twin for band in _bands(runs[row]) for twin in known.get(band, ())}:
        shared = len(runs[row] & runs[twin]) / len(runs[row] | runs[twin])
        if shared == 1:
            return -1
        if shared >= best:
            best, found = shared, twin
    return found


_random = np.random.default_rng(SEED)
_FACTORS = _random.integers(1, _PRIME, BANDS * ROWS_OF_BAND, dtype=np.uint64) | np.uint64(1)
_SUMMANDS = _random.integers(0, _PRIME, BANDS * ROWS_OF_BAND, dtype=np.uint64)

"""What a sweep says in one sentence: "kernel_size 5 is in 18 of the best 20 of 120 runs".

A value of a param (or a part of its range) is named when it is among the best runs far more often
than among all runs: the exact probability of as many by chance, times the number of values and
parts that were looked at, is below 5 %. So where no param matters, a sentence names one in at most
5 % of cases. Counts of all runs stand beside it, since a sampler draws good values more often.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from peira.core.wording import number
from peira.sweeps.domain import Choice, Float, Int, Value, spell
from peira.sweeps.observations import Column, Direction, Observations
from peira.sweeps.space import Space

LEVEL = 0.05
NAMED_MAX = 3
RUNS_MIN = 10
_PARTS = 8
"""A range is cut in so many equal parts; what is named is up to half of them side by side."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A value or a part of a range that is frequent among the best runs."""

    param: str
    value: Value = None
    """The value of a list."""
    low: float | None = None
    """The least and the greatest value of a part of a range, as seen."""
    high: float | None = None
    best_with: int
    """So many of the best runs have it,"""
    best: int
    """of so many best runs;"""
    all_with: int
    """so many of all runs have it,"""
    runs: int
    """of so many."""
    probability: float
    """Of as many by chance, times the number of values and parts that were looked at."""

    @property
    def what(self) -> str:
        """As a person says it: `kernel_size 5`, `lr 0.001 to 0.01`."""
        if self.low is None or self.high is None:
            return f"{self.param} {spell(self.value)}"
        return f"{self.param} {number(self.low)} to {number(self.high)}"

    @property
    def query(self) -> str:
        """The same in the query language."""
        from peira.lab.query.names import write_name

        name = write_name(self.param, kind="params")
        if self.low is None or self.high is None:
            text = self.value if isinstance(self.value, str) else None
            return f"{name} = " + (spell(self.value) if text is None else _quoted(text))
        return f"{name} in {self.low!r}..{self.high!r}"


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """The sentence, and what it is made of."""

    sentence: str
    findings: list[Finding]
    """The surest first."""
    runs: int
    best: int


def find(
    params: Sequence[Mapping[str, Any]],
    values: Sequence[float | None],
    direction: Direction,
    *,
    space: Space | None = None,
) -> Findings:
    """Return what the best runs have in common.

    >>> tried = [{"kernel_size": (3, 5, 7)[i % 3]} for i in range(60)]
    >>> losses = [abs(p["kernel_size"] - 5) + 0.01 * i for i, p in enumerate(tried)]
    >>> find(tried, losses, "min").sentence
    'kernel_size 5 is in 12 of the best 12 of 60 runs (20 in all).'
    """
    return describe(Observations.of(params, values, direction, space=space))


def describe(table: Observations) -> Findings:
    """Return what the best runs of a table have in common."""
    n = len(table)
    if n < RUNS_MIN:
        few = f"{n} run{'s' if n != 1 else ''} with a value"
        sentence = f"{few} {'are' if n != 1 else 'is'} too few to say what matters."
        return Findings(sentence=sentence, findings=[], runs=n, best=0)
    is_best = _best(table.losses)
    best = int(is_best.sum())
    if best == n:
        return Findings(
            sentence=f"All {n:,} runs are equally good.", findings=[], runs=n, best=best
        )
    candidates = [found for column in table.columns for found in _candidates(column, is_best)]
    looked_at = len(candidates)
    sure = [
        msgspec.structs.replace(found, probability=min(1.0, found.probability * looked_at))
        for found in candidates
        if found.probability * looked_at < LEVEL
    ]
    named: dict[str, Finding] = {}
    for found in sorted(sure, key=lambda f: (f.probability, -f.best_with, f.param)):
        named.setdefault(found.param, found)
    chosen = list(named.values())[:NAMED_MAX]
    return Findings(sentence=_sentence(chosen, best, n), findings=chosen, runs=n, best=best)


def _sentence(found: Sequence[Finding], best: int, n: int) -> str:
    if not found:
        return f"Nothing stands out: the best {best:,} of {n:,} runs are spread as all of them are."
    first = found[0]
    parts = [
        f"{first.what} is in {first.best_with:,} of the best {best:,} of {n:,} runs "
        f"({first.all_with:,} in all)"
    ]
    parts += [f"{f.what} in {f.best_with:,} ({f.all_with:,} in all)" for f in found[1:]]
    return "; ".join(parts) + "."


def _best(losses: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which runs are the best: a fifth, 5 to 20 of them, and those equal to the last."""
    count = max(5, min(20, len(losses) // 5))
    cut = np.partition(losses, count - 1)[count - 1]
    return np.asarray(losses <= cut)


def _candidates(column: Column, is_best: NDArray[np.bool_]) -> list[Finding]:
    if isinstance(column.domain, Choice):
        spelled = np.array([None if v is None else spell(v) for v in column.values], dtype=object)
        return [
            _finding(column, spelled == spell(value), is_best, value=None if is_null else value)
            for value in column.domain.values
            for is_null in [column.has_null and value == "null"]
        ]
    return _parts(column, column.domain, is_best)


def _parts(column: Column, domain: Float | Int, is_best: NDArray[np.bool_]) -> list[Finding]:
    """Return each part of a range, and each row of up to half of the parts."""
    numbers = column.numbers  # (rows,), NaN where missing
    scale = np.log if domain.log else np.asarray
    low, high = float(scale(domain.low)), float(scale(domain.high))
    with np.errstate(invalid="ignore"):
        place = np.floor((scale(numbers) - low) / (high - low) * _PARTS)
    part = np.clip(place, 0, _PARTS - 1)  # (rows,), NaN where missing
    found = []
    for length in range(1, _PARTS // 2 + 1):
        for first in range(_PARTS - length + 1):
            has = (part >= first) & (part < first + length)
            if has.any():
                inside = numbers[has]
                ends = {"low": float(inside.min()), "high": float(inside.max())}
                found.append(_finding(column, has, is_best, **ends))
    return found


def _finding(
    column: Column, has: NDArray[np.bool_], is_best: NDArray[np.bool_], **what: Any
) -> Finding:
    n, best = len(has), int(is_best.sum())
    all_with, best_with = int(has.sum()), int((has & is_best).sum())
    return Finding(
        param=column.name,
        best_with=best_with,
        best=best,
        all_with=all_with,
        runs=n,
        probability=_at_least(best_with, best, all_with, n),
        **what,
    )


def _at_least(seen: int, drawn: int, having: int, n: int) -> float:
    """Return the probability of `seen` or more of `having` marked among `drawn` of `n`: Fisher's
    exact test.

    >>> round(_at_least(3, 3, 3, 6), 3)
    0.05
    """
    total = _log_choose(n, drawn)
    terms = [
        math.exp(_log_choose(having, x) + _log_choose(n - having, drawn - x) - total)
        for x in range(seen, min(drawn, having) + 1)
        if drawn - x <= n - having
    ]
    return min(1.0, math.fsum(terms))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

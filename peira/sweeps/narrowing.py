"""The next, smaller space: where the best trials of a sweep lie.

Of a range the part from the least to the greatest value among the best trials stays, a little
wider on both sides, and never wider than it was; of a list the values that are among the best, and
those that were hardly tried.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence

import msgspec

from peira.core.errors import QueryError, UsageError
from peira.sweeps.domain import Choice, Constant, Domain, Float, Int, Value, same
from peira.sweeps.ledger import WITH_VALUES
from peira.sweeps.reading import SweepReading
from peira.sweeps.space import Param, Space

BEST_MIN = 5
TRIALS_MIN = 10
_MARGIN = 0.1
"""So much wider than the best trials, as a part of their extent in the range."""
_TRIED_MIN = 3
"""A value of a list that was tried less often is not given up."""
_DIGITS = 3


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of one param."""

    name: str
    before: str
    after: str | None
    """None: it leaves the space."""


class Narrowed(msgspec.Struct, frozen=True, kw_only=True):
    """A smaller space, and what it was made from."""

    space: Space
    changes: list[Change]
    best: int
    """So many trials span it,"""
    trials: int
    """of so many with a value."""


def narrow(
    reading: SweepReading, *, share: float = 0.2, runs: Collection[str] | None = None
) -> Narrowed:
    """Return the space around the best trials; with several objectives, around the front.

    Args:
        share: the part of the trials that counts as the best; 5 of them at least.
        runs: these trials instead, by their runs: a region that somebody brushed.

    Raises:
        UsageError: too few trials, or none of them is among `runs`.
    """
    trials, definition = reading.trials, reading.definition
    sign = 1 if definition.objective.direction == "minimize" else -1
    there = [
        i
        for i, state in enumerate(trials.state)
        if state in WITH_VALUES and (v := trials.values[0][i]) is not None and math.isfinite(v)
    ]
    there.sort(key=lambda i: sign * (trials.values[0][i] or 0.0))
    if runs is not None:
        best = [i for i in there if trials.run[i] in runs]
        if not best:
            raise UsageError(f"None of those runs is a trial of {definition.name} with a value.")
    else:
        if len(there) < TRIALS_MIN:
            raise UsageError(
                f"{len(there)} trials with a value are too few to narrow {definition.name}.",
                hint=f"It takes {TRIALS_MIN}; or name a region by a query.",
            )
        best = there[: max(BEST_MIN, round(share * len(there)))]
        if definition.is_several:
            front = {one.trial for one in reading.row.front}
            best = [i for i in there if trials.number[i] in front]
    space = _space(definition.space, trials.params_at(best), trials.params_at(there))
    after = {param.name: param.text.partition("=")[2] for param in space.params}
    changes = [
        Change(name=p.name, before=p.text.partition("=")[2], after=after.get(p.name))
        for p in definition.space.params
        if p.text.partition("=")[2] != after.get(p.name)
    ]
    return Narrowed(space=space, changes=changes, best=len(best), trials=len(there))


def _space(
    space: Space, rows: Sequence[dict[str, Value]], tried: Sequence[dict[str, Value]]
) -> Space:
    found: list[Param] = []
    for param in space.params:
        values = [row[param.name] for row in rows if param.name in row]
        if not values:
            continue  # only under a condition that none of the best meets
        domain = _domain(param.domain, values, [r[param.name] for r in tried if param.name in r])
        found.append(Param(name=param.name, domain=domain, when=param.when))
    names = {param.name for param in found}
    found = [
        p if space.names_in(p.when) <= names else msgspec.structs.replace(p, when="") for p in found
    ]
    # What a condition or a constraint speaks of must still have the values that it names.
    for text in (*(p.when for p in found if p.when), *space.where):
        for name in space.names_in(text):
            before = space.param(name)
            is_list = isinstance(before.domain, Choice)
            if name in names and is_list and not _is_meant(space, found, text):
                found = [
                    msgspec.structs.replace(p, domain=before.domain) if p.name == name else p
                    for p in found
                ]
    always = {p.name: p.domain.value for p in found if isinstance(p.domain, Constant)}
    found = [
        msgspec.structs.replace(p, when="") if space.holds(p.when, always) else p for p in found
    ]
    where = tuple(text for text in space.where if space.names_in(text) <= names)
    return Space(params=tuple(found), where=where)


def _is_meant(space: Space, params: Sequence[Param], text: str) -> bool:
    """Whether an expression can still be said over these params."""
    try:
        Space(params=tuple(msgspec.structs.replace(p, when="") for p in params), where=(text,))
    except QueryError:
        return False
    return True


def _domain(domain: Domain, best: Sequence[Value], tried: Sequence[Value]) -> Domain:
    if isinstance(domain, Choice):
        kept = tuple(
            value
            for value in domain.values
            if any(same(value, b) for b in best) or sum(same(value, t) for t in tried) < _TRIED_MIN
        )
        return Constant(value=kept[0]) if len(kept) == 1 else Choice(values=kept)
    if isinstance(domain, Constant):
        return domain
    numbers = [float(v) for v in best if isinstance(v, int | float)]
    low, high = _wider(min(numbers), max(numbers), domain)
    if domain.step is not None:  # rounded outward to steps
        first = domain.low + max(0, _whole(math.floor, low, domain)) * domain.step
        last = domain.low + _whole(math.ceil, high, domain) * domain.step
        if isinstance(domain, Int):
            first, last = int(first), min(domain.top, int(last))
        else:
            first, last = domain.neat(first), min(domain.top, domain.neat(last))
        if first >= last:
            return Constant(value=first)
        return msgspec.structs.replace(domain, low=first, high=last)
    low, high = (
        max(domain.low, _rounded(low, math.floor)),
        min(domain.high, _rounded(high, math.ceil)),
    )
    return msgspec.structs.replace(domain, low=low, high=high)


def _wider(low: float, high: float, domain: Float | Int) -> tuple[float, float]:
    """Return the extent with a margin; of one value, a tenth of the whole range around it."""
    if domain.log:
        ends = _wider_evenly(
            math.log(low), math.log(high), math.log(domain.low), math.log(domain.high)
        )
        return math.exp(ends[0]), math.exp(ends[1])
    return _wider_evenly(low, high, domain.low, domain.high)


def _wider_evenly(low: float, high: float, least: float, most: float) -> tuple[float, float]:
    extent = high - low
    margin = _MARGIN * extent if extent > 0 else _MARGIN * (most - least) / 2
    return max(least, low - margin), min(most, high + margin)


def _whole(rounded: Callable[[float], int], value: float, domain: Float | Int) -> int:
    """Return how many steps a value lies above the lower end; what is all but one is one."""
    steps = (value - domain.low) / (domain.step or 1)
    return round(steps) if abs(steps - round(steps)) < 1e-9 else rounded(steps)


def _rounded(value: float, direction: object) -> float:
    """Return a number with three significant digits, rounded outward."""
    if value == 0:
        return 0.0
    digits = _DIGITS - 1 - math.floor(math.log10(abs(value)))
    scaled = value * 10.0**digits
    whole = math.floor(scaled + 1e-9) if direction is math.floor else math.ceil(scaled - 1e-9)
    return float(f"{whole / 10.0**digits:.{_DIGITS}g}")

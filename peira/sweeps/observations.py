"""The table that importance and findings look at: a row a run, with params and one value.

It is made of the trials of a sweep or of any runs. What a param is like (a range, a list) comes
from the sweep's space where there is one, else from the values seen.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from peira.sweeps.domain import Choice, Constant, Domain, Float, Int, Value, spell
from peira.sweeps.ledger import WITH_VALUES
from peira.sweeps.reading import SweepReading
from peira.sweeps.space import Space

Direction = Literal["min", "max"]

LISTED_MAX = 10
"""Numbers with at most so many different values are looked at one by one, not as a range."""
_LOG_RATIO = 50.0
"""A range of positive values that is wider than this factor is looked at in its logarithm."""


class Aside(msgspec.Struct, frozen=True):
    """A param that is not judged, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Column:
    """One param over all rows; None where a row does not have it."""

    name: str
    domain: Float | Int | Choice
    values: list[Value]
    missing: int
    has_null: bool = False
    """Whether null is one of the values; the text `null` stands for it."""

    @property
    def numbers(self) -> NDArray[np.float64]:
        """The values of a range, NaN where missing, shape (rows,)."""
        return np.array([math.nan if v is None else float(v) for v in self.values])


@dataclass(frozen=True)
class Observations:
    """Params and values of runs, finite values only."""

    columns: list[Column]
    values: NDArray[np.float64]
    direction: Direction
    aside: list[Aside] = field(default_factory=list)
    left_out: int = 0
    """Runs without a finite value: they are not looked at."""

    def __len__(self) -> int:
        return len(self.values)

    @property
    def losses(self) -> NDArray[np.float64]:
        """The values such that less is better."""
        return self.values if self.direction == "min" else -self.values

    @classmethod
    def of(
        cls,
        params: Sequence[Mapping[str, Any]],
        values: Sequence[float | None],
        direction: Direction,
        *,
        space: Space | None = None,
    ) -> Observations:
        """Make the table of rows; a row without a finite value is counted and left out.

        >>> rows = [{"lr": 0.1}, {"lr": 0.2}, {"lr": 0.3}]
        >>> table = Observations.of(rows, [1.0, 2.0, None], "min")
        >>> len(table), table.left_out, table.columns[0].domain.text
        (2, 1, '0.1,0.2')
        """
        kept = [i for i, v in enumerate(values) if v is not None and math.isfinite(v)]
        rows = [params[i] for i in kept]
        seen = sorted({name for row in rows for name in row})
        names = list(dict.fromkeys([*(space.names if space is not None else ()), *seen]))
        columns, aside = [], []
        for name in names:
            column = _column(
                name, [row.get(name) for row in rows], [name in r for r in rows], space
            )
            if isinstance(column, Aside):
                aside.append(column)
            else:
                columns.append(column)
        finite = [v for v in values if v is not None and math.isfinite(v)]
        numbers = np.asarray(finite, dtype=np.float64)
        return cls(columns, numbers, direction, aside, len(values) - len(kept))


def trial_observations(reading: SweepReading) -> Observations:
    """Return the trials of a sweep that gave a value, with its first objective."""
    trials, objective = reading.trials, reading.definition.objective
    kept = [i for i, state in enumerate(trials.state) if state in WITH_VALUES]
    return Observations.of(
        trials.params_at(kept),
        [trials.values[0][i] for i in kept],
        "min" if objective.direction == "minimize" else "max",
        space=reading.definition.space,
    )


def _column(
    name: str, found: list[Any], present: list[bool], space: Space | None
) -> Column | Aside:
    values: list[Value] = [_plain(v) if p else None for v, p in zip(found, present, strict=True)]
    has_null = any(p and v is None for v, p in zip(values, present, strict=True))
    if has_null:  # null is a value as any other; what is missing is not
        values = ["null" if p and v is None else v for v, p in zip(values, present, strict=True)]
    known = [v for v in values if v is not None]
    distinct = {spell(v): v for v in known}
    if len(distinct) < 2:
        what = f"is {next(iter(distinct))} in all of them" if distinct else "is in none of them"
        return Aside(name, what)
    known_domains = {p.name: p.domain for p in space.params} if space is not None else {}
    domain: Domain | None = known_domains.get(name)
    if isinstance(domain, Constant) or (domain is not None and not _fits(domain, known)):
        domain = None
    if domain is None or len(distinct) <= LISTED_MAX:
        domain = _seen(distinct)
    if isinstance(domain, Choice) and len(distinct) > max(LISTED_MAX, len(known) // 3):
        return Aside(name, f"is a text with {len(distinct):,} different values")
    assert isinstance(domain, Float | Int | Choice)
    return Column(name, domain, values, len(values) - len(known), has_null)


def _fits(domain: Domain, known: Sequence[Value]) -> bool:
    return all(domain.holds(value) for value in known)


def _plain(value: Any) -> Value:
    if value is None or isinstance(value, bool | int | float | str):
        return spell(value) if isinstance(value, float) and not math.isfinite(value) else value
    return json.dumps(value, sort_keys=True, default=str)


def seen_domain(values: Iterable[Value]) -> Domain:
    """Return the domain that values look like: a range, a list, a constant.

    >>> seen_domain([3, 5, 3]).text, seen_domain([1]).text
    ('3,5', '1')
    """
    distinct = {spell(value): value for value in values}
    if len(distinct) == 1:
        return Constant(value=next(iter(distinct.values())))
    return _seen(distinct)


def _seen(distinct: Mapping[str, Value]) -> Float | Int | Choice:
    values = list(distinct.values())
    is_numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    if not is_numbers or len(values) <= LISTED_MAX:
        if is_numbers:
            return Choice(values=tuple(sorted(values, key=lambda v: float(spell(v)))))
        return Choice(values=tuple(sorted(values, key=spell)))
    numbers = [float(v) for v in values]  # type: ignore[arg-type]
    low, high = min(numbers), max(numbers)
    log = low > 0 and high / low > _LOG_RATIO
    if all(isinstance(v, int) for v in values):
        return Int(low=int(low), high=int(high), log=log)
    return Float(low=low, high=high, log=log)

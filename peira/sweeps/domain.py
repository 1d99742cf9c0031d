"""Where the values of one param come from: a range, a list, or one value.

Each kind knows its text (`log(0.0001,0.1)`), which values it holds, the points that a grid takes
from it, and Optuna's distribution of the same meaning. Optuna is imported when it is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from peira.core.errors import UsageError

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

Value = bool | int | float | str | None
"""What a param of a sweep can be."""


class Float(msgspec.Struct, frozen=True, kw_only=True, tag="float", omit_defaults=True):
    """Real numbers from `low` to `high`, both included; drawn evenly, or evenly in their logarithm.

    >>> Float(low=0.0, high=1.0, step=0.25).grid("x")
    (0.0, 0.25, 0.5, 0.75, 1.0)
    """

    low: float
    high: float
    step: float | None = None
    log: bool = False
    count: int | None = None
    """How many points a grid takes; other samplers do not look at it."""

    def check(self, name: str) -> None:
        """Raise UsageError when this is no range."""
        _check_ends(name, self.low, self.high, self.log)
        _check_count(name, self.count, self.step)
        if self.step is not None:
            if self.log:
                raise UsageError(
                    f"{name}: a logarithmic range has no step.",
                    hint=f"For a grid say how many points: {_log_text(self.low, self.high, 7)}.",
                )
            if not (self.step > 0 and len(_steps(self.low, self.high, self.step, most=2)) > 1):
                raise UsageError(
                    f"{name}: the step {self.step!r} does not fit between {self.low!r} and "
                    f"{self.high!r}."
                )

    def holds(self, value: Value) -> bool:
        """Whether a value lies in the range (on its steps, when there are steps)."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        if not self.low <= value <= self.high:
            return False
        if self.step is None:
            return True
        steps = (value - self.low) / self.step
        return abs(steps - round(steps)) < 1e-8

    def grid(self, name: str) -> tuple[Value, ...]:
        """Return the points of a grid, rising.

        Raises:
            UsageError: there are infinitely many.
        """
        if self.step is not None:
            return tuple(_steps(self.low, self.high, self.step))
        if self.count is None:
            kind = "log" if self.log else "float"
            raise UsageError(
                f"{name} has no steps, so a grid does not know its points.",
                hint=f"Say how many: {name}={kind}({self.low!r},{self.high!r},count=5)"
                + (
                    "." if self.log else f", or give a step: float({self.low!r},{self.high!r},0.1)."
                ),
            )
        return tuple(_spread(self.low, self.high, self.count, self.log))

    @property
    def text(self) -> str:
        if self.log:
            return _log_text(self.low, self.high, self.count)
        return _call("float", self.low, self.high, _third(self.step), _count(self.count))

    def distribution(self) -> BaseDistribution:
        """Return Optuna's distribution."""
        from optuna.distributions import FloatDistribution

        return FloatDistribution(self.low, self.top, step=self.step, log=self.log)

    def neat(self, value: float) -> float:
        """Return a drawn value as a person writes it: on steps of 0.1, 0.9 and not 0.8999….

        >>> Float(low=0.0, high=1.0, step=0.1).neat(0.8999999999999999)
        0.9
        """
        if self.step is None:
            return value
        width = Decimal(str(self.step))
        return float(Decimal(str(self.low)) + round((value - self.low) / self.step) * width)

    @property
    def top(self) -> float:
        """The greatest value: the end, or the last step before it."""
        return self.high if self.step is None else _steps(self.low, self.high, self.step)[-1]


class Int(msgspec.Struct, frozen=True, kw_only=True, tag="int", omit_defaults=True):
    """Whole numbers from `low` to `high`, both included.

    >>> Int(low=16, high=256, log=True, count=5).grid("batch")
    (16, 32, 64, 128, 256)
    """

    low: int
    high: int
    step: int = 1
    log: bool = False
    count: int | None = None
    """How many points a grid takes; other samplers do not look at it."""

    def check(self, name: str) -> None:
        """Raise UsageError when this is no range."""
        _check_ends(name, self.low, self.high, self.log)
        _check_count(name, self.count, None if self.step == 1 else self.step)
        if self.step < 1 or self.step > max(1, self.high - self.low):
            raise UsageError(
                f"{name}: the step {self.step} does not fit between {self.low} and {self.high}."
            )
        if self.log and self.step != 1:
            raise UsageError(f"{name}: a logarithmic range has no step.")

    def holds(self, value: Value) -> bool:
        """Whether a value lies in the range, on its steps."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        if not self.low <= value <= self.high or value != int(value):
            return False
        return (int(value) - self.low) % self.step == 0

    def grid(self, name: str) -> tuple[Value, ...]:
        """Return the points of a grid, rising.

        Raises:
            UsageError: it is a logarithmic range without a number of points.
        """
        if self.count is not None:
            points = (round(v) for v in _spread(self.low, self.high, self.count, self.log))
            return tuple(dict.fromkeys(points))
        if self.log:
            raise UsageError(
                f"{name} is a logarithmic range, so a grid does not know its points.",
                hint=f"Say how many: {name}=int({self.low},{self.high},log,count=5), or list them.",
            )
        return tuple(range(self.low, self.high + 1, self.step))

    @property
    def text(self) -> str:
        step = None if self.step == 1 else str(self.step)
        return _call("int", self.low, self.high, "log" if self.log else step, _count(self.count))

    def distribution(self) -> BaseDistribution:
        """Return Optuna's distribution."""
        from optuna.distributions import IntDistribution

        return IntDistribution(self.low, self.top, log=self.log, step=self.step)

    @property
    def top(self) -> int:
        """The greatest value: the end, or the last step before it."""
        return self.high - (self.high - self.low) % self.step


class Choice(msgspec.Struct, frozen=True, kw_only=True, tag="choice"):
    """One of some values, in no order.

    >>> Choice(values=("sgd", "adam")).text
    'sgd,adam'
    """

    values: tuple[Value, ...]

    def check(self, name: str) -> None:
        """Raise UsageError when there is nothing to choose, or a value stands twice."""
        if not self.values:
            raise UsageError(f"{name}: there is no value to choose.")
        for value in self.values:
            _check_value(name, value)
        spelled = [spell(value) for value in self.values]
        if len(set(spelled)) < len(spelled):
            twice = next(text for text in spelled if spelled.count(text) > 1)
            raise UsageError(f"{name}: the value {twice} stands twice.")

    def holds(self, value: Value) -> bool:
        """Whether a value is one of these."""
        return any(same(value, own) for own in self.values)

    def grid(self, name: str) -> tuple[Value, ...]:
        """Return the values, as they were given."""
        return self.values

    @property
    def text(self) -> str:
        spelled = ",".join(spell(value) for value in self.values)
        return spelled if len(self.values) > 1 else f"{spelled},"

    def distribution(self) -> BaseDistribution:
        """Return Optuna's distribution."""
        from optuna.distributions import CategoricalDistribution

        return CategoricalDistribution(self.values)


class Constant(msgspec.Struct, frozen=True, kw_only=True, tag="constant"):
    """The same value in every trial; not searched."""

    value: Value

    def check(self, name: str) -> None:
        """Raise UsageError when it is no value of a param."""
        _check_value(name, self.value)

    def holds(self, value: Value) -> bool:
        """Whether it is this value."""
        return same(value, self.value)

    def grid(self, name: str) -> tuple[Value, ...]:
        """Return the one value."""
        return (self.value,)

    @property
    def text(self) -> str:
        return spell(self.value)

    def distribution(self) -> BaseDistribution:
        """Return Optuna's distribution: a choice of one."""
        return Choice(values=(self.value,)).distribution()


Domain = Float | Int | Choice | Constant


def domain_of(distribution: BaseDistribution) -> Domain:
    """Return the domain of the same meaning as one of Optuna's distributions.

    >>> from optuna.distributions import FloatDistribution
    >>> domain_of(FloatDistribution(1e-4, 1e-1, log=True)).text
    'log(0.0001,0.1)'
    """
    from optuna import distributions

    if isinstance(distribution, distributions.FloatDistribution):
        return Float(
            low=distribution.low,
            high=distribution.high,
            step=distribution.step,
            log=distribution.log,
        )
    if isinstance(distribution, distributions.IntDistribution):
        return Int(
            low=distribution.low,
            high=distribution.high,
            step=distribution.step,
            log=distribution.log,
        )
    if isinstance(distribution, distributions.CategoricalDistribution):
        return Choice(values=tuple(distribution.choices))
    raise UsageError(f"{type(distribution).__name__} is no distribution that a sweep knows.")


def spell(value: Value) -> str:
    """Return a value as it is written in the text of a space.

    >>> spell(None), spell(True), spell(0.1), spell("sgd"), spell("3")
    ('null', 'true', '0.1', 'sgd', "'3'")
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value if _is_plain(value) else _quote(value)
    return repr(value)


def read_value(text: str) -> Value:
    """Return the value that a word of a space means: a number, true, false, null, or a text.

    >>> read_value("3"), read_value("1e-3"), read_value("true"), read_value("'3'")
    (3, 0.001, True, '3')
    """
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1].replace("\\" + text[0], text[0]).replace("\\\\", "\\")
    words: dict[str, Value] = {"true": True, "false": False, "null": None, "none": None}
    if text.lower() in words:
        return words[text.lower()]
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        if "_" not in text:
            return number
    return text


def python_value(value: Any) -> Any:
    """Return what NumPy holds as Python's own: a scalar as a number, an array as a list; all else
    as it is.
    """
    if hasattr(value, "tolist") and hasattr(value, "dtype"):
        return value.tolist()
    if isinstance(value, list | tuple):
        return type(value)(map(python_value, value)) if type(value) in (list, tuple) else value
    return value


def same(one: Value, other: Value) -> bool:
    """Whether two values are the same param: 1 is 1.0, and neither is true nor "1"."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return one == other


def _is_plain(text: str) -> bool:
    return (
        bool(text)
        and isinstance(read_value(text), str)
        and text == text.strip()
        and not set(text) & set("'\"`,()[]{}= ")
        and ".." not in text
    )


def _quote(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _check_ends(name: str, low: float, high: float, log: bool) -> None:
    if not (math.isfinite(low) and math.isfinite(high)):
        raise UsageError(f"{name}: a range needs two finite ends, not {low!r} and {high!r}.")
    if not low < high:
        hint = f"For one value write {name}={low!r}." if low == high else "Swap the two ends."
        raise UsageError(f"{name}: {low!r} is not below {high!r}.", hint=hint)
    if log and low <= 0:
        raise UsageError(
            f"{name}: a logarithmic range cannot begin at {low!r}.",
            hint="Begin above 0, or use float or int without log.",
        )


def _check_count(name: str, count: int | None, step: float | None) -> None:
    if count is None:
        return
    if step is not None:
        raise UsageError(f"{name}: give a step or a count of points, not both.")
    if count < 2:
        raise UsageError(f"{name}: a range in a grid has at least 2 points, not {count}.")


def _check_value(name: str, value: object) -> None:
    if value is not None and not isinstance(value, bool | int | float | str):
        raise UsageError(
            f"{name}: {value!r} ({type(value).__name__}) is no value of a sweep.",
            hint="Values are numbers, texts, true, false and null; name other things by a text.",
        )
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"{name}: {value!r} is no value to search.")


def _steps(low: float, high: float, step: float, most: int | None = None) -> list[float]:
    """Return low, low + step, … up to high, in decimal: 0.1 three times is 0.3."""
    first, width = Decimal(str(low)), Decimal(str(step))
    number = int((Decimal(str(high)) - first) / width) + 1
    return [float(first + i * width) for i in range(number if most is None else min(number, most))]


def _spread(low: float, high: float, count: int, log: bool) -> list[float]:
    if log:
        ratio = math.log(high / low) / (count - 1)
        inner = [low * math.exp(i * ratio) for i in range(1, count - 1)]
    else:
        inner = [low + (high - low) * i / (count - 1) for i in range(1, count - 1)]
    return [low, *(float(f"{v:.12g}") for v in inner), high]


def _call(kind: str, *parts: object) -> str:
    given: Iterable[object] = (p if isinstance(p, str) else repr(p) for p in parts if p is not None)
    return f"{kind}({','.join(map(str, given))})"


def _third(step: float | None) -> str | None:
    return None if step is None else repr(step)


def _count(count: int | None) -> str | None:
    return None if count is None else f"count={count}"


def _log_text(low: float, high: float, count: int | None) -> str:
    return _call("log", low, high, _count(count))

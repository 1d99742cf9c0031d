"""Numbers and other values as users give them, turned into what a record can hold.

Values of NumPy, PyTorch, JAX and TensorFlow are known by what they can do (`item`, `numpy`,
`__float__`), so none of these libraries is imported here.
"""

from __future__ import annotations

import dataclasses
import enum
import math
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from peira.core.errors import UsageError

EXACT_INT_MAX = 2**53
"""The largest integer below which float64 holds every integer."""

KEY_CHARACTERS_MAX = 1_000
TEXT_CHARACTERS_MAX = 100_000
DEPTH_MAX = 32


def flatten(values: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Yield (key, value) with the names of nested mappings joined by `/`.

    >>> list(flatten({"train": {"loss": 1.0}, "lr": 0.1}))
    [('train/loss', 1.0), ('lr', 0.1)]

    Raises:
        UsageError: a key is empty or too long, or the nesting is too deep.
    """
    yield from _flatten(values, "", 0)


def _flatten(values: Mapping[Any, Any], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > DEPTH_MAX:
        raise UsageError(f"{prefix[:60]!r} is nested deeper than {DEPTH_MAX} levels.")
    for name, value in values.items():
        key = prefix + well_formed(str(name))
        if isinstance(value, Mapping):
            yield from _flatten(value, key + "/", depth + 1)
        elif not str(name):
            raise UsageError("A key is empty.", hint="Give every value a name.")
        elif len(key) > KEY_CHARACTERS_MAX:
            raise UsageError(
                f"The key {key[:40]!r}… has {len(key)} characters of {KEY_CHARACTERS_MAX}."
            )
        else:
            yield key, value


def well_formed(text: str) -> str:
    """Return `text` with lone surrogates, which UTF-8 cannot hold, written as escapes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text


def number(value: Any) -> int | float:
    """Return the Python number that `value` holds: an int or a float, not rounded if it can be
    helped.

    Takes numbers, booleans (0 or 1), and scalars or arrays of one element of any library.

    Raises:
        TypeError: it is not one real number.
    """
    if isinstance(value, float):
        return float(value)  # also of numpy.float64, a subclass
    if isinstance(value, int):
        return int(value)  # also of booleans and enumerations
    if isinstance(value, str | bytes | complex) or value is None:
        raise TypeError(f"{type(value).__name__} is not a number")
    found = _element(value)
    if isinstance(found, bool | int | float):
        return number(found)
    if isinstance(found, str | bytes | complex) or not hasattr(found, "__float__"):
        raise TypeError(f"{type(value).__name__} is not one number")
    return float(found)


def _element(value: Any) -> Any:
    """Return the only element of an array-like, or `value` itself."""
    try:
        if hasattr(value, "item"):
            return value.item()
        if hasattr(value, "numpy"):  # TensorFlow
            return value.numpy().item()
    except (ValueError, RuntimeError, TypeError) as error:  # more than one element, each in its way
        raise TypeError(
            f"{type(value).__name__} holds more than one number: {error!s:.100}"
        ) from error
    return value


def metric_value(value: Any) -> tuple[float, str | None]:
    """Return the float64 of a metric value, and the value as it was given if that had to be
    rounded.

    >>> metric_value(2**53 + 1)
    (9007199254740992.0, '9007199254740993')

    Raises:
        TypeError: it is not one real number, or beyond float64.
    """
    given = number(value)
    try:
        rounded = float(given)
    except OverflowError as error:
        raise TypeError("the integer is too large for float64") from error
    if type(given) is float:
        # A wider float (numpy.longdouble, Decimal) or one that says it is.
        wide = hasattr(value, "__float__") and not isinstance(value, float)
        exact = not wide or math.isnan(rounded) or bool(rounded == value)
        return rounded, None if exact else str(value)
    return rounded, None if rounded == given else str(given)


def step_value(step: Any) -> int:
    """Return a step as an int.

    Raises:
        UsageError: it is not a whole number of 64 bits.
    """
    try:
        found = number(step)
    except TypeError as error:
        raise UsageError(f"step is {step!r:.60}: {error}.", hint="Give a whole number.") from error
    if found != found or found in (math.inf, -math.inf) or found != int(found):
        raise UsageError(f"step is {found!r}.", hint="Give a whole number.")
    if not -(2**63) <= found < 2**63:
        raise UsageError(f"step is {found!r:.60}, which does not fit 64 bits.")
    return int(found)


def param_value(value: Any, depth: int = 0) -> Any:
    """Return `value` as JSON can hold it.

    Non-finite floats become `{"float": "NaN"}`, what is
    unknown its text.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, enum.Enum):
        return param_value(value.value, depth)
    if isinstance(value, str):
        return _short(well_formed(str(value)))
    if isinstance(value, int):
        return int(value) if -(2**63) <= value < 2**64 else str(int(value))
    if isinstance(value, float):
        return _finite(float(value))
    if depth < DEPTH_MAX:
        if isinstance(value, Mapping):
            return {well_formed(str(k)): param_value(v, depth + 1) for k, v in value.items()}
        if isinstance(value, list | tuple | range):
            return [param_value(item, depth + 1) for item in value]
        if isinstance(value, AbstractSet):
            return sorted((param_value(item, depth + 1) for item in value), key=str)
    if hasattr(value, "item") or hasattr(value, "numpy"):
        try:
            return param_value(number(value))
        except TypeError:
            pass
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    return _short(well_formed(str(value)))


def named_values(values: Any) -> Mapping[Any, Any]:
    """Return params given as a mapping, a dataclass, an `argparse.Namespace` or another object
    with fields.

    Raises:
        UsageError: it has no named fields.
    """
    if isinstance(values, Mapping):
        return values
    if dataclasses.is_dataclass(values) and not isinstance(values, type):
        return dataclasses.asdict(values)
    try:
        return dict(vars(values))
    except TypeError:
        raise UsageError(
            f"params is a {type(values).__name__}.", hint="Give a dict, a dataclass or a namespace."
        ) from None


def _finite(value: float) -> Any:
    if math.isfinite(value):
        return value
    return {"float": "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"}


def _short(text: str) -> str:
    if len(text) <= TEXT_CHARACTERS_MAX:
        return text
    return f"{text[:TEXT_CHARACTERS_MAX]}… ({len(text)} characters)"

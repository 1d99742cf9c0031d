"""Numbers and other values as users give them, turned into what a record can hold.

Values of NumPy, PyTorch, JAX and TensorFlow are known by what they can do (`item`, `numpy`,
`__float__`), so none of these libraries is imported here.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from peira.core.errors import UsageError

EXACT_INT_MAX = 2**53
"""The largest integer below which float64 holds every integer."""

KEY_CHARACTERS_MAX = 1_000
KEYS_MAX = 100_000
TEXT_CHARACTERS_MAX = 100_000
ITEMS_MAX = 100_000
ELEMENTS_MAX = 100
"""Arrays of more elements than this are no inputs that people compare: their text is kept."""
DEPTH_MAX = 32


def flatten(
    values: Mapping[Any, Any], reject: Callable[[str, str], object]
) -> Iterator[tuple[str, Any]]:
    """Yield (key, value) with the names of nested mappings and dataclasses joined by `/`.

    Each key is yielded once. One that cannot be (empty, too long, given twice, nested without end)
    is told to `reject` with the reason, and costs the others nothing.

    >>> list(flatten({"train": {"loss": 1.0}, "lr": 0.1}, print))
    [('train/loss', 1.0), ('lr', 0.1)]
    """
    seen: set[str] = set()
    for key, value in _flatten(values, "", (), reject):
        if key in seen:
            reject(key, "it is given twice")
        elif len(seen) == KEYS_MAX:
            reject(key, f"there are more than {KEYS_MAX} names")
            return
        else:
            seen.add(key)
            yield key, value


def _flatten(
    values: Mapping[Any, Any],
    prefix: str,
    above: tuple[Any, ...],
    reject: Callable[[str, str], object],
) -> Iterator[tuple[str, Any]]:
    above = (*above, values)
    for name, value in values.items():
        # The text itself of a member of an `Enum` of texts, whose str() is another.
        text = str.__str__(name) if isinstance(name, str) else str(name)
        key = prefix + well_formed(text)
        nested = _nested(value)
        if not text:
            reject(key, "its name is empty")
        elif len(key) > KEY_CHARACTERS_MAX:
            told = f"its name has {len(key)} characters of {KEY_CHARACTERS_MAX}"
            reject(f"{key[:40]}…", told)
        elif nested is None:
            yield key, value
        elif any(value is one for one in above):
            reject(key, "it holds itself")
        elif len(above) > DEPTH_MAX:
            reject(key, f"it is nested deeper than {DEPTH_MAX} levels")
        else:
            yield from _flatten(nested, key + "/", above, reject)


def _nested(value: Any) -> Mapping[Any, Any] | None:
    if isinstance(value, Mapping):
        return value
    return _dataclass_fields(value)


def _dataclass_fields(value: Any) -> dict[str, Any] | None:
    """Return the fields of a dataclass as they are: a copy could be of a whole data set."""
    if isinstance(value, type) or not hasattr(type(value), "__dataclass_fields__"):
        return None
    import dataclasses  # here: it costs `import peira` some milliseconds

    return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}


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
    try:
        return _number(value)
    except (ValueError, ArithmeticError, RuntimeError, AttributeError) as error:
        raise TypeError(f"{type(value).__name__} gives no number: {error!s:.100}") from error


def _number(value: Any) -> int | float:
    if isinstance(value, float):
        return float(value)  # also of numpy.float64, a subclass
    if isinstance(value, int):
        return int(value)  # also of booleans and enumerations
    if isinstance(value, str | bytes | complex) or value is None:
        raise TypeError(f"{type(value).__name__} is not a number")
    found = _element(value)
    if isinstance(found, bool | int | float):
        return _number(found)
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


def param_value(value: Any) -> Any:
    """Return `value` as JSON can hold it.

    Non-finite floats become `{"float": "NaN"}`, what is unknown its text. Arrays of up to
    `ELEMENTS_MAX` elements become lists, larger ones their text, which begins with the shape. Long
    texts, and lists of more than `ITEMS_MAX` items, are cut, and say so.
    """
    return _json(value, 0, [ITEMS_MAX])


def _json(value: Any, depth: int, room: list[int]) -> Any:
    """Return JSON of at most `room[0]` items, and take those away from it."""
    room[0] -= 1
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, enum.Enum):
        return _json(value.value, depth, room)
    if isinstance(value, str):
        return _short(well_formed(str.__str__(value)))
    if isinstance(value, int):
        return int(value) if -(2**63) <= value < 2**64 else str(int(value))
    if isinstance(value, float):
        return _finite(float(value))
    if isinstance(value, Mapping | list | tuple | range | AbstractSet):
        return _container(value, depth + 1, room)
    if hasattr(value, "item") or hasattr(value, "numpy"):
        shape = _shape(value)
        if shape:
            return _array(value, shape, depth, room)
        try:
            return _json(number(value), depth, room)
        except TypeError:
            pass
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    fields = _dataclass_fields(value)
    if fields is not None:
        return _container(fields, depth + 1, room)
    return _short(well_formed(str(value)))


def _shape(value: Any) -> tuple[int, ...]:
    """Return the shape of an array of any library; () for scalars and everything else."""
    try:
        return tuple(int(length) for length in value.shape)
    except (AttributeError, TypeError, ValueError, RuntimeError):
        return ()


def _array(value: Any, shape: tuple[int, ...], depth: int, room: list[int]) -> Any:
    """Return the lists of a small array, the text of a large one with its shape."""
    if math.prod(shape) <= ELEMENTS_MAX:
        try:
            plain = value if hasattr(value, "tolist") else value.numpy()
            return _json(plain.tolist(), depth, room)
        except (AttributeError, TypeError, ValueError, RuntimeError):
            pass  # on a device that cannot be read, or an array only by its looks: its text
    return _short(well_formed(f"array of shape {shape}: {value}"))


def _container(value: Any, depth: int, room: list[int]) -> Any:
    if depth > DEPTH_MAX or room[0] <= 0:
        return "…"  # not its text, which may have no end
    if isinstance(value, Mapping):
        pairs = _while_room(value.items(), room)
        return {well_formed(str(k)): _json(v, depth, room) for k, v in pairs}
    items = [_json(item, depth, room) for item in _while_room(value, room)]
    if len(items) < len(value):
        return [*items, f"… ({len(value)} items)"]
    return sorted(items, key=str) if isinstance(value, AbstractSet) else items


def _while_room(items: Iterable[Any], room: list[int]) -> Iterator[Any]:
    for item in items:
        if room[0] <= 0:
            return
        yield item


def named_values(values: Any) -> Mapping[Any, Any]:
    """Return params given as a mapping, a dataclass, an `argparse.Namespace` or another object
    with fields.

    Raises:
        UsageError: it has no named fields.
    """
    if isinstance(values, Mapping):
        return values
    fields = _dataclass_fields(values)
    if fields is not None:
        return fields
    try:
        return dict(vars(values))
    except TypeError:
        raise UsageError(
            f"params is a {type(values).__name__}.", hint="Give a dict, a dataclass or a namespace."
        ) from None


def _finite(value: float) -> Any:
    if math.isfinite(value):
        return value
    return {"float": plain(value)}


def _short(text: str) -> str:
    if len(text) <= TEXT_CHARACTERS_MAX:
        return text
    return f"{text[:TEXT_CHARACTERS_MAX]}… ({len(text)} characters)"


def plain(item: Any) -> Any:
    """Return a value that JSON can hold: NaN and infinity are the texts that the run folder uses.

    >>> plain({"a": [float("nan"), 1]})
    {'a': ['NaN', 1]}
    """
    if isinstance(item, float):
        if math.isfinite(item):
            return item
        return "NaN" if math.isnan(item) else "Infinity" if item > 0 else "-Infinity"
    if isinstance(item, Mapping):
        return {str(key): plain(inner) for key, inner in item.items()}
    if isinstance(item, list | tuple | set | frozenset):
        return [plain(inner) for inner in item]
    return item

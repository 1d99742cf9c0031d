"""Values that are no plain numbers, as JSON: exact, and told apart.

JSON has neither NaN nor infinity nor bytes. They are written as objects of one name:

    {"float": "NaN"}   {"float": "Infinity"}   {"float": "-Infinity"}   {"bytes": "<base64>"}

and an object of a user that looks like one of these as `{"object": {…}}`. Values that JSON does not
know at all (dates, decimals) become their text.
"""

from __future__ import annotations

import base64
import math
from typing import Any

import msgspec
import numpy as np

from peira.core.errors import UsageError

_MARKS = ("float", "bytes", "object")
_PLAIN = {int, str, bool, type(None)}


def encode(values: list[Any]) -> bytes:
    """Return values as JSON.

    Raises:
        UsageError: one cannot be written: text that is no Unicode, an integer of more than 64 bits.

    >>> encode([1, float("nan"), b"ab", [0.5, None]])
    b'[1,{"float":"NaN"},{"bytes":"YWI="},[0.5,null]]'
    """
    try:
        return _encoder.encode(_marked(values))
    except (OverflowError, UnicodeEncodeError, msgspec.MsgspecError, RecursionError) as error:
        raise UsageError(f"A value cannot be put under version: {error!s:.200}.") from error


def decode(data: bytes) -> list[Any]:
    """Return the values that `encode` wrote.

    >>> decode(encode([{"a": [float("inf"), b"ab"]}, {"float": "NaN"}]))
    [{'a': [inf, b'ab']}, {'float': 'NaN'}]
    """
    values: list[Any] = msgspec.json.decode(data)
    is_marked = any(b'{"%b":' % mark.encode() in data for mark in _MARKS)
    return [_unmarked(value) for value in values] if is_marked else values


def plain(value: Any) -> Any:
    """Return a value of NumPy or pandas as one of Python; what is missing is None."""
    if isinstance(value, np.datetime64 | np.timedelta64):
        return None if np.isnat(value) else str(value)
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return None if type(value).__name__ in ("NAType", "NaTType") else value  # of pandas


def _other(value: Any) -> Any:
    found = plain(value)
    return str(value) if found is value else found


_encoder = msgspec.json.Encoder(enc_hook=_other)


def _marked(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        value = plain(value)
    if isinstance(value, list | tuple):
        kinds = set(map(type, value))
        if kinds <= _PLAIN or (kinds == {float} and all(map(math.isfinite, value))):
            return value
        return [_marked(one) for one in value]
    if isinstance(value, dict):
        marked = {key: _marked(one) for key, one in value.items()}
        return {"object": marked} if len(marked) == 1 and next(iter(marked)) in _MARKS else marked
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"}
    if isinstance(value, bytes | bytearray | memoryview):
        return {"bytes": base64.b64encode(value).decode("ascii")}
    return value


def _unmarked(value: Any) -> Any:
    if isinstance(value, list):
        return [_unmarked(one) for one in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (mark, held), *_ = value.items()
        if mark == "float" and isinstance(held, str):
            return float(held)
        if mark == "bytes" and isinstance(held, str):
            return base64.b64decode(held)
        if mark == "object" and isinstance(held, dict):
            return {key: _unmarked(one) for key, one in held.items()}
    return {key: _unmarked(one) for key, one in value.items()}

"""How values of params and metrics stand in the index: a type, a number, a text."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from peira.record.points import NONFINITE

TEXT_CHARACTERS_MAX = 65_536
"""What the index keeps of a param's text; the run folder keeps all."""

Cell = None | bool | int | float | str
"""One value of a table; None where the run has none. Floats may be NaN or infinite."""


def attribute_row(value: Any) -> dict[str, Any]:
    """Return type, number and canonical text of a param's value.

    >>> attribute_row(True)
    {'type': 'bool', 'num': 1.0, 'text': 'true'}
    """
    match value:
        case None:
            return {"type": "null", "num": None, "text": "null"}
        case bool():
            return {"type": "bool", "num": float(value), "text": "true" if value else "false"}
        case int():
            return {"type": "int", "num": _number(value), "text": _int_text(value)}
        case float():
            number = value if math.isfinite(value) else None
            return {"type": "float", "num": number, "text": repr(value)}
        case str():
            return {"type": "str", "num": None, "text": value[:TEXT_CHARACTERS_MAX]}
        case {"float": str(name)} if len(value) == 1 and name in NONFINITE:
            return {"type": "float", "num": None, "text": name}
    text = msgspec.json.encode(value).decode("utf-8")
    return {"type": "json", "num": None, "text": text[:TEXT_CHARACTERS_MAX]}


def _number(value: int) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return None


def _int_text(value: int) -> str:
    # Python refuses to write out integers of more than 4,300 digits.
    return str(value) if value.bit_length() < 10_000 else hex(value)


def param_value(type_: str, num: float | None, text: str) -> Any:
    """Return a param's value as Python had it, from its row of `attribute`."""
    if type_ != "json":
        return param_cell(type_, num, text)
    try:
        return _plain(msgspec.json.decode(text))
    except msgspec.DecodeError:
        return text  # a very long value, which the index holds only the beginning of


def _plain(value: Any) -> Any:
    """Turn the stored form of NaN and infinity inside a list into numbers."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        if len(value) == 1 and value.get("float") in NONFINITE:
            return NONFINITE[value["float"]]
        return {name: _plain(item) for name, item in value.items()}
    return value


def param_cell(type_: str, num: float | None, text: str) -> Cell:
    """As `param_value`, but lists stay JSON text: one value for one cell."""
    if type_ == "str" or type_ == "json":
        return text
    if type_ == "int":
        return int(text, 0)
    if type_ == "float":
        return num if num is not None else NONFINITE.get(text, math.nan)
    if type_ == "bool":
        return bool(num)
    return None


def metric_number(number: float | None, text: str | None) -> float | None:
    """Return the first or last value of a metric from its two columns."""
    return NONFINITE[text] if number is None and text in NONFINITE else number

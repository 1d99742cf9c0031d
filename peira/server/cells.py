"""Values as cells of JSON: exact, and non-finite numbers as text."""

from __future__ import annotations

import math
from typing import Any


def cell(value: Any) -> Any:
    """Return `value` as JSON can hold it.

    >>> cell(float("nan")), cell([1, float("-inf")]), cell({"float": "NaN"})
    ('NaN', [1, '-Infinity'], 'NaN')
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else text_of(value)
    if isinstance(value, dict):
        if value.keys() == {"float"}:
            return value["float"]
        return {str(key): cell(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [cell(inner) for inner in value]
    if hasattr(value, "item"):  # a NumPy scalar
        return cell(value.item())
    return str(value)


def text_of(value: float) -> str:
    """Return the text of a non-finite number.

    >>> text_of(float("inf"))
    'Infinity'
    """
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"

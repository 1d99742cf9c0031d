"""Values as people read them: numbers, durations, moments, sizes. JSON keeps the exact ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from peira.core.values import plain
from peira.core.wording import MISSING, ago, number

__all__ = [
    "MISSING",
    "ago",
    "duration",
    "exact",
    "json_text",
    "moment",
    "number",
    "size",
    "value",
]


def exact(item: Any) -> str:
    """Return as `value` does, but a number with all of its digits.

    >>> exact(0.00031622776601683794), exact(3e-05), exact(0.1), exact(2.0)
    ('0.00031622776601683794', '3e-5', '0.1', '2')
    """
    if not isinstance(item, float) or not math.isfinite(item) or float(number(item)) == item:
        return value(item)
    mantissa, _, exponent = repr(item).partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def apart(values: Sequence[float | None]) -> list[str]:
    """Return numbers as `number` does, or with as many digits as tell different ones apart.

    >>> apart([0.5, 0.50000012, None])
    ['0.5', '0.50000012', '-']
    """
    there = [v for v in values if v is not None]
    written = number
    for digits in (6, 8, 11):
        if len({repr(float(written(v))) for v in there}) == len({repr(float(v)) for v in there}):
            return [MISSING if v is None else written(v) for v in values]
        written = partial(_rounded, digits=digits)
    return [MISSING if v is None else exact(v) for v in values]


def _rounded(value: float, digits: int) -> str:
    mantissa, _, exponent = f"{value:.{digits}g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def duration(seconds: float | None) -> str:
    """Return a length of time in the two units that matter.

    >>> duration(0.0123), duration(75), duration(3_700), duration(200_000)
    ('0.01 s', '1 m 15 s', '1 h 01 m', '2 d 07 h')
    """
    if seconds is None:
        return MISSING
    if seconds < 9.995:
        return f"{seconds:.2f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02d} s"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} m"
    return f"{whole // 86_400} d {whole % 86_400 // 3600:02d} h"


def moment(time_s: float | None) -> str:
    """Return a time of day here, to the second, with its zone: `2026-03-01 14:05:09+01:00`."""
    if time_s is None:
        return MISSING
    return datetime.fromtimestamp(time_s).astimezone().isoformat(" ", "seconds")


def size(count_bytes: int) -> str:
    """Return bytes in decimal units.

    >>> size(999), size(1_234_567)
    ('999 B', '1.2 MB')
    """
    if count_bytes < 1000:
        return f"{count_bytes} B"
    amount = float(count_bytes)
    for unit in ("kB", "MB", "GB", "TB"):
        amount /= 1000
        if amount < 999.95:
            return f"{amount:.1f} {unit}"
    return f"{amount / 1000:.1f} PB"


def value(item: Any) -> str:
    """Return any param or cell as one text: true and false as written in queries, lists as JSON."""
    if item is None:
        return MISSING
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, int | float):
        return number(item)
    if isinstance(item, str):
        return item
    return json_text(item)


def json_text(item: Any, *, indent: int = 0) -> str:
    """Return JSON of any answer; objects that JSON does not know become their text."""
    import msgspec

    encoded = msgspec.json.encode(plain(item), enc_hook=_foreign)
    if indent:
        encoded = msgspec.json.format(encoded, indent=indent)
    return encoded.decode()


def _foreign(item: Any) -> Any:
    if hasattr(item, "item"):  # a NumPy scalar
        return plain(item.item())
    if hasattr(item, "tolist"):
        return plain(item.tolist())
    return str(item)

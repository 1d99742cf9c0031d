"""Values as people read them: numbers, durations, moments, sizes. JSON keeps the exact ones."""

from __future__ import annotations

import math
import time
from datetime import datetime
from typing import Any

from peira.core.values import plain

MISSING = "-"  # what is not there; an empty text is there
DIGITS = 4


def number(value: float) -> str:
    """Return a number with four significant digits; integers keep all of theirs up to 15.

    A number that was rounded keeps its zeros, and a decimal below a million, so that it is never
    taken for a round number or an integer.

    >>> number(0.123456), number(123456.7), number(1e-05), number(1234567), number(float("nan"))
    ('0.1235', '123456.7', '1e-5', '1234567', 'NaN')
    >>> number(1.0), number(0.99995), number(0.00100001), number(1234.001), number(3e9 + 0.5)
    ('1', '1.000', '0.001000', '1234.0', '3.000e9')
    """
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e6):
        if abs(value) < 10**15:
            return "-0" if value == 0 and math.copysign(1, value) < 0 else str(int(value))
        value = float(value) if abs(value) < 1 << 1023 else math.copysign(math.inf, value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if 1e3 <= abs(value) < 999_999.95:
        text = f"{value:.1f}"
    else:
        text = f"{value:.{DIGITS}g}"
        if float(text) != value:
            text = f"{value:#.{DIGITS}g}"
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def exact(item: Any) -> str:
    """Return as `value` does, but a number with all of its digits.

    >>> exact(0.00031622776601683794), exact(3e-05), exact(0.1), exact(2.0)
    ('0.00031622776601683794', '3e-5', '0.1', '2')
    """
    if not isinstance(item, float) or not math.isfinite(item) or float(number(item)) == item:
        return value(item)
    mantissa, _, exponent = repr(item).partition("e")
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


def ago(time_s: float | None, now_s: float | None = None) -> str:
    """Return how long ago a moment was, in one unit; after 30 days the date.

    >>> ago(100, now_s=103), ago(0, now_s=7300), ago(100, now_s=40)
    ('now', '2 h ago', 'in 60 s')
    """
    if time_s is None:
        return MISSING
    past_s = (time.time() if now_s is None else now_s) - time_s
    if past_s < -5:
        return f"in {-past_s:.0f} s"
    if past_s < 5:
        return "now"
    if past_s < 60:
        return f"{past_s:.0f} s ago"
    if past_s < 3600:
        return f"{past_s // 60:.0f} min ago"
    if past_s < 86_400:
        return f"{past_s // 3600:.0f} h ago"
    if past_s < 30 * 86_400:
        return f"{past_s // 86_400:.0f} d ago"
    return datetime.fromtimestamp(time_s).strftime("%Y-%m-%d")


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

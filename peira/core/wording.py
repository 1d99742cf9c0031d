"""Numbers and moments in a sentence. The command line's other forms are in `peira.cli.format`."""

from __future__ import annotations

import math
import time

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
    return time.strftime("%Y-%m-%d", time.localtime(time_s))

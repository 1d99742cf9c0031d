"""Wall time, rounded to the microsecond that every Peira record carries."""

from __future__ import annotations

import time


def now_s() -> float:
    """Return seconds since the Unix epoch, rounded to 1 µs (what a float64 holds exactly until
    2112).
    """
    return round(time.time(), 6)

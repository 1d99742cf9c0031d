"""Dates and durations of the query language.

A date names a span: `2026-01` the month, `2026-01-05` the day, `2026-01-05T12:30` the minute.
Comparing with a span is what one would say aloud: `created > 2026-01-05` is after that day, `<=`
until its end, `=` within it. Without a time zone the local one is meant.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from peira.core.errors import QueryError
from peira.lab.query.ast import Literal

_UNITS_S = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")
_DATE = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{2})(?:-(?P<day>\d{2})"
    r"(?:[T ](?P<hour>\d{2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?P<fraction>\.\d+)?)?"
    r"(?P<zone>Z|[+-]\d{2}:?\d{2})?)?)?"
)


def duration_s(text: str) -> float:
    """Return the seconds of `1.5h`, `3d`, `250ms`."""
    match = _DURATION.fullmatch(text)
    assert match is not None, "the grammar lets only durations through"
    return float(match[1]) * _UNITS_S[match[2]]


def span(literal: Literal, now_s: float) -> tuple[float, float]:
    """Return begin and end (exclusive) of the moment that a value names, in seconds since the
    epoch.

    Raises:
        QueryError: the value is not a date.
    """
    text = literal.spelled
    try:
        if text in {"now", "today", "yesterday"}:
            return _named(text, now_s)
        match = _DATE.fullmatch(text)
        if match:
            return _dated(match)
    except (ValueError, OverflowError, OSError):
        pass  # a day such as 2026-02-30, or a year that the system's clock cannot hold: told below
    raise QueryError(
        "A date was expected here.",
        position=literal.position,
        length=literal.length,
        suggestions=("today", "yesterday"),
        hint="Write 2026-01-31, 2026-01, 2026-01-31T12:30 or today; for an age, `since 3d`.",
    )


def since_s(literal: Literal, now_s: float) -> float:
    """Return the moment from which `since …` counts, in seconds since the epoch."""
    if literal.kind == "duration":
        assert isinstance(literal.value, float)
        return now_s - literal.value
    return span(literal, now_s)[0]


def _named(text: str, now_s: float) -> tuple[float, float]:
    if text == "now":
        return now_s, now_s
    today = datetime.fromtimestamp(now_s).replace(hour=0, minute=0, second=0, microsecond=0)
    begin = today if text == "today" else today - timedelta(days=1)
    return begin.timestamp(), (begin + timedelta(days=1)).timestamp()


def _dated(match: re.Match[str]) -> tuple[float, float]:
    year, month = int(match["year"]), int(match["month"])
    if match["day"] is None:
        begin = datetime(year, month, 1)
        return begin.timestamp(), (begin + timedelta(days=32)).replace(day=1).timestamp()
    begin = datetime(year, month, int(match["day"]))
    if match["hour"] is None:
        return begin.timestamp(), (begin + timedelta(days=1)).timestamp()
    begin = begin.replace(hour=int(match["hour"]), minute=int(match["minute"]))
    step = 60.0
    if match["second"] is not None:
        begin = begin.replace(second=int(match["second"]))
        step = 1.0
    if match["zone"] is not None:
        zone = match["zone"].replace("Z", "+00:00")
        begin = begin.replace(tzinfo=datetime.strptime(zone, "%z").tzinfo)
    begin_s = begin.timestamp()
    if match["fraction"] is not None:
        begin_s += float(match["fraction"])
        step = 1e-6
    return begin_s, begin_s + step

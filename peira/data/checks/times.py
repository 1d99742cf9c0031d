"""Leaks by time: test rows that are older than rows that were learned from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peira.core.errors import UsageError
from peira.data.checks._base import Finding, View, percent

WORDS = {"date", "datetime", "day", "month", "time", "timestamp", "year"}
"""A number is a time when a word of its column's name is one of these."""
CYCLE_MAX = 366
"""Numbers up to here may be months, days of the week, hours, durations: they come around again."""
SOME = 100
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_MONTH = re.compile(r"\d{4}-\d{2}\Z")


def time_leak(view: View) -> Iterator[Finding]:
    """Find test rows that are older than the newest training row: a claim about the future is then
    tested on the past. When the time is named, or the split was made by it, no other column is
    looked at.

    Raises:
        UsageError: the named column cannot be read as times.
    """
    for name, (times, is_sure) in time_columns(view).items():
        for part, rows, train in view.trials():
            learned = times[train][np.isfinite(times[train])]
            if not len(learned):
                continue
            older = rows[times[rows] < learned.max()]
            if not len(older):
                continue
            share = len(older) / len(rows)
            missing = int((~np.isfinite(times[rows])).sum())
            yield Finding(
                check="time-leak",
                action="warn" if is_sure else "note",
                title=f"{len(older)} rows of {part} ({percent(share)}) are older, by {name},"
                f" than the newest row of {view.learned}.",
                count=len(older),
                share=share,
                rows=view.names(older),
                columns=[name],
                detail={"part": part, "missing": missing},
                limits="It matters when the claim is about data to come."
                + ("" if is_sure else f" If {name} tells when a row came to be: --time {name}."),
            )


def time_columns(view: View) -> dict[str, tuple[NDArray[np.float64], bool]]:
    """Return the columns that tell when rows came to be: the times, NaN where that is not known,
    and whether it is sure to tell them.

    Raises:
        UsageError: the named column cannot be read as times.
    """
    named = view.time or (
        view.origin.ordered_by if view.origin.ordered_by in view.columns else None
    )
    found = {}
    for name in view.columns if named is None else [named]:
        times, is_sure = _times(view, name)
        if times is not None:
            found[name] = times, is_sure
    return found


def _times(view: View, name: str) -> tuple[NDArray[np.float64] | None, bool]:
    """Return when rows came to be, rising with time, NaN where that is not known, or None when a
    column tells no times; and whether it is sure to tell them.
    """
    values = view.columns[name]
    is_named = name in (view.time, view.origin.ordered_by)
    found, kind = None, values.dtype.kind if values.ndim == 1 else ""
    if kind == "M" or (kind == "m" and is_named):
        found = values.astype(f"{'datetime' if kind == 'M' else 'timedelta'}64[us]").astype(float)
        found[np.isnat(values)] = np.nan
    elif kind == "O":
        found = _read(values)
    elif kind in tuple("iuf") and (is_named or _looks_like_time(name, values)):
        found = values.astype(float)
    if is_named and found is None:
        raise UsageError(
            f"The column {name:.60} cannot be read as times.",
            hint="Times are dates, numbers that rise, or texts as in ISO 8601: 2024-05-31 18:00.",
        )
    return found, is_named or kind in ("M", "O")


def _looks_like_time(name: str, values: NDArray[Any]) -> bool:
    """Whether a column of numbers is called a time, and its values do not come around again."""
    words = {word.lower() for word in _WORD.findall(name)}
    known = values[np.isfinite(values)]
    return bool(words & WORDS) and bool(len(known)) and bool(known.max() > CYCLE_MAX)


def _read(values: NDArray[Any]) -> NDArray[np.float64] | None:
    """Return dates and texts that are dates as seconds; None when some are not."""
    texts = values.tolist()
    present = [text for text in texts if text is not None]
    if not present or any(_seconds(text) is None for text in present[:SOME]):
        return None
    found = [np.nan if text is None else _seconds(text) for text in texts]
    return None if None in found else np.array(found, dtype=float)


def _seconds(value: Any) -> float | None:
    """Return a time as seconds since 1970; what has no time zone is taken as UTC."""
    if isinstance(value, str):
        text = f"{value}-01" if _MONTH.match(value) else value
        if "-" not in text:
            return None  # `20240531` may be any number
        try:
            value = datetime.fromisoformat(text)
        except ValueError:
            return None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if not isinstance(value, datetime):
        return None
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()

"""Leaks by group: patients, users, sessions with rows in training and in test."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peira.data.checks._base import Action, Finding, View, percent
from peira.data.rows import is_nested

GROUPS_SHARE_MIN = 0.02
"""A column with fewer values, relative to rows, looks like a category rather than like a group."""
GROUPS_UNNAMED_MIN = 20
GROUPS_UNNAMED_SHARE_MIN = 0.05
"""The same where no name says that it is one."""
ROWS_MIN = 20
_WHO = (
    "author|client|customer|device|group|household|participant|patient|person|session|speaker"
    "|subject|user"
)
_NAMED = re.compile(rf"(^|.*[^a-z])(id|uuid|guid|{_WHO})s?$|.*({_WHO})_?id$")


def group_leak(view: View) -> Iterator[Finding]:
    """Find groups (patients, users, sessions) that have rows in training and in test. Rows without
    a group are in none.
    """
    for name, action in group_columns(view).items():
        texts = np.array(_texts(view.columns[name]), dtype=object)
        for part, rows, train in view.trials():
            known = {text for text in texts[train].tolist() if text is not None}
            groups = {text for text in texts[rows].tolist() if text is not None}
            both = groups & known
            share = len(both) / max(1, len(groups))
            expected = _expected_overlap(texts, len(train) / len(view), groups)
            # A split by groups shares none; one at random shares about what chance gives.
            if not both or (action != "block" and share < 0.5 * expected):
                continue
            yield Finding(
                check="group-leak",
                action=action,
                title=f"{len(both)} of {len(groups)} values of {name} in {part} ({percent(share)})"
                f" are also in {view.learned}.",
                count=len(both),
                share=share,
                columns=[name],
                detail={"part": part, "expected_share": expected, "groups": sorted(both)[:20]},
                limits=""
                if action == "block"
                else f"{name} looks like a group by its"
                f" {'name' if action == 'warn' else 'values'}; --group {name} says that it is.",
            )


def group_columns(view: View) -> dict[str, Action]:
    """Return the columns that say which rows belong together, and what a leak of each is."""
    found: dict[str, Action] = {}
    for name, values in view.columns.items():
        action = "block" if name == view.group else _action(name, values)
        if name != view.label and action is not None:
            found[name] = action
    return found


def _texts(values: NDArray[Any]) -> list[str | None]:
    """Return the groups as texts; None where there is none."""
    return [None if v is None or v != v else str(v) for v in values.tolist()]


def _action(name: str, values: NDArray[Any]) -> Action | None:
    """Return what a column calls for that may hold groups: many values, most of them repeated. By
    its name it does; texts without such a name may be categories (cities, jobs). Numbers with
    fractions are measurements.
    """
    if values.ndim != 1 or len(values) < ROWS_MIN or is_nested(values):
        return None
    is_named = _NAMED.match(name.lower()) is not None
    kind = values.dtype.kind
    is_whole = kind in "iu" or (kind == "f" and bool((values[np.isfinite(values)] % 1 == 0).all()))
    if kind != "O" and not (is_named and is_whole):
        return None
    texts = [text for text in _texts(values) if text is not None]
    if not texts:
        return None
    _, counts = np.unique(np.array(texts), return_counts=True)
    is_many = len(counts) >= (
        max(5, GROUPS_SHARE_MIN * len(texts))
        if is_named
        else max(GROUPS_UNNAMED_MIN, GROUPS_UNNAMED_SHARE_MIN * len(texts))
    )
    if not is_many or float(np.mean(counts > 1)) <= 0.5:
        return None
    return "warn" if is_named else "note"


def _expected_overlap(texts: NDArray[Any], train_share: float, groups: set[str]) -> float:
    """Return the share of these groups that a random split would have in training, too."""
    sizes = dict.fromkeys(groups, 0)
    for text in texts.tolist():
        if text in sizes:
            sizes[text] += 1
    return float(np.mean([1 - (1 - train_share) ** (size - 1) for size in sizes.values()] or [0.0]))

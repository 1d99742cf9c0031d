"""Which checks had something to look at: that nothing was found says nothing of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from peira.data.checks import CHECKS
from peira.data.checks._base import View
from peira.data.checks.groups import group_columns
from peira.data.checks.labels import ROWS_MIN
from peira.data.checks.models import NOISE_ROWS_MAX
from peira.data.checks.texts import is_long
from peira.data.checks.times import time_columns

_OF_PARTS = frozenset(
    {
        "duplicates", "near-duplicates", "near-duplicate-texts", "group-leak", "time-leak",
        "split-drift",
    }
)  # fmt: skip
_OF_LABELS = frozenset({"conflicting-labels", "label-leak", "suspicious-labels"})


def idle(view: View, names: Iterable[str] = (), *, has_pixels: bool = False) -> dict[str, str]:
    """Return the checks that have nothing to look at, and why, in a few words.

    Args:
        names: of the checks; all when there are none.
        has_pixels: whether rows are pictures, whose pixels are not among the columns here.
    """
    found = {name: _reason(view, name, has_pixels=has_pixels) for name in list(names) or CHECKS}
    return {name: reason for name, reason in found.items() if reason}


def _reason(view: View, name: str, *, has_pixels: bool) -> str:
    """Return why a check can find nothing; empty when it can."""
    if name in _OF_PARTS and not any(True for _ in view.trials()):
        return "no part to test and one to learn from" if view.parts else "no split"
    if name in _OF_LABELS and view.label is None:
        return "no label column"
    reasons: dict[str, Callable[[], str]] = {
        "near-duplicates": lambda: "" if has_pixels else _few_numbers(view, 2),
        "near-duplicate-texts": lambda: (
            "" if _has_texts(view) and not has_pixels else "no column of texts"
        ),
        "group-leak": lambda: "" if group_columns(view) else "no column of groups (--group)",
        "time-leak": lambda: "" if time_columns(view) else "no column of times (--time)",
        "label-leak": lambda: _few_rows(view),
        "suspicious-labels": lambda: (
            _no_classes(view) or ("" if has_pixels else _few_numbers(view, 1))
        ),
    }
    return reasons[name]() if name in reasons else ""


def _few_numbers(view: View, least: int) -> str:
    if view.numbers.shape[1] >= least:
        return ""
    return "no numbers among the inputs" if least == 1 else "fewer than two numbers a row"


def _has_texts(view: View) -> bool:
    return any(
        values.ndim == 1 and any(map(is_long, values.tolist()))
        for values in view.inputs.values()
        if values.dtype.kind == "O"
    )


def _few_rows(view: View) -> str:
    return f"fewer than {ROWS_MIN} rows" if len(view) < ROWS_MIN else ""


def _no_classes(view: View) -> str:
    if view.codes is None:
        return "labels are no classes"
    return f"more than {NOISE_ROWS_MAX:,} rows" if len(view) > NOISE_ROWS_MAX else ""

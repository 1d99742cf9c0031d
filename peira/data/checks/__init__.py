"""Checks of a data version and its split: what would make its numbers untrue.

| check | finds | action |
|---|---|---|
| duplicates | test rows that are also in training | block |
| conflicting-labels | equal inputs with different labels | warn |
| near-duplicates | test rows that are nearly a training row | warn above 0.1 %, block above 1 % |
| near-duplicate-texts | the same of texts | the same |
| group-leak | groups with rows on both sides | block when the group was named, else warn or note |
| time-leak | test rows older than training rows | warn, or note when only its name tells a time |
| label-leak | columns that tell the label by themselves | warn, or note when they do hardly less |
| split-drift | parts that a model tells apart | note |
| suspicious-labels | labels that a model expects to be others | note |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import structs

from peira.data.checks import duplicates, groups, labels, models, near, texts, times
from peira.data.checks._base import Action, Finding, Origin, View

Check = Callable[[View], Iterator[Finding]]

CHECKS: dict[str, Check] = {
    "duplicates": duplicates.across_parts,
    "conflicting-labels": duplicates.conflicting_labels,
    "near-duplicates": near.near_duplicates,
    "near-duplicate-texts": texts.near_duplicate_texts,
    "group-leak": groups.group_leak,
    "time-leak": times.time_leak,
    "label-leak": labels.label_leak,
    "split-drift": models.split_drift,
    "suspicious-labels": models.suspicious_labels,
}

VERSION = 8
"""Rises when a check finds something else on the same data; kept findings of another are stale."""

__all__ = ["CHECKS", "VERSION", "Action", "Finding", "Origin", "View", "check"]


def check(view: View, names: list[str] | None = None) -> list[Finding]:
    """Return what the checks find, blocking findings first; of folds the worst of each kind."""
    order = ("block", "warn", "note")
    found = [finding for name in names or CHECKS for finding in CHECKS[name](view)]
    found = found if view.train_parts else _worst(found)
    return sorted(found, key=lambda finding: order.index(finding.action))


def _worst(findings: list[Finding]) -> list[Finding]:
    """Return of findings of one check and column in several parts that of the largest share, which
    names the others.
    """
    kinds: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        column = finding.columns[0] if finding.check in ("group-leak", "time-leak") else ""
        kinds.setdefault((finding.check, column), []).append(finding)
    return [_with_others(sorted(kind, key=lambda f: -f.share)) for kind in kinds.values()]


def _with_others(kind: list[Finding]) -> Finding:
    worst, others = kind[0], [finding.detail["part"] for finding in kind[1:]]
    if not others:
        return worst
    more = f"{len(others)} more part{'s' if len(others) > 1 else ''}"
    return structs.replace(
        worst,
        title=f"{worst.title.removesuffix('.')}; {more} alike.",
        detail={**worst.detail, "others": others},
    )

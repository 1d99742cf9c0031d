"""What changed between two versions: files, rows, labels, columns, and what a recipe scores."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import msgspec
import numpy as np

from peira.data.dataset import Dataset
from peira.data.profile import Profile, profile
from peira.data.reference import without_sealed
from peira.data.rows import as_text
from peira.data.scores import ScoreChange, Scores, scores_on
from peira.lab.lab import Lab

SHOWN_MAX = 100


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What is in one and not in the other. Lists hold the first 100, counts are of all."""

    added: int
    removed: int
    changed: int
    same: int
    first_added: list[str]
    first_removed: list[str]
    first_changed: list[str]


class LabelChange(msgspec.Struct, frozen=True):
    """A row that is in both with another label."""

    id: str
    before: str
    after: str


class ColumnChange(msgspec.Struct, frozen=True, kw_only=True):
    """How a column differs; None where a version does not have it."""

    name: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class DataDiff(msgspec.Struct, frozen=True, kw_only=True):
    """The difference of two versions."""

    left: str
    right: str
    files: Changes | None
    rows: Changes | None
    order_changed: bool
    """Whether the rows of both stand in another order."""
    labels: list[LabelChange]
    """The first 100. Labels of sealed rows are neither told nor counted."""
    label_changes: int
    classes: dict[str, tuple[int, int]]
    """Rows of each class before and after, where they differ."""
    columns: list[ColumnChange]
    scores: list[ScoreChange]
    runs: tuple[int, int] = (0, 0)
    """How many finished runs used the one and not the other, and the reverse."""


def compare(left: Dataset, right: Dataset, lab: Lab | None = None) -> DataDiff:
    """Return what differs from `left` to `right`; with a lab also what recipes score on both."""
    has_rows = left.manifest.ids is not None and right.manifest.ids is not None
    told = Scores() if lab is None else scores_on(lab, left, right)
    # A row more or less would tell its label by the counts: those of sealed rows are left out.
    seen = without_sealed(left), without_sealed(right)
    before, after = map(profile, seen) if has_rows else (None, None)
    labels = _labels(*seen) if has_rows else []
    return DataDiff(
        left=left.ref,
        right=right.ref,
        files=_files(*seen),
        rows=_rows(left, right) if has_rows else None,
        order_changed=has_rows and _is_reordered(left, right),
        labels=labels[:SHOWN_MAX],
        label_changes=len(labels),
        classes=_classes(before, after),
        columns=_columns(before, after),
        scores=told.changes,
        runs=told.runs,
    )


def _changes(before: dict[str, str], after: dict[str, str]) -> Changes:
    added = [name for name in after if name not in before]
    removed = [name for name in before if name not in after]
    changed = [name for name in after if name in before and before[name] != after[name]]
    return Changes(
        added=len(added), removed=len(removed), changed=len(changed),
        same=len(after) - len(added) - len(changed),
        first_added=added[:SHOWN_MAX], first_removed=removed[:SHOWN_MAX],
        first_changed=changed[:SHOWN_MAX],
    )  # fmt: skip


def _files(left: Dataset, right: Dataset) -> Changes | None:
    if left.manifest.kind != "files" or right.manifest.kind != "files":
        return None
    return _changes(
        {path: member.object for path, member in left.seen_files().items()},
        {path: member.object for path, member in right.seen_files().items()},
    )


def _rows(left: Dataset, right: Dataset) -> Changes:
    """Rows by id. A row that keeps its parent's id and has other values is changed."""

    def content(dataset: Dataset) -> dict[str, str]:
        ids = [id.decode() for id in dataset.ids.tolist()]
        return dict(zip(ids, _inputs(dataset), strict=True))

    return _changes(content(left), content(right))


def _is_reordered(left: Dataset, right: Dataset) -> bool:
    shared_left = left.ids[np.isin(left.ids, right.ids)]
    shared_right = right.ids[np.isin(right.ids, left.ids)]
    return not np.array_equal(shared_left, shared_right)


def _labels(left: Dataset, right: Dataset) -> list[LabelChange]:
    """Rows that keep an id, or else whose inputs are equal, and whose labels are not."""
    if left.label is None or right.label is None:
        return []
    was, now = _labels_by_id(left), _labels_by_id(right)
    changes = [
        LabelChange(id.decode(), was[id], label)
        for id, label in now.items()
        if id in was and was[id] != label
    ]
    # The label is a part of the id of other rows: those that came and those that went are paired.
    gone: dict[str, list[str]] = defaultdict(list)
    for (id, label), inputs in zip(was.items(), _inputs(left), strict=True):
        if id not in now:
            gone[inputs].append(label)
    for (id, label), inputs in zip(now.items(), _inputs(right), strict=True):
        if id not in was and gone[inputs]:
            others = gone[inputs]
            before = others.pop(others.index(label) if label in others else 0)
            if before != label:
                changes.append(LabelChange(id.decode(), before, label))
    return changes


def _labels_by_id(dataset: Dataset) -> dict[bytes, str]:
    labels = [as_text(label) for label in dataset.y.tolist()]  # NaN is NaN as a text
    return dict(zip(dataset.ids.tolist(), labels, strict=True))


def _inputs(dataset: Dataset) -> list[str]:
    """Return the inputs of each row by content."""
    from peira.data.rows import row_digests

    inputs = {n: v for n, v in dataset.columns.items() if n != dataset.label}
    found = row_digests(inputs) if inputs else dataset.ids.tolist()
    return [digest.hex() for digest in found]


def _classes(before: Profile | None, after: Profile | None) -> dict[str, tuple[int, int]]:
    if before is None or after is None or not (before.classes and after.classes):
        return {}  # without labels, or with too many to be classes
    names = sorted(set(before.classes) | set(after.classes))
    pairs = {name: (before.classes.get(name, 0), after.classes.get(name, 0)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _columns(before: Profile | None, after: Profile | None) -> list[ColumnChange]:
    if before is None or after is None:
        return []
    left = {column.name: msgspec.to_builtins(column) for column in before.columns}
    right = {column.name: msgspec.to_builtins(column) for column in after.columns}
    return [
        ColumnChange(name=name, before=left.get(name), after=right.get(name))
        for name in dict.fromkeys([*left, *right])
        if left.get(name) != right.get(name)
    ]

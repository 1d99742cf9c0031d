"""What a check sees, and what it finds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from peira.data.rows import Columns, Ids, as_text, is_nested

Action = Literal["block", "warn", "note"]
"""`block`: numbers on this split are not to be believed; `warn`: look before you believe them;
`note`: worth knowing.
"""

ROWS_MAX = 200
NUMBER_MAX = 1e30
"""Checks compute with squares, and with float32."""
SEED = 20_240_601
ROWS_COUNTED_MIN = 20
_NAME = re.compile(
    r"(^|[^a-z])(id|uuid|guid|key|path|file|filename|file_name|url|uri)$|^index$|^unnamed: ?\d+$"
)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a check found."""

    check: str
    action: Action
    title: str
    """One sentence with the numbers."""
    count: int
    """Rows or columns that it is about."""
    share: float
    """Of all that were looked at."""
    rows: list[str] = msgspec.field(default_factory=list)
    """Ids of the first rows, most telling first."""
    twins: list[str] = msgspec.field(default_factory=list)
    """For rows that have a counterpart: its id, in the same order."""
    columns: list[str] = msgspec.field(default_factory=list)
    detail: dict[str, Any] = msgspec.field(default_factory=dict)
    limits: str = ""
    """What was not checked."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where rows and parts come from, as far as checks must know."""

    ordered_by: str | None = None
    """The column of times that the split was made by."""
    grouped_by: str | None = None
    """The column of groups that it was made by."""
    contents: NDArray[np.object_] | None = None
    """What is equal for exact copies, a row each; the inputs when None."""
    unseen: str = ""
    """What could not be looked at, a sentence without a full stop."""


class View:
    """Rows of a version as the checks see them.

    Args:
        parts: positions of the rows of each part; empty without a split.
        train: names of the parts that a model is fitted to; those called `train` when None.
            Without one (folds) a model is fitted to all parts but the one that it is tested on.
        group, time: columns that the user named as such.
    """

    def __init__(
        self,
        columns: Columns,
        ids: Ids,
        *,
        label: str | None = None,
        parts: dict[str, NDArray[np.intp]] | None = None,
        train: list[str] | None = None,
        group: str | None = None,
        time: str | None = None,
        origin: Origin | None = None,
    ) -> None:
        self.columns = columns
        self.ids = ids
        self.label = label
        self.parts = parts or {}
        self.train_parts = train or [n for n in self.parts if n.lower().startswith("train")]
        self.group = group
        self.time = time
        self.origin = origin or Origin()

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def train(self) -> NDArray[np.intp]:
        """Positions of the rows that a model is fitted to."""
        found = [self.parts[name] for name in self.train_parts]
        return np.concatenate(found) if found else np.empty(0, dtype=np.intp)

    @property
    def tests(self) -> dict[str, NDArray[np.intp]]:
        """Positions of the rows of the other parts."""
        return {name: rows for name, rows in self.parts.items() if name not in self.train_parts}

    @property
    def learned(self) -> str:
        """What a model is fitted to, in words."""
        return "training" if self.train_parts else "the other parts"

    def trials(self) -> Iterator[tuple[str, NDArray[np.intp], NDArray[np.intp]]]:
        """Yield each part that a model is tested on: its name, its rows, and the rows that the
        model is fitted to. None of them is empty.
        """
        for part, rows in self.tests.items():
            train = self.train
            others = [place for name, place in self.parts.items() if name != part]
            if not self.train_parts and others:
                train = np.concatenate(others)
            if len(rows) and len(train):
                yield part, rows, train

    @property
    def y(self) -> NDArray[Any] | None:
        """The labels, when there are any; boxes and lists of labels as JSON."""
        if self.label is None:
            return None
        labels = self.columns[self.label]
        if labels.ndim == 1 and not is_nested(labels):
            return labels
        return np.fromiter(map(as_text, labels.tolist()), dtype=object, count=len(labels))

    @cached_property
    def inputs(self) -> Columns:
        """All columns but the label, those that tell group or time, and those that only name the
        row: its number, its file.
        """
        apart = {self.label, self.group, self.time}
        found = {name: values for name, values in self.columns.items() if name not in apart}
        plain = {name: values for name, values in found.items() if not _is_name(name, values)}
        return plain or found

    @cached_property
    def numbers(self) -> NDArray[Any]:
        """The numeric inputs side by side, (rows, features), of the type that holds them all:
        pixels stay bytes. Missing and infinite ones are their column's mean.
        """
        parts = [
            values.reshape(len(values), -1)
            for values in self.inputs.values()
            if values.dtype.kind in "biuf"
        ]
        if not parts:
            return np.empty((len(self), 0))
        if len(parts) == 1 and parts[0].dtype.kind in "iu":
            return parts[0]
        table = np.hstack([part.astype(np.float64) for part in parts])
        gaps = ~np.isfinite(table)
        table = np.clip(table, -NUMBER_MAX, NUMBER_MAX)
        if gaps.any():
            sums = np.where(gaps, 0, table).sum(axis=0)
            means = sums / np.maximum(1, (~gaps).sum(axis=0))  # all missing: 0
            table = np.where(gaps, means, table)
        return table

    @cached_property
    def classes(self) -> list[str]:
        """The labels that occur, in the order of `codes`; none when they are not classes."""
        return self._coded[0]

    @property
    def codes(self) -> NDArray[np.intp] | None:
        """The labels as numbers from 0, missing ones as -1; None without labels, or with too many
        to be classes.
        """
        return self._coded[1] if self.classes else None

    @cached_property
    def _coded(self) -> tuple[list[str], NDArray[np.intp]]:
        y = self.y
        if y is None or not len(y) or y is not self.columns[str(self.label)]:  # or as JSON
            return [], np.empty(0, dtype=np.intp)
        known = np.array([v is not None and v == v for v in y.tolist()])
        codes = np.full(len(y), -1, dtype=np.intp)
        if not known.any():
            return [], codes
        present = y[known].astype(str) if y.dtype.kind == "O" else y[known]
        values, codes[known] = np.unique(present, return_inverse=True)
        is_whole = y.dtype.kind != "f" or bool((np.mod(values, 1) == 0).all())
        is_classes = is_whole and len(values) <= max(2, len(self) // 5)
        return ([str(value) for value in values] if is_classes else []), codes

    def names(self, rows: Any) -> list[str]:
        """Return the ids of the first of some rows as texts."""
        return [id.decode() for id in self.ids[np.asarray(rows, dtype=np.intp)[:ROWS_MAX]].tolist()]


def _is_name(name: str, values: NDArray[Any]) -> bool:
    """Whether a column only names its row: whole numbers or texts, most of them different, and
    called so; or the numbers of the rows.
    """
    if values.ndim != 1 or values.dtype.kind not in "iuO" or not len(values) or is_nested(values):
        return False
    is_called = _NAME.search(name.lower()) is not None
    if not is_called and values.dtype.kind == "O":
        return False
    count = len(np.unique([str(v) for v in values.tolist()]))
    if is_called:
        return 2 * count > len(values)
    return count == len(values) >= ROWS_COUNTED_MIN and bool(np.ptp(values) == count - 1)


def percent(share: float) -> str:
    """Return a share in words: `2.5 %`, and never a false zero."""
    if 0 < share < 0.001:
        return "< 0.1 %"
    return f"{100 * share:.3g} %"

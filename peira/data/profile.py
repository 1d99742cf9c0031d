"""The profile of a version: what its columns hold, computed once and kept by content."""

from __future__ import annotations

import io
import math
import statistics
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from peira.data import numbers
from peira.data.add import IMAGES
from peira.data.dataset import Dataset
from peira.data.rows import Columns, is_nested
from peira.record.folder import write_atomically

VERSION = 2
FOLDER = "findings"
VALUES_MAX = 50
CLASSES_MAX = 1_000


class ColumnProfile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One column. Numbers are of the values that are there and finite."""

    name: str
    dtype: str
    shape: list[int] = msgspec.field(default_factory=list)
    missing: int = 0
    min: float | None = None
    max: float | None = None
    mean: float | None = None
    std: float | None = None
    histogram: list[int] = msgspec.field(default_factory=list)
    """Counts in bins of equal width from `min` to `max`."""
    distinct: int | None = None
    common: dict[str, int] = msgspec.field(default_factory=dict)
    """The most frequent values of a column of texts or of few numbers."""
    length_min: int | None = None
    length_median: float | None = None
    length_max: int | None = None
    """Characters of texts."""
    constant: dict[str, float] = msgspec.field(default_factory=dict)
    """Places of a row's value that are the same in every row, with that value: pixels that are
    always 0, say. Of a single value the place is the empty text.
    """
    outliers: int = 0
    """Values more than 6 robust standard deviations from the median (1.4826 times the median
    absolute deviation).
    """


class Profile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a version holds, in numbers."""

    rows: int
    columns: list[ColumnProfile]
    classes: dict[str, int] = msgspec.field(default_factory=dict)
    """Rows of each label, when labels are classes."""
    duplicates: int = 0
    """Rows that are equal to an earlier one, label and all."""
    sizes: dict[str, int] = msgspec.field(default_factory=dict)
    """Pictures by `width x height`, of a folder of pictures."""


def profile(dataset: Dataset) -> Profile:
    """Return the profile of a version, or of the rows that are seen here; asked again it is read.

    Raises:
        UsageError: the version is a plain folder.
    """
    known = known_profile(dataset)
    if known is not None:
        return known
    path = _kept(dataset)
    found = _profile(dataset)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomically(path, msgspec.json.encode(found))
    return found


def known_profile(dataset: Dataset) -> Profile | None:
    """Return the profile of a version when it was computed before, by this version of Peira."""
    try:
        return msgspec.json.decode(_kept(dataset).read_bytes(), type=Profile)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def _kept(dataset: Dataset) -> Path:
    some = ""
    if dataset.rows is not None:
        from blake3 import blake3

        some = f"-{blake3(dataset.rows.astype('<i8').tobytes()).hexdigest(length=8)}"
    return dataset.root / FOLDER / f"profile-{VERSION}-{dataset.manifest.content}{some}.json"


def _profile(dataset: Dataset) -> Profile:
    columns = dataset.columns
    return Profile(
        rows=len(dataset),
        columns=[_column(name, values) for name, values in columns.items()],
        classes=_classes(columns, dataset.label),
        duplicates=_duplicates(columns),
        sizes=_sizes(dataset) if dataset.manifest.type == IMAGES else {},
    )


def _column(name: str, values: NDArray[Any]) -> ColumnProfile:
    if values.dtype.kind == "O":
        return _texts(name, values)
    if values.dtype.kind not in "biuf":
        is_time = values.dtype.kind in "mM"
        return ColumnProfile(
            name=name,
            dtype=values.dtype.name,
            shape=list(values.shape[1:]),
            missing=int(np.isnat(values).sum()) if is_time else 0,
            distinct=len(np.unique(values.ravel())),
        )
    flat = values.reshape(len(values), -1) if len(values) else values  # (rows, places)
    shape = list(values.shape[1:])
    found = numbers.summary(flat)
    return ColumnProfile(
        name=name, dtype=values.dtype.name, shape=shape, constant=_constant(flat),
        **found._asdict(), **_few(values),
    )  # fmt: skip


def _few(values: NDArray[Any]) -> dict[str, Any]:
    """Return the values of a column of single numbers when they are few."""
    if values.ndim != 1:
        return {}
    found, counts = np.unique(values, return_counts=True)
    few = {str(v): int(c) for v, c in zip(found.tolist(), counts.tolist(), strict=True)}
    return {"distinct": len(found), "common": few if len(found) <= VALUES_MAX else {}}


def _texts(name: str, values: NDArray[Any]) -> ColumnProfile:
    present = [v for v in values.ravel().tolist() if v is not None]
    texts = [v if isinstance(v, str) else msgspec.json.encode(v, enc_hook=str).decode()
             for v in present]  # fmt: skip
    counts = Counter(texts)
    lengths = [len(text) for text in texts]
    return ColumnProfile(
        name=name,
        dtype="text" if all(isinstance(v, str) for v in present) else "json",
        shape=list(values.shape[1:]),
        missing=values.size - len(present),
        distinct=len(counts),
        common=dict(counts.most_common(VALUES_MAX)) if len(counts) < len(texts) else {},
        length_min=min(lengths, default=None),
        length_median=statistics.median(lengths) if lengths else None,
        length_max=max(lengths, default=None),
        constant={"": 0.0} if len(counts) == 1 and len(texts) == values.size else {},
    )


def _constant(flat: NDArray[Any]) -> dict[str, float]:
    if len(flat) < 2:
        return {}
    same = (flat == flat[0]).all(axis=0)
    places = np.flatnonzero(same).tolist()
    is_single = flat.shape[1] == 1
    return {"" if is_single else str(place): float(flat[0, place]) for place in places}


def _classes(columns: Columns, label: str | None) -> dict[str, int]:
    if label is None or label not in columns or columns[label].ndim != 1:
        return {}
    if is_nested(columns[label]):
        return {}
    counts = Counter(str(v) for v in columns[label].tolist())
    is_classes = len(counts) <= CLASSES_MAX and len(counts) <= max(2, len(columns[label]) // 5)
    return dict(sorted(counts.items())) if is_classes else {}


def _duplicates(columns: Columns) -> int:
    numeric = [v.reshape(len(v), -1) for v in columns.values() if v.dtype.kind != "O" and len(v)]
    texts = [v for v in columns.values() if v.dtype.kind == "O"]
    count = len(next(iter(columns.values())))
    seen = {
        (*(part[row].tobytes() for part in numeric), *(str(text[row]) for text in texts))
        for row in range(count)
    }
    return count - len(seen)


UNREADABLE = "not readable"
"""The size of a file that is no picture."""


def _sizes(dataset: Dataset) -> dict[str, int]:
    counts = Counter(
        _size(io.BytesIO(dataset.read_file(member))) for member in dataset.seen_files().values()
    )
    return dict(counts.most_common(VALUES_MAX))


def _size(stream: io.BytesIO) -> str:
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # it is not opened
            with Image.open(stream) as picture:
                return f"{picture.width} x {picture.height}"
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return UNREADABLE


def picture_of_constants(column: ColumnProfile) -> list[str]:
    """Return where a column of pictures is constant, a line a row: `#` constant, `.` not. Empty for
    what is no picture.
    """
    if len(column.shape) == 2:
        height, width = column.shape
    elif len(column.shape) == 1 and math.isqrt(column.shape[0]) ** 2 == column.shape[0] >= 16:
        height = width = math.isqrt(column.shape[0])
    else:
        return []
    places = {int(place) for place in column.constant}
    return [
        "".join("#" if y * width + x in places else "." for x in range(width))
        for y in range(height)
    ]

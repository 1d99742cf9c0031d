"""Rows that are pictures though no column is: each pixel has a column of its own (`pixel0` to
`pixel783` of a CSV file), or the pictures are a column of a file (`X` of an npz file).
"""

from __future__ import annotations

import math
import re
import threading
from collections import defaultdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from peira.core.errors import NotFoundError
from peira.data import chunks, look
from peira.data.add import FOLDER, IMAGES
from peira.data.dataset import Dataset, open_dataset
from peira.data.look import Look, Range
from peira.data.manifest import Manifest
from peira.data.profile import ColumnProfile, Profile, known_profile
from peira.data.rows import Columns
from peira.objects.folder import FolderObjects

FILE_BYTES_MAX = 64_000_000
"""A file is read whole for a picture of one row; larger ones are not."""


class Pixels(msgspec.Struct, frozen=True, kw_only=True):
    """Columns that are the pixels of a square picture, line by line, and their common range."""

    columns: list[str]
    side: int
    low: float
    high: float


def pixels_of(dataset: Dataset, profile: Profile | None = None) -> Pixels | None:
    """Return the columns that are pixels: a square number of columns of single numbers whose names
    differ in their numbers only, and whose values have a common range, as the profile says. None
    without a profile.
    """
    names = _numbered(dataset.manifest)
    profile = profile or (known_profile(dataset) if names else None)
    if not names or profile is None:
        return None
    chosen = set(names)
    return _in_range(names, [column for column in profile.columns if column.name in chosen])


def joined(profile: Profile, pixels: Pixels | None) -> list[ColumnProfile]:
    """Return the columns of a profile, those of pixels as one column of pictures: `constant` by
    the place of the pixel.
    """
    if pixels is None:
        return profile.columns
    places = {name: str(place) for place, name in enumerate(pixels.columns)}
    own = [column for column in profile.columns if column.name in places]
    known = [(profile.rows - c.missing, c.mean or 0.0, c.std or 0.0) for c in own]
    count = max(1, sum(rows for rows, _, _ in known))
    mean = sum(rows * m for rows, m, _ in known) / count
    variance = sum(rows * (s**2 + (m - mean) ** 2) for rows, m, s in known) / count
    column = ColumnProfile(
        name=f"{pixels.columns[0]} … {pixels.columns[-1]}",
        dtype=own[0].dtype,
        shape=[len(own)],
        missing=sum(column.missing for column in own),
        outliers=sum(column.outliers for column in own),
        min=pixels.low,
        max=pixels.high,
        mean=mean,
        std=math.sqrt(variance),
        constant={places[c.name]: c.constant[""] for c in own if "" in c.constant},
    )
    return [column, *(column for column in profile.columns if column.name not in places)]


def shows_pictures(dataset: Dataset, profile: Profile | None = None) -> bool:
    """Whether rows can be shown as pictures, by a column, a file or columns of pixels."""
    opened = dataset.manifest
    if look.has_pictures(opened):
        return True
    if opened.kind == "files" and opened.size > FILE_BYTES_MAX:
        return False
    return _column_in_file(opened) is not None or pixels_of(dataset, profile) is not None


def look_at_row(dataset: Dataset, row: int) -> Look:
    """Return the picture in a row of a table or of a file that is one.

    Raises:
        NotFoundError: there is none.
        DamagedError: its bytes are not what they were.
    """
    opened = dataset.manifest
    if look.picture_column(opened) is not None:
        return look.look_at(dataset.objects, dataset.version.manifest, row)
    if not shows_pictures(dataset):
        raise NotFoundError("These rows do not look like pictures.")
    name = _column_in_file(opened)
    if name is not None:
        values = columns_in_file(dataset)[name]
        span = _file_range(dataset.root, dataset.ref, dataset.version.manifest, name)
        return look.as_look(values[row], span)
    found = pixels_of(dataset)
    assert found is not None
    if opened.kind == "files":
        columns = columns_in_file(dataset)
        value = np.array([columns[name][row] for name in found.columns])
    else:
        number, place = look.piece_of(opened.chunks, row)
        digest = dataset.version.manifest
        value = _chunk(dataset.objects.root, digest, number, tuple(found.columns))[place]
    return Look(value.reshape(found.side, found.side), Range(found.low, found.high))


def _numbered(opened: Manifest) -> list[str]:
    """Return the columns whose names differ in their numbers only, when they are a square."""
    stems: dict[str, list[str]] = defaultdict(list)
    for column in opened.columns:
        is_number = column.dtype[1:2] in tuple("biuf") and not column.shape
        if is_number and column.name != opened.label and any(map(str.isdigit, column.name)):
            stems[re.sub(r"\d+", "#", column.name)].append(column.name)
    names = max(stems.values(), key=len, default=[])
    side = math.isqrt(len(names))
    return names if side >= look.SIDE_MIN and side * side == len(names) else []


def _in_range(names: list[str], columns: list[ColumnProfile]) -> Pixels | None:
    lows = [column.min for column in columns if column.min is not None]
    highs = [column.max for column in columns if column.max is not None]
    if len(columns) != len(names) or len(lows) != len(names) or len(highs) != len(names):
        return None
    low, high = min(lows), max(highs)
    reach_low = sum(value == low for value in lows)
    reach_high = sum(value >= (low + high) / 2 for value in highs)
    is_common = low < high and 2 * min(reach_low, reach_high) >= len(names)
    side = math.isqrt(len(names))
    return Pixels(columns=names, side=side, low=low, high=high) if is_common else None


def _column_in_file(opened: Manifest) -> str | None:
    """Return the column of a file of a table that holds pictures."""
    if opened.kind != "files" or opened.type in (IMAGES, FOLDER):
        return None
    found = look.picture_column(msgspec.structs.replace(opened, kind="table"))
    return None if found is None else found.name


_reading = threading.Lock()


def columns_in_file(dataset: Dataset) -> Columns:
    """Return the columns of a version that is a file of a table, all rows; the last ones stay in
    memory.
    """
    with _reading:  # a page asks for many pictures at once: the first reads the file for all
        return _file(dataset.root, dataset.ref, dataset.version.manifest)


@lru_cache(maxsize=2)
def _file(root: Path, ref: str, manifest: str) -> Columns:
    """Return the columns of the file of a version; `manifest` tells versions apart."""
    return open_dataset(root, ref).columns


@lru_cache(maxsize=16)
def _file_range(root: Path, ref: str, manifest: str, name: str) -> Range:
    return look.range_of(_file(root, ref, manifest)[name])


@lru_cache(maxsize=4)
def _chunk(objects: Path, digest: str, number: int, names: tuple[str, ...]) -> NDArray[Any]:
    whole = look.read_manifest(objects, digest)
    only = msgspec.structs.replace(whole, chunks=[whole.chunks[number]])
    columns = chunks.read(FolderObjects(objects), only, list(names))
    return np.column_stack([columns[name] for name in names])

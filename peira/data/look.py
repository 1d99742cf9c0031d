"""Single rows to look at: read from the chunk that holds them, not from the whole version."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from peira.core.errors import NotFoundError
from peira.data import chunks, manifest
from peira.data.add import IMAGES
from peira.data.dataset import Dataset
from peira.data.manifest import Column, Manifest, Piece
from peira.data.rows import JSON, TEXT, unpack_ids
from peira.objects.folder import FolderObjects

SIDE_MIN = 4
"""A flat square of fewer pixels a side is a row of numbers."""
_CHANNELS = (1, 3, 4)
ROWS_MIN = 20
"""Fewer pictures say nothing of the range of a place."""
UNLIKE = 2.0
"""Places have ranges of their own when that of all is so many times as wide as half of theirs."""


class Range(NamedTuple):
    """The lowest and highest value of pictures, to draw them by: of all places together, or of each
    place by itself.
    """

    low: float | NDArray[Any]
    high: float | NDArray[Any]


class Look(NamedTuple):
    """A value that looks like a picture, and the range of its column near it, to draw it by."""

    value: NDArray[Any]
    range: Range


def picture_column(opened: Manifest) -> Column | None:
    """Return the first column of a table whose values look like pictures.

    They are of two dimensions, of three with 1, 3 or 4 channels, or a flat square.
    """
    if opened.kind != "table" or sound_column(opened) is not None:
        return None
    return next((column for column in opened.columns if _is_picture(column)), None)


def has_pictures(opened: Manifest) -> bool:
    """Whether rows of a version can be shown as pictures."""
    return picture_column(opened) is not None or opened.type == IMAGES or names_files(opened)


SAMPLE_RATE = "sample_rate"
"""A column of this name beside a column of waves says that they are sounds."""


def sound_column(opened: Manifest) -> Column | None:
    """Return the column of a table whose values are sounds: numbers in a row (or in channels),
    where a column `sample_rate` says how many of them a second has.
    """
    if opened.kind != "table" or not any(c.name == SAMPLE_RATE for c in opened.columns):
        return None
    return next((c for c in opened.columns if c.shape and c.dtype[1:2] in tuple("iuf")), None)


def text_column(opened: Manifest) -> Column | None:
    """Return the column of texts that a model reads: one named `text`, `sample` or `X`, else the
    first that is no label.
    """
    texts = [c for c in opened.columns if c.dtype == TEXT and c.name != opened.label]
    named = [c for c in texts if c.name in ("text", "sample", "X")]
    return next(iter(named or texts), None)


def value_at(objects: FolderObjects, digest: str, row: int, column: str) -> Any:
    """Return one value of the table with this manifest.

    Raises:
        NotFoundError: there is no such row.
        DamagedError: its chunk is not what it was.
    """
    number, row = piece_of(read_manifest(objects.root, digest).chunks, row)
    return _chunk(objects.root, digest, number, column)[row]


def names_files(opened: Manifest) -> bool:
    """Whether rows of a table name files by digest, as those of annotations do."""
    kinds = {(column.name, column.dtype) for column in opened.columns}
    wanted = {("path", TEXT), ("image", TEXT), ("source", JSON)}
    return opened.kind == "table" and wanted <= kinds


def _is_picture(column: Column) -> bool:
    if column.dtype in (TEXT, JSON) or column.dtype[1] not in "biuf" or column.name == "y":
        return False
    shape = column.shape
    if len(shape) == 1:
        side = math.isqrt(shape[0])
        return side >= SIDE_MIN and side * side == shape[0]
    is_colour = len(shape) == 3 and (shape[0] in _CHANNELS or shape[2] in _CHANNELS)
    return (len(shape) == 2 or is_colour) and min(shape[-2:]) > 0


def look_at(objects: FolderObjects, digest: str, row: int) -> Look:
    """Return the picture in a row of the table with this manifest.

    Raises:
        NotFoundError: there is none.
        DamagedError: its chunk is not what it was.
    """
    opened = read_manifest(objects.root, digest)
    column = picture_column(opened)
    if column is None:
        raise NotFoundError("These rows do not look like pictures.")
    number, row = piece_of(opened.chunks, row)
    values = _chunk(objects.root, digest, number, column.name)
    return as_look(values[row], _chunk_range(objects.root, digest, number, column.name))


def as_look(value: NDArray[Any], span: Range) -> Look:
    """Return a value as a picture, a flat one as a square."""
    if value.ndim > 1:
        return Look(value, span)
    side = math.isqrt(len(value))
    low, high = (end if np.ndim(end) == 0 else np.reshape(end, (side, side)) for end in span)
    return Look(value.reshape(side, side), Range(low, high))


def range_of(values: NDArray[Any]) -> Range:
    """Return the range to draw pictures by.

    It is common to all places, unless they were standardised one by one: then a pixel that is
    seldom set reaches so high that all others would be nearly black, and each place has its own.
    """
    if values.dtype.kind == "f" and not (is_finite := np.isfinite(values)).all():
        values = values[is_finite]
        return Range(values.min(initial=np.inf), values.max(initial=-np.inf))
    low, high = float(values.min()), float(values.max())
    if values.dtype.kind == "f" and low < 0 < high and len(values) >= ROWS_MIN:
        lows, highs = values.min(axis=0), values.max(axis=0)
        spans = (highs - lows)[highs > lows]
        if high - low > UNLIKE * float(np.median(spans)):
            return Range(lows, highs)
    return Range(low, high)


def file_at(dataset: Dataset, row: int) -> bytes:
    """Return the bytes of the file that a row of a folder of images is, or of annotations names.

    Raises:
        NotFoundError, DamagedError: it is not here, or is not what it was.
    """
    if dataset.manifest.kind == "table":
        number, row = piece_of(dataset.manifest.chunks, row)
        digest = _chunk(dataset.objects.root, dataset.version.manifest, number, "image")[row]
        return dataset.objects.read(digest)
    pages = dataset.manifest.pages
    number, row = piece_of(pages, row)
    only = msgspec.structs.replace(dataset.manifest, pages=[pages[number]])
    member = next(islice(manifest.read_pages(dataset.objects, only), row, None))
    return dataset.read_file(member)


def piece_of(pieces: list[Piece], row: int) -> tuple[int, int]:
    """Return which piece holds a row, and the row's place in it."""
    for number, piece in enumerate(pieces):
        if row < piece.count:
            return number, row
        row -= piece.count
    raise NotFoundError("There is no such row.")


@lru_cache(maxsize=64)
def read_manifest(root: Path, digest: str) -> Manifest:
    """Return a manifest; the latest ones stay in memory."""
    return manifest.read(FolderObjects(root), digest)


@lru_cache(maxsize=8)
def _chunk(root: Path, digest: str, number: int, column: str) -> NDArray[Any]:
    whole = read_manifest(root, digest)
    only = msgspec.structs.replace(whole, chunks=[whole.chunks[number]])
    return chunks.read(FolderObjects(root), only, [column])[column]


@lru_cache(maxsize=64)
def _chunk_range(root: Path, digest: str, number: int, column: str) -> Range:
    return range_of(_chunk(root, digest, number, column))


def row_of(dataset: Dataset, id: str) -> int:
    """Return the position of a row in the whole version.

    Raises:
        NotFoundError: the version has no row of that id.
    """
    ids = dataset.manifest.ids
    found = _places(dataset.objects.root, ids).get(id.encode()) if ids is not None else None
    if found is None:
        raise NotFoundError(f"{dataset.ref} has no row {id:.60}.")
    return found


@lru_cache(maxsize=4)
def _places(root: Path, ids: str) -> dict[bytes, int]:
    packed = unpack_ids(FolderObjects(root).read(ids))
    return {id: row for row, id in enumerate(packed.tolist())}

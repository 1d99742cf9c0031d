"""What an annotation is, whatever wrote it; and reading files that others made."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from peira.core.errors import UsageError

FILE_BYTES_MAX = 1 << 30
"""The largest file that is read: the annotations of COCO 2017 are 450 MB."""
DECIMALS = 6
"""Of a pixel: shares of a picture times its size come out with noise beyond."""

T = TypeVar("T")


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """A labelled region of a picture."""

    label: str
    corners: tuple[float, float, float, float]
    """Left, top, right, bottom in pixels."""
    polygons: list[list[float]] = msgspec.field(default_factory=list)
    """Its outline, when it is more than a box: each x, y, x, y, …"""
    is_crowd: bool = False
    """Whether it stands for many (COCO): a detector is not asked to find it."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of one picture or text, by whom and when."""

    place: str
    """Where it stands, for messages."""
    file: str
    """BLAKE3 digest of the file that says it."""
    path: str | None = None
    """The picture, as the file names it."""
    text: str | None = None
    label: str | list[str] | None = None
    boxes: list[Box] | None = None
    annotator: str = ""
    created: str = ""
    made: str = ""
    """How, in the format's own word: `manual`, `auto`."""


class Annotations(msgspec.Struct, frozen=True, kw_only=True):
    """All that a file or folder of one format says."""

    format: str
    items: list[Item]
    left_out: dict[str, int] = msgspec.field(default_factory=dict)
    """How many marks of other kinds (masks, key points) it has, which are not imported."""


class Source(NamedTuple):
    """The bytes of a file, with the digest that provenance names."""

    data: bytes
    digest: str


def read_bytes(path: Path, limit: int = FILE_BYTES_MAX) -> Source:
    """Return the bytes of a file.

    Raises:
        UsageError: it is larger than `limit`, or cannot be read.
    """
    from blake3 import blake3

    try:
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.") from error
    if len(data) > limit:
        raise UsageError(
            f"{path} has more than {limit} bytes, the most that is read.", hint="Split it."
        )
    return Source(data, blake3(data).hexdigest())


def decode(data: bytes, type: type[T], path: Path) -> T:
    """Return JSON as records.

    Raises:
        UsageError: it is no JSON, or not of that shape; says where.
    """
    try:
        return msgspec.json.decode(data, type=type)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as annotations: {error!s:.300}.") from error


def box(label: str, numbers: Iterable[Any], place: str, **more: Any) -> Box:
    """Return a box after looking at its numbers.

    Args:
        numbers: left, top, right, bottom, as numbers or text.

    Raises:
        UsageError: they are not four finite numbers in this order.
    """
    left, top, right, bottom = corners = floats(numbers, place, count=4)
    if right < left or bottom < top:
        raise UsageError(
            f"{place}: the box ends before it begins: left {left:g}, top {top:g}, right {right:g},"
            f" bottom {bottom:g}."
        )
    rounded = [round(corner, DECIMALS) for corner in corners]
    return Box(label=label, corners=(rounded[0], rounded[1], rounded[2], rounded[3]), **more)


def outline(label: str, points: list[float], place: str) -> Box:
    """Return the box around a polygon of x, y, x, y, …"""
    if len(points) < 6 or len(points) % 2:
        raise UsageError(f"{place}: a polygon wants three or more points of x and y.")
    xs, ys = points[::2], points[1::2]
    return box(label, (min(xs), min(ys), max(xs), max(ys)), place, polygons=[points])


def floats(texts: Iterable[Any], place: str, count: int | None = None) -> list[float]:
    """Return finite numbers.

    Raises:
        UsageError: one is none, or there are not `count`.
    """
    found = []
    for text in texts:
        try:
            number = float(text)
        except (TypeError, ValueError):
            number = math.nan
        if not math.isfinite(number):
            raise UsageError(f"{place}: {text!r:.40} is no number.")
        found.append(number)
    if count is not None and len(found) != count:
        raise UsageError(f"{place}: {count} numbers were expected, not {len(found)}.")
    return found


def files_of(folder: Path, suffix: str) -> list[Path]:
    """Return the files below a folder with a suffix, sorted; links that lead out are left."""
    from peira.objects import tree

    return sorted(path for path in tree.files(folder) if path.suffix.lower() == suffix)

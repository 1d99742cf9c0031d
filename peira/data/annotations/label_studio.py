"""Label Studio: the JSON export, a list of tasks with the annotations of each.

Of several annotations of a task the ground truth counts, else the latest one that was not skipped.
Read are rectangles, polygons and choices.

Source: https://labelstud.io/guide/export#Label-Studio-JSON-format-of-annotated-tasks
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from peira.core.errors import UsageError
from peira.data.annotations import _base
from peira.data.annotations._base import Annotations, Box, Item

NAME = "label-studio"

_RECTANGLE, _POLYGON, _CHOICES = "rectanglelabels", "polygonlabels", "choices"


class _Value(msgspec.Struct):
    x: float | None = None
    y: float | None = None
    width: float | None = None
    height: float | None = None
    rotation: float | None = None
    points: list[list[float]] = msgspec.field(default_factory=list)
    rectanglelabels: list[str] = msgspec.field(default_factory=list)
    polygonlabels: list[str] = msgspec.field(default_factory=list)
    choices: list[str] = msgspec.field(default_factory=list)


class _Result(msgspec.Struct):
    type: str
    value: _Value = msgspec.field(default_factory=_Value)
    original_width: int | None = None
    original_height: int | None = None
    origin: str = ""


class _Annotation(msgspec.Struct):
    result: list[_Result]
    completed_by: int | dict[str, Any] | None = None
    created_at: str = ""
    updated_at: str = ""
    was_cancelled: bool = False
    ground_truth: bool = False


class _Task(msgspec.Struct):
    data: dict[str, Any]
    annotations: list[_Annotation] = msgspec.field(default_factory=list)


def read(path: Path) -> Annotations:
    """Return what an export says; tasks that nobody annotated are not in it.

    Raises:
        UsageError: it is not of this format.
    """
    source = _base.read_bytes(path)
    left_out: Counter[str] = Counter()
    items = []
    for number, task in enumerate(_base.decode(source.data, list[_Task], path)):
        done = [a for a in task.annotations if not a.was_cancelled]
        if not done:
            left_out["tasks without annotations"] += 1
            continue
        chosen = max(done, key=lambda a: (a.ground_truth, a.updated_at or a.created_at))
        left_out["further annotations of a task"] += len(done) - 1
        items.append(_item(task, chosen, f"{path}: $[{number}]", source.digest, left_out))
    return Annotations(format=NAME, items=items, left_out=dict(+left_out))


def _item(task: _Task, chosen: _Annotation, place: str, file: str, left_out: Counter[str]) -> Item:
    picture, text = _subject(task.data, place)
    boxes, labels = [], list[str]()
    for result in chosen.result:
        if result.type == _CHOICES:
            labels += result.value.choices
        elif result.type not in (_RECTANGLE, _POLYGON):
            left_out[f"results of type {result.type}"] += 1
        elif result.value.rotation:
            left_out["rotated boxes"] += 1
        else:
            boxes.append(_box(result, place))
    by = chosen.completed_by
    if isinstance(by, dict):
        by = by.get("email") or by.get("id")
    return Item(
        place=place, file=file, path=picture, text=text,
        label=labels[0] if len(labels) == 1 else labels or None,
        boxes=boxes if picture is not None else None,
        annotator="" if by is None else str(by),
        created=chosen.updated_at or chosen.created_at,
        made=", ".join(sorted({result.origin for result in chosen.result if result.origin})),
    )  # fmt: skip


def _box(result: _Result, place: str) -> Box:
    value = result.value
    labels = value.rectanglelabels or value.polygonlabels
    if not labels:
        raise UsageError(f"{place}: a region has no label.")
    if not result.original_width or not result.original_height:
        raise UsageError(f"{place}: a region lacks original_width and original_height.")
    size = (result.original_width / 100, result.original_height / 100)  # values are percent
    if result.type == _POLYGON:
        shares = [number for point in value.points for number in point]
        points = [s * size[i % 2] for i, s in enumerate(shares)]
        return _base.outline(labels[0], points, place)
    x, y, width, height = _base.floats([value.x, value.y, value.width, value.height], place)
    sides = (x, y, x + width, y + height)
    return _base.box(labels[0], [s * size[i % 2] for i, s in enumerate(sides)], place)


def _subject(data: dict[str, Any], place: str) -> tuple[str | None, str | None]:
    """Return the picture of a task, or its text."""
    if isinstance(data.get("image"), str):
        return _path_of(data["image"]), None
    if isinstance(data.get("text"), str):
        return None, data["text"]
    texts = [value for value in data.values() if isinstance(value, str)]
    if len(texts) != 1:
        raise UsageError(f"{place}: the task has neither `image` nor `text`.")
    value = texts[0]
    if Path(urlsplit(value).path).suffix.lower() in (".jpg", ".jpeg", ".png", ".bmp", ".webp"):
        return _path_of(value), None
    return None, value


def _path_of(url: str) -> str:
    """Return the path in a URL as Label Studio serves files: uploads, local files, buckets."""
    parts = urlsplit(url)
    local = parse_qs(parts.query).get("d")
    return local[0] if local else unquote(parts.path).lstrip("/")

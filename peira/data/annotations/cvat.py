"""CVAT for images 1.1: one XML file with boxes, polygons and tags of all pictures of a task.

Source: https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from peira.core.errors import UsageError
from peira.data.annotations import _base, _xml
from peira.data.annotations._base import Annotations, Box, Item
from peira.data.annotations._xml import Element

NAME = "cvat"

_SIDES = ("xtl", "ytl", "xbr", "ybr")


def read(path: Path) -> Annotations:
    """Return what a CVAT file says; shapes other than boxes and polygons are left out and counted.

    Raises:
        UsageError: it is not of this format; a video (`<track>`) is not.
    """
    source = _base.read_bytes(path)
    top = _xml.parse(source.data, path)
    if top.tag != "annotations":
        raise UsageError(f"{path} is no CVAT file: its top element is <{top.tag:.60}>.")
    if top.all("track"):
        raise UsageError(
            f"{path} is of a video: it has <track> elements.", hint="Export CVAT for images 1.1."
        )
    by = next(
        (user for who in ("assignee", "owner") for job in ("task", "project", "job")
         if (user := top.find(f"meta/{job}/{who}/username"))), ""
    )  # fmt: skip
    created = top.find("meta/dumped")
    left_out: Counter[str] = Counter()
    items = []
    for image in top.all("image"):
        place = f"{path}, line {image.line}"
        tags = [_attribute(tag, "label", path) for tag in image.all("tag")]
        items.append(
            Item(
                place=place,
                file=source.digest,
                path=_attribute(image, "name", path),
                label=tags[0] if len(tags) == 1 else tags or None,
                boxes=_boxes(image, path, left_out),
                annotator=by,
                created=created,
                made=", ".join(
                    sorted({c.attributes.get("source", "") for c in image.children} - {""})
                ),
            )
        )
    return Annotations(format=NAME, items=items, left_out=dict(left_out))


def _boxes(image: Element, path: Path, left_out: Counter[str]) -> list[Box]:
    boxes = []
    for shape in image.children:
        place = f"{path}, line {shape.line}"
        if shape.tag == "box":
            numbers = [_attribute(shape, side, path) for side in _SIDES]
            if any(_base.floats([shape.attributes.get("rotation", 0)], place)):
                left_out["rotated boxes"] += 1
                continue
            boxes.append(_base.box(_attribute(shape, "label", path), numbers, place))
        elif shape.tag == "polygon":
            texts = _attribute(shape, "points", path).replace(";", ",").split(",")
            points = _base.floats(texts, place)
            boxes.append(_base.outline(_attribute(shape, "label", path), points, place))
        elif shape.tag != "tag":
            left_out[f"<{shape.tag}>"] += 1
    return boxes


def _attribute(element: Element, name: str, path: Path) -> str:
    try:
        return element.attributes[name]
    except KeyError:
        raise UsageError(f"{path}, line {element.line}: <{element.tag}> has no {name!r}.") from None

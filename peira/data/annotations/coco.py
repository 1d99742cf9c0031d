"""COCO: one JSON object of images, annotations and categories.

Source: https://cocodataset.org/#format-data
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from peira.core.errors import UsageError
from peira.data.annotations import _base
from peira.data.annotations._base import Annotations, Box, Item

NAME = "coco"


class _Image(msgspec.Struct):
    id: int | str
    file_name: str


class _Category(msgspec.Struct):
    id: int
    name: str


class _Region(msgspec.Struct):
    image_id: int | str
    category_id: int
    bbox: list[float] | None = None
    segmentation: list[list[float]] | dict[str, Any] | None = None
    keypoints: list[float] | None = None
    iscrowd: int | bool = 0


class _Info(msgspec.Struct):
    contributor: str | None = None
    date_created: str | None = None


class _Document(msgspec.Struct):
    images: list[_Image]
    annotations: list[_Region]
    categories: list[_Category]
    info: _Info | None = None


def read(path: Path) -> Annotations:
    """Return what a COCO file says; regions without a box are left out and counted.

    Raises:
        UsageError: it is not of this format, or names images or categories that it does not have.
    """
    source = _base.read_bytes(path)
    document = _base.decode(source.data, _Document, path)
    labels = {category.id: category.name for category in document.categories}
    regions: dict[int | str, list[Box]] = {image.id: [] for image in document.images}
    left_out: Counter[str] = Counter()
    for number, region in enumerate(document.annotations):
        place = f"{path}: $.annotations[{number}]"
        if region.category_id not in labels:
            raise UsageError(f"{place}: there is no category {region.category_id}.")
        if region.image_id not in regions:
            raise UsageError(f"{place}: there is no image {region.image_id!r:.60}.")
        if isinstance(region.segmentation, dict):
            left_out["masks"] += 1
        if region.keypoints:
            left_out["key points"] += 1
        if not region.bbox:
            left_out["regions without a box"] += 1
            continue
        left, top, width, height = _base.floats(region.bbox, place, count=4)
        regions[region.image_id].append(
            _base.box(
                labels[region.category_id],
                (left, top, left + width, top + height),
                place,
                polygons=region.segmentation if isinstance(region.segmentation, list) else [],
                is_crowd=bool(region.iscrowd),
            )
        )
    info = document.info or _Info()
    items = [
        Item(
            place=f"{path}: $.images[{number}]", file=source.digest, path=image.file_name,
            boxes=regions[image.id], annotator=info.contributor or "",
            created=info.date_created or "",
        )
        for number, image in enumerate(document.images)
    ]  # fmt: skip
    return Annotations(format=NAME, items=items, left_out=dict(left_out))

"""Pascal VOC: a folder with one XML file a picture, or one such file.

Numbers are kept as they are: VOC itself counts pixels from 1, most programs that write the format
from 0.

Source: http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc/devkit_doc.html
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from peira.core.errors import UsageError
from peira.data.annotations import _base, _xml
from peira.data.annotations._base import Annotations, Box, Item

NAME = "voc"

_BYTES_MAX = 16 << 20
_SIDES = ("xmin", "ymin", "xmax", "ymax")


def read(path: Path) -> Annotations:
    """Return what all VOC files below a folder say, or one file.

    Raises:
        UsageError: one of them is not of this format.
    """
    files = [path] if path.is_file() else _base.files_of(path, ".xml")
    left_out: Counter[str] = Counter()
    items = [_item(file, left_out) for file in files]
    return Annotations(format=NAME, items=items, left_out=dict(left_out))


def _item(file: Path, left_out: Counter[str]) -> Item:
    source = _base.read_bytes(file, _BYTES_MAX)
    top = _xml.parse(source.data, file)
    name = top.find("filename")
    if top.tag != "annotation" or not name:
        raise UsageError(f"{file} is no VOC file: it has no <annotation> with a <filename>.")
    boxes: list[Box] = []
    for thing in top.all("object"):
        place = f"{file}, line {thing.line}"
        label = thing.find("name")
        if not label:
            raise UsageError(f"{place}: the <object> has no <name>.")
        if not thing.all("bndbox"):
            left_out["objects without a box"] += 1
            continue
        numbers = [thing.find(f"bndbox/{side}") for side in _SIDES]
        boxes.append(_base.box(label, numbers, place))
    return Item(
        place=str(file), file=source.digest, path=name, boxes=boxes,
        annotator=top.find("source/annotation"),
    )  # fmt: skip

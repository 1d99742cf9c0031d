"""Annotations that other programs wrote: Label Studio, CVAT, COCO, YOLO, Pascal VOC.

`read` returns what a file says; `attach.py` puts it under version.

The formats are a few lines each over msgspec and expat, which tell the place of a mistake and bound
what a stranger's file can do. Of the libraries that read several formats, supervision needs
OpenCV, SciPy and Matplotlib, globox pandas, Datumaro and the Label Studio SDK dozens of packages;
pycocotools reads COCO without checking it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from peira.core.errors import NotFoundError, UsageError
from peira.data.annotations import coco, cvat, label_studio, voc, yolo
from peira.data.annotations._base import Annotations

READERS: dict[str, Callable[[Path], Annotations]] = {
    module.NAME: module.read for module in (label_studio, cvat, coco, yolo, voc)
}
FORMATS = tuple(READERS)

_HEAD_BYTES = 1 << 16
_TOP_ELEMENT = re.compile(rb"<(annotations?)[\s>]")


def read(path: str | Path, format: str | None = None) -> Annotations:
    """Return what a file, or a folder of YOLO or Pascal VOC, says.

    Args:
        format: one of `FORMATS`; told by the file when None.

    Raises:
        NotFoundError: there is nothing at `path`.
        UsageError: it is not of that format, or holds no annotations; says where.

    >>> read("instances.json").items[0].boxes[0].label                        # doctest: +SKIP
    'cat'
    """
    path = Path(path)
    if not path.exists():
        raise NotFoundError(f"There are no annotations at {path}.")
    format = format or _guess(path)
    if format not in READERS:
        raise UsageError(
            f"{format!r:.60} is no format of annotations.", hint=f"Use {', '.join(FORMATS)}."
        )
    if path.is_dir() and format not in (yolo.NAME, voc.NAME):
        raise UsageError(f"Annotations of the format {format} are one file; {path} is a folder.")
    found = READERS[format](path)
    if not found.items:
        raise UsageError(f"{path} holds no annotations of the format {format}.")
    return found


def _guess(path: Path) -> str:
    """Return the format that a path looks like."""
    suffix = path.suffix.lower()
    if path.is_dir():
        return voc.NAME if any(path.rglob("*.xml")) else yolo.NAME
    if suffix in (".txt", ".yaml", ".yml"):
        return yolo.NAME
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES).lstrip(b"\xef\xbb\xbf \t\r\n")
    if head[:1] == b"[":
        return label_studio.NAME
    if head[:1] == b"{":
        return coco.NAME
    top = _TOP_ELEMENT.search(head)
    if top is None:
        raise UsageError(
            f"{path} looks like no format of annotations.", hint=f"Say which: {', '.join(FORMATS)}."
        )
    return cvat.NAME if top[1] == b"annotations" else voc.NAME

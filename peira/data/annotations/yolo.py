"""YOLO: a text file a picture, each line `class x y width height` in shares of the picture.

a.jpg a.txt classes.txt                                     side by side
images/train/a.jpg labels/train/a.txt data.yaml             or in two folders

Names of classes come from `classes.txt`, `obj.names` (one a line) or `names` in `data.yaml`, of
which only the forms that YOLO tools write are read, so no YAML library is needed.
Five numbers are a box; an odd number of seven or more is a polygon, as Ultralytics writes it.

Source: https://docs.ultralytics.com/datasets/detect/
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from peira.core.errors import AmbiguousError, NotFoundError, UnsupportedError, UsageError
from peira.data.annotations import _base
from peira.data.annotations._base import Annotations, Box, Item

NAME = "yolo"
LISTS = ("classes.txt", "obj.names", "_darknet.labels")
YAMLS = ("data.yaml", "data.yml", "dataset.yaml")
PICTURES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"}

_BYTES_MAX = 16 << 20
_OTHER_TEXTS = {"classes.txt", "readme.txt", "readme.dataset.txt", "readme.roboflow.txt",
                "train.txt", "val.txt", "valid.txt", "test.txt"}  # fmt: skip


def read(path: Path) -> Annotations:
    """Return what all files below a folder say. A picture without a text file says nothing; one
    with an empty text file says that there is nothing in it.

    Args:
        path: the folder, or the file with the names of the classes in it.

    Raises:
        NotFoundError: there are no names of classes, or a text file has no picture.
        UsageError: a line is wrong.
        UnsupportedError: Pillow, which tells the sizes of pictures, is not installed.
    """
    folder = path if path.is_dir() else path.parent
    names = _names(path)
    pictures: dict[tuple[str, ...], list[Path]] = defaultdict(list)
    for suffix in sorted(PICTURES):
        for picture in _base.files_of(folder, suffix):
            pictures[_key(picture.relative_to(folder))].append(picture)
    items = []
    for file in _base.files_of(folder, ".txt"):
        if file.name.lower() in _OTHER_TEXTS:
            continue
        found = pictures.get(_key(file.relative_to(folder)), [])
        if not found:
            raise NotFoundError(
                f"There is no picture for {file}.",
                hint="It must lie beside it, or in images/ as the text does in labels/.",
            )
        if len(found) > 1:
            told = " or ".join(picture.relative_to(folder).as_posix() for picture in found)
            raise AmbiguousError(f"{file} may speak of {told}.", hint="Give them other names.")
        items.append(_item(file, found[0], folder, names))
    return Annotations(format=NAME, items=items)


def _key(path: Path) -> tuple[str, ...]:
    """What a picture and its text file share: the path without suffix and images/ or labels/."""
    folders = [part for part in path.parts[:-1] if part not in ("images", "labels")]
    return (*folders, path.stem)


def _item(file: Path, picture: Path, folder: Path, names: list[str]) -> Item:
    source = _base.read_bytes(file, _BYTES_MAX)
    lines = _text(source.data, file).splitlines()
    size = _size(picture) if any(map(str.strip, lines)) else (0, 0)
    boxes = [
        _box(line.split(), size, names, f"{file}, line {number}")
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]
    return Item(
        place=str(file), file=source.digest, boxes=boxes,
        path=picture.relative_to(folder).as_posix(),
    )  # fmt: skip


def _box(words: list[str], size: tuple[int, int], names: list[str], place: str) -> Box:
    if not words[0].isdecimal() or int(words[0]) >= len(names):
        raise UsageError(
            f"{place}: {words[0]!r:.40} is no class: there are {len(names)}, counted from 0."
        )
    label, shares = names[int(words[0])], _base.floats(words[1:], place)
    if len(shares) >= 6:
        return _base.outline(label, [s * size[i % 2] for i, s in enumerate(shares)], place)
    x, y, width, height = _base.floats(shares, place, count=4)
    sides = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    return _base.box(label, [s * size[i % 2] for i, s in enumerate(sides)], place)


def _size(picture: Path) -> tuple[int, int]:
    """Return width and height, from the head of the file."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise UnsupportedError(
            "YOLO tells boxes in shares of a picture, whose size Pillow reads.",
            hint="pip install pillow",
        ) from None
    try:
        with Image.open(picture) as image:
            return image.size
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise UsageError(f"The size of {picture} cannot be read: {error!s:.200}.") from error


def _names(path: Path) -> list[str]:
    """Return the names of the classes, in order."""
    if path.is_file():
        files = [path]
    else:
        places = [path, path / "labels"]
        files = [place / name for place in places for name in (*LISTS, *YAMLS)]
    for file in files:
        if file.is_file():
            text = _text(_base.read_bytes(file, _BYTES_MAX).data, file)
            if file.suffix in (".yaml", ".yml"):
                return _yaml_names(text, file)
            return [line.strip() for line in text.splitlines() if line.strip()]
    raise NotFoundError(
        f"The names of the classes are not in {path}.",
        hint=f"Put {LISTS[0]} (one a line) or {YAMLS[0]} with `names:` there.",
    )


def _text(data: bytes, file: Path) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is no text: {error!s:.100}.") from error


_FLOW = re.compile(r"^names:\s*(\[[^\]]*\]|\{[^}]*\})", re.MULTILINE)
_BLOCK = re.compile(r"^names:[ \t]*(?:#.*)?\n((?:[ \t]*(?:-|\d+:)[ \t].*\n|[ \t]*(?:#.*)?\n)*)",
                    re.MULTILINE)  # fmt: skip
_NUMBERED = re.compile(r"(\d+)\s*:\s*")


def _yaml_names(text: str, file: Path) -> list[str]:
    """Return `names` of a data.yaml: a list or numbers with names, on one line or several."""
    flow, block = _FLOW.search(text), _BLOCK.search(f"{text}\n")
    if flow:
        entries = [entry.strip() for entry in flow[1][1:-1].split(",")]
    elif block:
        entries = [line.strip().removeprefix("- ").strip() for line in block[1].splitlines()]
    else:
        entries = []
    entries = [entry for entry in entries if entry and not entry.startswith("#")]
    names = []
    for place, entry in enumerate(entries):
        number = _NUMBERED.match(entry)
        if number and int(number[1]) != place:
            raise UsageError(f"{file}: the class {place} is missing before {entry!r:.60}.")
        name = entry[number.end() :] if number else entry
        names.append(name.partition(" #")[0].strip().strip("'\""))
    if not names:
        raise UsageError(f"{file} has no `names:` of classes.", hint="Write names: [cat, dog].")
    return names

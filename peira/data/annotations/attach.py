"""Annotations as a version: a row a picture or text, with who said so and when.

| column | what it is |
|---|---|
| `path`, `image` | the picture in the parent version, and the digest of its bytes |
| `text` | the text, for annotations of texts |
| `boxes` | `{"boxes": [[left, top, right, bottom], …], "labels": […]}`, in pixels; `polygons`, `crowd` and `tags` (labels of the whole picture) when there are some |
| `label` | without boxes: the label of the whole picture or text; a list when there are several |
| `source` | `format`, `file` (digest), and `annotator`, `created`, `made` where the format has them |

Rows keep the ids that they have in the parent, so its splits and hold-outs hold here, too.
"""  # noqa: E501 - a table

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from peira.core.errors import AmbiguousError, NotFoundError, UsageError
from peira.data.add import Added, Facts, add_table
from peira.data.annotations import read
from peira.data.annotations._base import Annotations, Item
from peira.data.catalog import Transform
from peira.data.dataset import Dataset

SUFFIX = "-labels"

_UPLOADED = re.compile(r"[0-9a-f]{8}-")  # Label Studio puts it before names of uploaded files


class Attached(NamedTuple):
    """What importing came to."""

    added: Added
    annotations: Annotations
    unlabelled: int
    """How many rows of the parent are not in the annotations."""


def annotate(
    parent: Dataset, path: Path, *, format: str | None = None, name: str | None = None
) -> Attached:
    """Put the annotations of a version's pictures or texts under version.

    Args:
        parent: pictures (a folder of files), or a table with a column `text`.
        name: of the data set to make; that of the parent with `-labels` when None.

    Raises:
        NotFoundError: a picture or text is not in the parent.
        AmbiguousError: a name fits several pictures.
        UsageError: the file is wrong, or names a picture twice; says where.
    """
    if parent.rows is not None:
        raise UsageError(
            f"Annotations are of a whole version, not of {parent.ref}:{parent.part}.",
            hint=f"Name {parent.ref}; its splits hold for what is made of it.",
        )
    found = read(path, format)
    rows = _rows(parent, found.items)
    order = np.argsort(rows)  # files list pictures in any order
    rows = rows[order]
    columns = _columns(parent, found.format, rows, [found.items[n] for n in order])
    # A row of a plain folder has no id yet; what it says makes one.
    ids = None if parent.manifest.ids is None else parent.ids[rows]
    facts = Facts(
        source=str(path),
        parent=parent.ref,
        transform=Transform(name="annotate", params={"format": found.format, "file": path.name}),
    )
    label = next((column for column in ("boxes", "label") if column in columns), None)
    target = name or parent.version.name + SUFFIX
    added = add_table(parent.root, target, columns, label=label, facts=facts, ids=ids)
    return Attached(added, found, parent.manifest.rows - len(rows))


def _rows(parent: Dataset, items: list[Item]) -> NDArray[np.intp]:
    """Return the row of the parent that each item speaks of.

    Raises:
        NotFoundError, AmbiguousError, UsageError: see `annotate`.
    """
    is_text = items[0].path is None
    if is_text and "text" not in [column.name for column in parent.schema]:
        raise UsageError(f"{parent.ref} has no column `text`, of which the annotations speak.")
    if not is_text and parent.manifest.kind != "files":
        raise UsageError(
            f"{parent.ref} is a table, and the annotations speak of pictures.",
            hint="Name the version that was added from the folder of pictures.",
        )
    pictures = Pictures([member.path for member in parent.files()]) if not is_text else None
    texts: dict[str, list[int]] = defaultdict(list)
    if is_text:
        for row, text in enumerate(parent["text"].tolist()):
            texts[text].append(row)
    found: dict[int, str] = {}
    for item in items:
        if (item.path is None) != is_text:
            raise UsageError(f"{item.place}: pictures and texts do not go into one version.")
        if pictures is not None and item.path is not None:
            row = pictures.find(item.path, item.place)
        elif texts.get(item.text or ""):
            row = texts[item.text or ""].pop(0)
        else:
            raise NotFoundError(f"{item.place}: {parent.ref} has no (more) text {item.text!r:.60}.")
        if row in found:
            raise UsageError(f"{item.place}: {item.path!r:.100} was named already: {found[row]}.")
        found[row] = item.place
    return np.array(list(found), dtype=np.intp)


class Pictures:
    """The pictures of a version, found by the names that other programs give them."""

    def __init__(self, paths: list[str]) -> None:
        self._paths = [PurePosixPath(path).parts for path in paths]
        self._by_name: dict[str, list[int]] = defaultdict(list)
        for row, parts in enumerate(self._paths):
            self._by_name[parts[-1]].append(row)

    def find(self, name: str, place: str) -> int:
        """Return the row of the picture whose path ends like `name`, or the other way round: the
        folder that one of them begins at may lie above or below the other's.

        Raises:
            UsageError: the name leads out of its folder.
            NotFoundError, AmbiguousError: none fits, or several.
        """
        parts = PurePosixPath(name.replace("\\", "/")).parts
        if not parts or ".." in parts:
            raise UsageError(f"{place}: {name!r:.100} is no path inside a folder.")
        rows = self._fitting(parts) or self._fitting(
            (*parts[:-1], _UPLOADED.sub("", parts[-1], count=1))
        )
        exact = [row for row in rows if self._paths[row] == parts]
        if len(exact or rows) > 1:
            fitting = ["/".join(self._paths[row]) for row in rows[:5]]
            raise AmbiguousError(
                f"{place}: {name!r:.100} may be {' or '.join(fitting)}.",
                suggestions=tuple(fitting),
            )
        if not rows:
            raise NotFoundError(
                f"{place}: the data version has no picture {name!r:.200}.",
                hint="Add the pictures first: peira data add.",
            )
        return (exact or rows)[0]

    def _fitting(self, parts: tuple[str, ...]) -> list[int]:
        found = []
        for row in self._by_name.get(parts[-1], []):
            own = self._paths[row]
            shared = min(len(own), len(parts))
            if own[-shared:] == parts[-shared:]:
                found.append(row)
        return found


def _columns(
    parent: Dataset, format: str, rows: NDArray[np.intp], items: list[Item]
) -> dict[str, Any]:
    columns: dict[str, list[Any]] = {}
    if items[0].path is not None:
        members = list(parent.files())
        columns["path"] = [members[row].path for row in rows]
        columns["image"] = [members[row].object for row in rows]
    else:
        columns["text"] = [item.text for item in items]
    if any(item.boxes for item in items) or all(item.label is None for item in items):
        columns["boxes"] = [_boxes(item) for item in items]
    elif any(item.label is not None for item in items):
        columns["label"] = [item.label for item in items]
    columns["source"] = [_source(format, item) for item in items]
    return {name: _objects(values) for name, values in columns.items()}


def _objects(values: list[Any]) -> NDArray[Any]:
    return np.fromiter(values, dtype=object, count=len(values))


def _boxes(item: Item) -> dict[str, Any]:
    boxes = item.boxes or []
    found: dict[str, Any] = {
        "boxes": [list(box.corners) for box in boxes],
        "labels": [box.label for box in boxes],
    }
    if any(box.polygons for box in boxes):
        found["polygons"] = [box.polygons for box in boxes]
    if any(box.is_crowd for box in boxes):
        found["crowd"] = [box.is_crowd for box in boxes]
    if item.label is not None:  # in the one column of labels, which a hold-out hides
        found["tags"] = [item.label] if isinstance(item.label, str) else item.label
    return found


def _source(format: str, item: Item) -> dict[str, str]:
    said = {"annotator": item.annotator, "created": item.created, "made": item.made}
    return {"format": format, "file": item.file, **{k: v for k, v in said.items() if v}}

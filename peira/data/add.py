"""How content gets under version: files and folders, tables from memory, tables in files.

The same content gives the same manifest and the same `content` digest, whatever it is called,
wherever it lay and however often it is added.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from peira.core.errors import LabError, NotFoundError, UsageError
from peira.data import chunks, manifest
from peira.data.catalog import Catalog, Version
from peira.data.intake import Intake, Progress
from peira.data.manifest import Column, Manifest, Member
from peira.data.readers import READERS, read_table, type_of
from peira.data.rows import Columns, Ids, describe, pack_ids, row_ids
from peira.data.tables import to_columns
from peira.objects import tree
from peira.objects.digest import digest_file
from peira.objects.folder import FolderObjects
from peira.record.folder import make_lab

FOLDER = "folder"
IMAGES = "image-folder"
TABLE = "table"
TYPES = (FOLDER, IMAGES, *READERS)

_LITTER = {".DS_Store", "Thumbs.db", "desktop.ini"}
"""What desktops put into folders; beside pictures it is no data."""
_IMAGES = {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".pgm", ".ppm"}


class Added(NamedTuple):
    """What adding came to: the version, and whether it was not there before."""

    version: Version
    is_new: bool
    left_out: tuple[str, ...] = ()
    """Links of a folder that lead out of it, to folders or to nothing: they are not in it."""
    strays: tuple[str, ...] = ()
    """Files for which a folder that holds mostly pictures is a plain one, without rows."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a new version, besides its content."""

    source: str = ""
    parent: str | None = None
    transform: Any = None
    run: str | None = None
    note: str = ""


def add_table(
    root: Path, name: str, data: Any, *, label: str | None = None, facts: Facts | None = None,
    ids: Ids | None = None,
) -> Added:  # fmt: skip
    """Put a table from memory under version.

    Args:
        root: the lab.
        data: see `to_columns`.
        label: the column that is to be predicted; `y` or `label` when there is one and None is
            said.
        ids: ids of the rows, in their order, when rows keep those of a parent; by content else.

    Raises:
        UsageError: it is no table, or has no such column.
        LabError: the lab cannot be written.
    """
    return _claim(root, name, store_table(root, data, label=label, ids=ids, name=name), facts)


class Kept(NamedTuple):
    """Content in the store: its identity, and the digest of its manifest."""

    content: str
    manifest: str


def store_table(
    root: Path, data: Any, *, label: str | None = None, ids: Ids | None = None,
    name: str | None = None,
) -> Kept:  # fmt: skip
    """Store a table; see `add_table`.

    Args:
        name: of a data set: what one of its versions holds is not written again.
    """
    columns = to_columns(data)
    schema = describe(columns)
    label = _label(label, schema)
    with _told(root):
        make_lab(root)
        own = row_ids(columns)
        content = _content(TABLE, schema, label, [pack_ids(own)])
        there = None if name is None else _there(root, name, content)
        if there is not None:
            return there
        objects = FolderObjects(root / "objects")
        pieces = chunks.write(objects, columns, schema, own)
        made = Manifest(
            format=manifest.FORMAT,
            kind="table",
            type=TABLE,
            content=content,
            rows=len(own),
            size=sum(objects.size(piece.object) for piece in pieces),
            columns=schema,
            label=label,
            chunks=pieces,
            ids=objects.put_bytes(pack_ids(own if ids is None else ids)).digest,
        )
        return Kept(content, manifest.write(objects, made))


def _there(root: Path, name: str, content: str) -> Kept | None:
    """Return content that a version of a data set holds, and whose objects are all here."""
    objects = FolderObjects(root / "objects")
    for version in Catalog(root).versions(name):
        if version.content == content and objects.exists(version.manifest):
            held = manifest.read(objects, version.manifest)
            pieces = [piece.object for piece in held.chunks]
            if held.ids is not None and all(map(objects.exists, [*pieces, held.ids])):
                return Kept(content, version.manifest)
    return None


@contextmanager
def _told(root: Path) -> Iterator[None]:
    """Say what could not be written."""
    try:
        yield
    except OSError as error:
        raise LabError(
            f"The data cannot be stored in {root}: {error.strerror or error}.",
            hint="Nothing was added.",
        ) from error


def add_path(
    root: Path, name: str, path: Path, *, type: str | None = None, label: str | None = None,
    is_reference: bool = False, facts: Facts | None = None, on_progress: Progress | None = None,
) -> Added:  # fmt: skip
    """Put a file or a folder under version.

    Args:
        type: one of `TYPES`; told by the names of the files when None.
        is_reference: keep only digests; the bytes stay where they are, and are checked when used.

    Raises:
        NotFoundError: there is nothing at `path`.
        UsageError: it is not of that type.
        LabError: the lab cannot be written.
    """
    if not path.exists():
        raise NotFoundError(f"There is nothing to add at {path}.")
    objects = FolderObjects(root / "objects")
    base = path.parent if path.is_file() else path
    left_out: list[str] = []
    if path.is_file():
        files = [os.path.join(base, path.name)]  # noqa: PTH118 - Path would drop `./`
    else:
        files = list(tree.paths(path, left_out.append))
    if not files:
        links = f", but {len(left_out)} links that lead out of it" if left_out else ""
        raise UsageError(f"The folder {path} holds no files{links}.")
    type = type or _guess(path, files)
    if type == IMAGES:
        files = _pictures(path, files)
    members = Intake(root, base, is_reference=is_reference, on_progress=on_progress).take(files)
    schema, ids, label = _rows_of(path, members, type, label, None if is_reference else objects)
    with _told(root):
        made = Manifest(
            format=manifest.FORMAT,
            kind="files",
            type=type,
            content=_content(type, schema, label, _listed(path, members)),
            rows=len(ids) if ids is not None else len(members),
            size=sum(member.size for member in members),
            columns=schema,
            label=label,
            pages=manifest.write_pages(objects, members),
            ids=None if ids is None else objects.put_bytes(pack_ids(ids)).digest,
            reference=str(path.resolve()) if is_reference else None,
        )
        kept = Kept(made.content, manifest.write(objects, made))
    added = _claim(root, name, kept, facts)
    if made.reference is not None and not added.is_new:
        _move(root, added.version, made.reference)
    strays = _strays(path, files) if type == FOLDER and made.rows > 1 else ()
    return added._replace(left_out=tuple(left_out), strays=strays)


def _pictures(path: Path, files: Sequence[str]) -> list[str]:
    """Return the pictures among files, without what desktops leave in folders.

    Raises:
        UsageError: there are others.
    """
    pictures = [file for file in files if not _is_litter(file)]
    others = [file for file in pictures if not _is_picture(file)]
    if others or not pictures:
        told = ", ".join(others[:3]) or "none is one"
        raise UsageError(
            f"{path} holds {len(others)} files that are no pictures: {told}.",
            hint="Take them out, or add it with --type folder.",
        )
    return pictures


def _is_picture(file: str) -> bool:
    return os.path.splitext(file)[1].lower() in _IMAGES  # noqa: PTH122 - called for every file


def _is_litter(file: str) -> bool:
    name = os.path.basename(file)  # noqa: PTH119 - called for every file
    return name in _LITTER or name.startswith("._")


def _listed(path: Path, members: Sequence[Member]) -> list[bytes]:
    """Return what files are by: paths below their folder and content. The name of a single file is
    no content.
    """
    if path.is_file():
        members = [msgspec.structs.replace(member, path="") for member in members]
    return [msgspec.json.encode(member) for member in members]


def _move(root: Path, version: Version, place: str) -> None:
    """Let a version refer to where its bytes were found last."""
    catalog = Catalog(root)
    there = manifest.read(FolderObjects(root / "objects"), version.manifest).reference
    if there is not None and next(iter(catalog.places(version)), there) != place:
        catalog.set_place(version, place)


def _rows_of(
    path: Path,
    members: Sequence[Member],
    type: str,
    label: str | None,
    objects: FolderObjects | None,
) -> tuple[list[Column], Ids | None, str | None]:
    """Return schema, row ids and label column of what was added.

    Args:
        objects: where the files were copied to, which may change meanwhile where they are.
    """
    if type == FOLDER:
        return [], None, None
    if type == IMAGES:
        ids = np.array([member.object[:32].encode() for member in members], dtype="S32")
        return [Column("path", "text"), Column("label", "text")], _unique(ids), "label"
    if len(members) > 1:
        raise UsageError(
            f"{path} holds {len(members)} files; a version of type {type} is one file.",
            hint="Add one file, or the folder with --type folder.",
        )
    (member,) = members
    name = str(path if path.is_file() else path / member.path)
    columns: Columns = read_table(
        Path(name) if objects is None else objects.path(member.object), type, name
    )
    if objects is None and digest_file(name).digest != member.object:
        raise LabError(f"{name} was changed while it was added.", hint="Add it again.")
    schema = describe(columns)
    return schema, row_ids(columns), _label(label, schema)


def _unique(ids: Ids) -> Ids:
    """Tell files of equal content apart by their number."""
    from blake3 import blake3

    seen: dict[bytes, int] = {}
    found = ids.copy()
    for index, id in enumerate(ids):
        times = seen.get(bytes(id), 0)
        seen[bytes(id)] = times + 1
        if times:
            found[index] = blake3(bytes(id) + b"#%d" % times).hexdigest(length=16).encode()
    return found


def _guess(path: Path, files: Sequence[str]) -> str:
    if path.is_file():
        return type_of(path) or FOLDER
    kept = [file for file in files if not _is_litter(file)]
    return IMAGES if kept and all(map(_is_picture, kept)) else FOLDER


def _strays(path: Path, files: Sequence[str]) -> tuple[str, ...]:
    others = [file for file in files if not _is_picture(file) and not _is_litter(file)]
    is_few = len(others) < len(files) / 2
    return tuple(os.path.relpath(file, path) for file in others) if is_few else ()


def _label(label: str | None, schema: list[Column]) -> str | None:
    names = [column.name for column in schema]
    if label is None:
        return next((name for name in ("y", "label", "target") if name in names), None)
    if label not in names:
        raise UsageError(
            f"There is no column {label!r:.60} to be the label.",
            hint=f"The columns are {', '.join(names[:20])}.",
        )
    return label


def _content(type: str, schema: list[Column], label: str | None, parts: list[bytes]) -> str:
    """Return the identity of content: type of reading, schema, and all rows or files in order."""
    from blake3 import blake3

    hasher = blake3(msgspec.json.encode([type, schema, label]))
    for part in parts:
        hasher.update(b"\n")
        hasher.update(part)
    return hasher.hexdigest()


def _claim(root: Path, name: str, kept: Kept, facts: Facts | None) -> Added:
    said = msgspec.structs.asdict(facts or Facts())
    return Added(*Catalog(root).claim(name, kept.content, kept.manifest, **said))

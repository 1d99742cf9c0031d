"""A version of a data set, opened for reading."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peira.core.errors import DamagedError, NotFoundError, UsageError
from peira.data import chunks, manifest
from peira.data.add import FOLDER, IMAGES
from peira.data.catalog import Catalog, Version
from peira.data.manifest import Column, Manifest, Member
from peira.data.readers import read_table
from peira.data.rows import Columns, Ids, unpack_ids
from peira.objects.digest import digest_file
from peira.objects.folder import FolderObjects

MATERIALISED = "materialised"


class Dataset:
    """The data of one version. Nothing is read before it is asked for; every byte that is read is
    checked against its digest.

    >>> digits = peira.use("digits:v2")                                       # doctest: +SKIP
    >>> digits.X.shape, digits.y.shape                                        # doctest: +SKIP
    ((1797, 64), (1797,))
    """

    def __init__(
        self,
        root: Path,
        version: Version,
        *,
        rows: NDArray[np.intp] | None = None,
        part: str = "",
        has_labels: bool = True,
    ) -> None:
        self.root = root
        self.version = version
        self.objects = self.store(root)
        self.rows = rows
        """Positions, in the whole version, of the rows that are seen here; None for all."""
        self.part = part
        """`split/part` when only its rows are seen."""
        self.has_labels = has_labels
        """False of a sealed part: its labels are the evaluator's."""

    @staticmethod
    def store(root: Path) -> FolderObjects:
        """Return the objects of a lab."""
        return FolderObjects(root / "objects")

    def only(self, rows: NDArray[np.intp], part: str = "", *, has_labels: bool = True) -> Dataset:
        """Return the same version with only some of its rows.

        Args:
            rows: positions in the whole version, rising.
        """
        return Dataset(self.root, self.version, rows=rows, part=part, has_labels=has_labels)

    def take(self, part: str) -> Dataset:
        """Return the rows of a part of a split (`train`, `main/train`): what a transform learns
        from, so that it sees nothing of what it is tested on.

        Raises:
            NotFoundError, AmbiguousError: no split has such a part, or several.

        >>> digits.take("train").X.mean(axis=0)                               # doctest: +SKIP
        """
        from peira.data.reference import find_part, view_part

        return view_part(
            Dataset(self.root, self.version), *find_part(self.root, self.version, part)
        )

    @property
    def ref(self) -> str:
        """`name:vN`"""
        return self.version.ref

    @cached_property
    def manifest(self) -> Manifest:
        """What the version holds."""
        return manifest.read(self.objects, self.version.manifest)

    @property
    def schema(self) -> list[Column]:
        """The columns; none for a plain folder."""
        return self.manifest.columns

    @property
    def label(self) -> str | None:
        """The column that is to be predicted."""
        return self.manifest.label

    def __len__(self) -> int:
        return self.manifest.rows if self.rows is None else len(self.rows)

    def __repr__(self) -> str:
        part = f" {self.part}" if self.part else ""
        return f"<Dataset {self.ref}{part}: {len(self)} rows, {self.manifest.type}>"

    @cached_property
    def ids(self) -> Ids:
        """The ids of the rows, in order."""
        if self.manifest.ids is None:
            raise UsageError(f"{self.ref} is a folder of files; it has no rows.")
        ids = unpack_ids(self.objects.read(self.manifest.ids))
        return ids if self.rows is None else ids[self.rows]

    @cached_property
    def columns(self) -> Columns:
        """All columns as arrays, in the order of the rows; of a sealed part without the label.

        Raises:
            UsageError: the version has no rows (a plain folder).
            DamagedError, NotFoundError: bytes are missing or are others.
        """
        columns = self._all_columns()
        if not self.has_labels:
            columns = {name: v for name, v in columns.items() if name != self.label}
        if self.rows is None:
            return columns
        return {name: values[self.rows] for name, values in columns.items()}

    def _all_columns(self) -> Columns:
        """Return the columns of the whole version.

        Raises:
            UsageError: the version has no rows (a plain folder).
            DamagedError, NotFoundError: bytes are missing or are others.
        """
        if self.manifest.kind == "table":
            return chunks.read(self.objects, self.manifest)
        if self.manifest.type == IMAGES:
            return self._image_columns()
        if self.manifest.type == FOLDER:
            raise UsageError(
                f"{self.ref} is a folder of files; it has no columns.", hint="Use its path()."
            )
        (member,) = self.files()
        with tempfile.TemporaryDirectory(prefix="peira-") as folder:
            path = Path(folder, Path(member.path).name)
            self._write(member, path)
            return read_table(path, self.manifest.type)

    def _image_columns(self) -> Columns:
        paths = [member.path for member in self.files()]
        labels = [path.rpartition("/")[0].rpartition("/")[2] or None for path in paths]
        return {
            "path": np.array(paths, dtype=object),
            "label": np.array(labels, dtype=object),
        }

    def __getitem__(self, column: str) -> NDArray[Any]:
        if column not in self.columns:
            raise NotFoundError(
                f"{self.ref} has no column {column!r:.60}.",
                hint=f"It has {', '.join(list(self.columns)[:20])}.",
            )
        return self.columns[column]

    @property
    def X(self) -> NDArray[Any]:  # noqa: N802 - the field's name for it
        """The inputs: the column `X`, else all columns but the label, side by side."""
        if "X" in self.columns:
            return self.columns["X"]
        names = [name for name in self.columns if name != self.label]
        return np.column_stack([self.columns[name] for name in names])

    @property
    def y(self) -> NDArray[Any]:
        """The labels."""
        if self.label is None:
            raise UsageError(f"{self.ref} has no label column.", hint="Name it when adding: label=")
        if not self.has_labels:
            raise UsageError(
                f"The labels of {self.ref} {self.part} are sealed: it is a hold-out.",
                hint="run.evaluate() reads them, and records the look.",
            )
        return self.columns[self.label]

    def files(self) -> Iterator[Member]:
        """Yield the files of the version, by path."""
        yield from manifest.read_pages(self.objects, self.manifest)

    def path(self) -> Path:
        """Return a folder with the files of the version; do not change them. Of a reference it is
        the place of the bytes, after they were checked.

        Raises:
            UsageError: the version is a table from memory.
            DamagedError: a file is not what it was.
        """
        if self.manifest.kind == "table":
            raise UsageError(f"{self.ref} is a table; it has no files.", hint="Use its columns.")
        if self.manifest.reference is not None:
            return self._checked_reference(Path(self.manifest.reference))
        target = self.root / MATERIALISED / self.manifest.content
        if not target.is_dir():
            target.parent.mkdir(mode=0o700, exist_ok=True)
            fresh = Path(tempfile.mkdtemp(prefix=".", dir=target.parent))
            try:
                for member in self.files():
                    self._write(member, fresh / member.path)
                fresh.replace(target)
            except OSError:
                if not target.is_dir():  # another process was first otherwise
                    raise
            finally:
                shutil.rmtree(fresh, ignore_errors=True)
        return target

    def _write(self, member: Member, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.manifest.reference is not None:
            base = Path(self.manifest.reference)
            path.symlink_to(base if base.is_file() else base / member.path)
            check_file(path, member)
            return
        with self.objects.open(member.object) as source, path.open("wb") as out:
            shutil.copyfileobj(source, out, 1 << 20)
        path.chmod(0o400)

    def _checked_reference(self, place: Path) -> Path:
        for member in self.files():
            check_file(place if place.is_file() else place / member.path, member)
        return place


def check_file(path: Path, member: Member) -> None:
    """Hold a file that a version only refers to against its digest.

    Raises:
        NotFoundError, DamagedError: it is gone, or has changed.
    """
    try:
        found = digest_file(path).digest
    except FileNotFoundError:
        raise NotFoundError(
            f"{path} is gone; the data version only refers to it.",
            hint="Bring it back, or add it without --reference.",
        ) from None
    if found != member.object:
        raise DamagedError(
            f"{path} has changed since it was added: its digest is {found}, not {member.object}.",
            hint="Add it again as a new version.",
        )


def open_dataset(root: Path, ref: str) -> Dataset:
    """Return the version that `ref` means; see `Catalog.find`.

    Raises:
        NotFoundError: there is none.
    """
    return Dataset(root, Catalog(root).find(ref))

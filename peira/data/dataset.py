"""A version of a data set, opened for reading."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peira.core.errors import NotFoundError, UsageError
from peira.data import chunks, frames, manifest, materialised
from peira.data.add import FOLDER, IMAGES
from peira.data.catalog import Catalog, Version
from peira.data.manifest import Column, Manifest, Member
from peira.data.materialised import check_file
from peira.data.readers import read_table
from peira.data.rows import Columns, Ids, unpack_ids
from peira.objects.folder import FolderObjects


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
        hidden: Sequence[str] = (),
    ) -> None:
        self.root = root
        self.version = version
        self.objects = self.store(root)
        self.rows = rows
        """Positions, in the whole version, of the rows that are seen here; None for all."""
        self.part = part
        """`split/part` when only its rows are seen."""
        self.hidden = hidden
        """Columns that are not given: of a sealed part the labels, which are the evaluator's."""
        self.withheld = 0
        """Rows that a sealed hold-out keeps out of the version, or of its part."""

    @staticmethod
    def store(root: Path) -> FolderObjects:
        """Return the objects of a lab."""
        return FolderObjects(root / "objects")

    def only(
        self, rows: NDArray[np.intp], part: str = "", *, hidden: Sequence[str] = ()
    ) -> Dataset:
        """Return the same version with only some of its rows.

        Args:
            rows: positions in the whole version, rising.
            hidden: columns that are not given.
        """
        return Dataset(self.root, self.version, rows=rows, part=part, hidden=hidden)

    def take(self, part: str) -> Dataset:
        """Return the rows of a part of a split (`train`, `main/train`): what a transform learns
        from, so that it sees nothing of what it is tested on.

        Raises:
            NotFoundError: no split has such a part.

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

    @property
    def has_labels(self) -> bool:
        """False of a sealed part."""
        return not self.hidden

    def __len__(self) -> int:
        return self.manifest.rows if self.rows is None else len(self.rows)

    def __repr__(self) -> str:
        part = f" {self.part}" if self.part else ""
        sealed = f", {self.withheld} more are sealed" if self.withheld else ""
        return f"<Dataset {self.ref}{part}: {len(self)} rows, {self.manifest.type}{sealed}>"

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
        columns = {name: v for name, v in columns.items() if name not in self.hidden}
        if self.rows is None:
            return columns
        columns = {name: values[self.rows] for name, values in columns.items()}
        if not self.has_labels and self.manifest.type == IMAGES:  # folders are the labels
            columns["path"] = self._unlabelled(columns["path"])
        return columns

    def at(self, places: NDArray[np.intp], names: list[str] | None = None) -> Columns:
        """Return columns (all when `names` is None) of some rows that are seen here, by their
        places among these. Of a table no other chunks are read.

        Raises:
            UsageError, NotFoundError, DamagedError: as `columns`.
        """
        every = [column.name for column in self.schema] if names is None else names
        names = [name for name in every if name not in self.hidden]
        if self.manifest.kind != "table" or "columns" in self.__dict__:
            return {name: self.columns[name][places] for name in names}
        rows = places if self.rows is None else self.rows[places]
        return chunks.read_rows(self.objects, self.manifest, rows, names)

    def _unlabelled(self, paths: NDArray[Any]) -> NDArray[Any]:
        """Return names of pictures that tell nothing: their ids."""
        return np.array(
            [
                f"{id.decode()}{PurePosixPath(path).suffix.lower()}"
                for id, path in zip(self.ids.tolist(), paths.tolist(), strict=True)
            ],
            dtype=object,
        )

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
        return read_table(self._checked(member), self.manifest.type, member.path)

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
        if len(names) == 1 and self.columns[names[0]].ndim > 1:
            return self.columns[names[0]]
        times = [name for name in names if self.columns[name].dtype.kind in "mM"]
        if times or any(self.columns[name].ndim > 2 for name in names):
            name = next(iter(times), "") or next(n for n in names if self.columns[n].ndim > 2)
            raise UsageError(
                f"The column {name!r:.60} of {self.ref} does not stand beside others in one array.",
                hint=f"Take columns by name: data[{name!r:.60}], or to_pandas().",
            )
        if not names:
            raise UsageError(f"{self.ref} has no column but the label.")
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

    def to_pandas(self) -> Any:
        """Return the rows as a pandas DataFrame.

        Raises:
            UnsupportedError: pandas is not installed.
        """
        return frames.to_pandas(self.columns)

    def to_polars(self) -> Any:
        """Return the rows as a Polars DataFrame; a column of mixed values becomes text.

        Raises:
            UnsupportedError: polars is not installed.
        """
        return frames.to_polars(self.columns)

    def to_arrow(self) -> Any:
        """Return the rows as an Arrow table; a column of mixed values becomes text.

        Raises:
            UnsupportedError: pyarrow is not installed.
        """
        return frames.to_arrow(self.columns)

    def files(self) -> Iterator[Member]:
        """Yield the files of the version, by path."""
        yield from manifest.read_pages(self.objects, self.manifest)

    def path(self) -> Path:
        """Return a folder with the files of the version; do not change them. Of a reference it is
        the place of the bytes, after they were checked. Of a part of a folder of pictures it holds
        the pictures of the part; where that is sealed under their ids, for their folders tell the
        labels.

        Raises:
            UsageError: the version is a table from memory, or some rows of a file.
            DamagedError: a file is not what it was.
        """
        if self.manifest.kind == "table":
            raise UsageError(f"{self.ref} is a table; it has no files.", hint="Use its columns.")
        if self.rows is not None and self.manifest.type != IMAGES:
            which = self.part or "without its sealed rows"
            raise UsageError(
                f"{self.ref} {which} is some rows of a file, and the file holds all of them.",
                hint="Use its columns.",
            )
        if self.rows is None and self.manifest.reference is not None:
            place = self._outside()
            if place is not None:
                return place
        return materialised.folder(self.root, self._folder_name, self.seen_files(), self._put)

    @property
    def _folder_name(self) -> str:
        if self.rows is None:
            return self.manifest.content
        from blake3 import blake3

        which = blake3(self.rows.astype("<i8").tobytes() + bytes([self.has_labels]))
        which.update(str(self.reference).encode())
        return f"{self.manifest.content}-{which.hexdigest(length=8)}"

    def seen_files(self) -> dict[str, Member]:
        """Return the files that are seen here, by the names that they have here: of pictures only
        those of the rows.
        """
        members = list(self.files())
        if self.rows is None or self.manifest.type != IMAGES:
            return {member.path: member for member in members}
        names = self.columns["path"].tolist()
        return {name: members[row] for name, row in zip(names, self.rows.tolist(), strict=True)}

    def _put(self, member: Member, path: Path) -> None:
        """Write a file of the version to a new place; of a reference a link to it."""
        outside = self._place(member)
        if outside is None:
            self.objects.copy(member.object, path)
            path.chmod(0o400)
        elif self.has_labels:
            check_file(outside, member)
            path.symlink_to(outside.resolve())
        else:  # a link tells the folder, which is the label
            shutil.copyfile(outside, path)
            check_file(path, member)

    def _checked(self, member: Member) -> Path:
        """Return where a file of the version is, after it was held against its digest."""
        outside = self._place(member)
        if outside is not None:
            check_file(outside, member)
            return outside
        self.objects.open(member.object).close()
        return self.objects.path(member.object)

    def read_file(self, member: Member) -> bytes:
        """Return the bytes of a file of the version.

        Raises:
            NotFoundError, DamagedError: they are gone, or are others.
        """
        if self._place(member) is None:
            return self.objects.read(member.object)
        return self._checked(member).read_bytes()

    @cached_property
    def reference(self) -> Path | None:
        """Where the bytes are that were not copied: where they are of all places that they were
        added from.
        """
        if self.manifest.reference is None:
            return None
        known = [*Catalog(self.root).places(self.version), self.manifest.reference]
        return next((Path(place) for place in known if Path(place).exists()), Path(known[0]))

    def _place(self, member: Member) -> Path | None:
        """Return where a file is that was not copied; None of one that is in the lab."""
        if self.reference is None or self.objects.exists(member.object):
            return None
        return self.reference if self.reference.is_file() else self.reference / member.path

    def _outside(self) -> Path | None:
        """Return where the files are that were not copied, checked; None when all of them are in
        the lab, because they were added again without --reference.
        """
        assert self.reference is not None
        members = list(self.files())
        if all(self.objects.exists(member.object) for member in members):
            return None
        is_file = self.reference.is_file()
        for member in members:
            check_file(self.reference if is_file else self.reference / member.path, member)
        return self.reference


def open_dataset(root: Path, ref: str) -> Dataset:
    """Return the version that `ref` means; see `Catalog.find`.

    Raises:
        NotFoundError: there is none.
    """
    return Dataset(root, Catalog(root).find(ref))

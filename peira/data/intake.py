"""How files get in: each is read once, and not at all when it is known and unchanged.

A file that the lab remembers (`peira/capture/digests.py`: same size, times of change and inode) and
whose object is here is not opened. The others are stored in batches, or hashed where they lie.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from peira.capture.digests import DigestMemory, Known
from peira.core.errors import LabError, UsageError
from peira.data.manifest import Member
from peira.objects._base import Stored
from peira.objects.digest import digest_files
from peira.objects.folder import FolderObjects
from peira.record.folder import make_lab


class Taken(NamedTuple):
    """How far adding is: files and bytes, done and in all."""

    files: int
    files_all: int
    bytes: int
    bytes_all: int


Progress = Callable[[Taken], object]


class Intake:
    """Takes the files of one folder, or one file.

    Args:
        base: the folder that paths are relative to.
        is_reference: only compute digests; the bytes stay where they are.
    """

    def __init__(
        self, root: Path, base: Path, *, is_reference: bool, on_progress: Progress | None
    ) -> None:
        self._root = root
        self._base = base
        self._objects = FolderObjects(root / "objects")
        self._is_reference = is_reference
        self._on_progress = on_progress

    def take(self, paths: Sequence[str]) -> list[Member]:
        """Store or hash files; return them sorted by path. Durable when this returns.

        Raises:
            LabError: one cannot be read, or the lab not be written.
            UsageError: the name of one is no text.
        """
        for path in paths:
            if not path.isascii():
                _check_name(path)
        try:
            make_lab(self._root)
            return self._take(paths)
        except OSError as error:
            raise LabError(
                f"Cannot add {error.filename or self._base}: {error.strerror or error}.",
                hint="Nothing was added. Mend it, or leave the file out, and add again: what is"
                " stored already is not stored twice.",
            ) from error

    def _take(self, paths: Sequence[str]) -> list[Member]:
        objects = self._objects
        memory = DigestMemory(self._root, folder=self._base.resolve())
        before = [os.stat(path) for path in paths]  # noqa: PTH116 - called for every file
        where = [os.path.abspath(path) for path in paths]  # noqa: PTH100 - as above
        found = [self._known(memory, path, now) for path, now in zip(where, before, strict=True)]
        todo = [index for index, stored in enumerate(found) if stored is None]
        sizes = [state.st_size for state in before]
        told = _Told(self._on_progress, sizes, todo)
        fresh = [paths[index] for index in todo]
        new = digest_files(fresh, told) if self._is_reference else objects.put_files(fresh, told)
        known = []
        for index, stored in zip(todo, new, strict=True):
            found[index] = stored
            after = os.stat(paths[index])  # noqa: PTH116 - called for every file
            if _state(after) == _state(before[index]):
                known.append(Known(where[index], after, stored.digest))
        memory.remember_all(known)
        start = len(os.path.join(os.fspath(self._base), ""))  # noqa: PTH118 - keeps a last slash
        members = [
            Member(path[start:].replace(os.sep, "/"), *stored)
            for path, stored in zip(paths, found, strict=True)
            if stored is not None
        ]
        assert len(members) == len(paths)
        return sorted(members, key=lambda member: member.path)

    def _known(self, memory: DigestMemory, path: str, now: os.stat_result) -> Stored | None:
        digest = memory.find(path, now)
        if digest is None:
            return None
        stored = Stored(digest, now.st_size)
        return stored if self._is_reference or self._objects.touch(stored) else None


class _Told:
    """Adds what was known before to what is told of the rest."""

    def __init__(self, tell: Progress | None, sizes: list[int], todo: list[int]) -> None:
        self._tell = tell
        self._files, self._bytes = len(sizes), sum(sizes)
        self._files_known = len(sizes) - len(todo)
        self._bytes_known = self._bytes - sum(sizes[index] for index in todo)
        self(0, 0)

    def __call__(self, files: int, size: int) -> None:
        if self._tell is not None:
            done = self._files_known + files
            self._tell(Taken(done, self._files, self._bytes_known + size, self._bytes))


def _check_name(path: str) -> None:
    try:
        path.encode()
    except UnicodeEncodeError:
        raise UsageError(
            f"The name of the file {path!a:.300} is no UTF-8, which a version lists names in.",
            hint="Rename it, and add again.",
        ) from None


def _state(found: os.stat_result) -> tuple[int, int, int, int]:
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)

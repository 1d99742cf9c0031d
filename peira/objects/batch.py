"""Many files at once: small ones are made durable together, so that a hundred thousand wait for the
disk a dozen times and not a hundred thousand times.

    written   to `.incoming/`, as every object is
    synced    all of a batch by one call
    named     only then: a name in the store never stands for bytes that a crash can still take
    synced    the names, once, before the caller is told
"""

from __future__ import annotations

import itertools
import os
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from peira.core.errors import UsageError
from peira.objects._base import Stored
from peira.objects.digest import read_all

if TYPE_CHECKING:
    from peira.objects.folder import FolderObjects

FILES = 16_384
"""Files of a batch."""
SMALL_BYTES_MAX = 1 << 20
"""A larger file is stored alone."""
_AT_ONCE = 128
"""Files that one thread takes at a time."""
_PIECE_BYTES = 8 << 20

OnStored = Callable[[int, int], object]
"""Told how many files and how many bytes are done so far."""

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Batch:
    """Stores files, several at once; nothing of it is to be relied on before `put` returns."""

    def __init__(self, objects: FolderObjects, on_stored: OnStored) -> None:
        self._objects = objects
        self._root = os.fspath(objects.root)
        self._on_stored = on_stored
        self._waiting: dict[str, str] = {}  # digest -> temporary name
        self._numbers = itertools.count()
        self._files_done = 0
        self._bytes_done = 0
        self._telling = threading.Lock()
        self._start = f"{self._root}/{objects.incoming.name}/.tmp-{os.urandom(8).hex()}"
        self._shelves: set[str] = set()

    def put(self, paths: Sequence[str | Path]) -> list[Stored]:
        """Store files; return digest and size of each, in their order.

        Raises:
            OSError: one cannot be read or stored.
            UsageError: one is not a regular file.
        """
        found: list[Stored] = []
        pool = ThreadPoolExecutor(max_workers=min(8, 2 * (os.cpu_count() or 1)))
        try:
            for start in range(0, len(paths), FILES):
                batch = paths[start : start + FILES]
                parts = [batch[at : at + _AT_ONCE] for at in range(0, len(batch), _AT_ONCE)]
                for part in pool.map(self._put_some, parts):
                    found += part
                self._name_all()
        finally:
            pool.shutdown(cancel_futures=True)
        if self._shelves:
            sync_files(self._objects.root, [])
        return found

    def abandon(self) -> None:
        """Remove what was written and has no name yet."""
        for name in self._waiting.values():
            Path(name).unlink(missing_ok=True)
        self._waiting.clear()

    def _put_some(self, paths: Sequence[str | Path]) -> list[Stored]:
        found = [self._put(path) for path in paths]
        self._tell(len(found), sum(s.size for s in found if s.size <= SMALL_BYTES_MAX))
        return found

    def _tell(self, files: int, size: int) -> None:
        with self._telling:
            self._files_done += files
            self._bytes_done += size
            self._on_stored(self._files_done, self._bytes_done)

    def _put(self, path: str | Path) -> Stored:
        from blake3 import blake3

        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise UsageError(f"{os.fspath(path)!r:.200} is not a file.")
            if found.st_size > SMALL_BYTES_MAX:
                return self._objects.put_pieces(self._pieces(descriptor))
            data = read_all(descriptor, found.st_size)
        finally:
            os.close(descriptor)
        stored = Stored(blake3(data).hexdigest(), len(data))
        name = f"{self._start}-{next(self._numbers)}"
        if (
            not self._objects.touch(stored)
            and self._waiting.setdefault(stored.digest, name) is name
        ):
            self._write(name, data)
        return stored

    def _pieces(self, descriptor: int) -> Iterator[bytes]:
        while piece := os.read(descriptor, _PIECE_BYTES):
            yield piece
            self._tell(0, len(piece))

    def _write(self, name: str, data: bytes) -> None:
        try:
            descriptor = os.open(name, _FLAGS, 0o600)
        except FileNotFoundError:
            self._objects.make_incoming()
            descriptor = os.open(name, _FLAGS, 0o600)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
        finally:
            os.close(descriptor)

    def _name_all(self) -> None:
        if not self._waiting:
            return
        sync_files(self._objects.incoming, list(self._waiting.values()))
        for digest, name in list(self._waiting.items()):
            shelf = f"{self._root}/{digest[:2]}"
            if shelf not in self._shelves:
                Path(shelf).mkdir(mode=0o700, exist_ok=True)
                self._shelves.add(shelf)
            os.rename(name, f"{shelf}/{digest[2:]}")  # noqa: PTH104 - called for every file
            del self._waiting[digest]


def sync_files(folder: Path, files: Sequence[str]) -> None:
    """Make the content of files in a folder, and the names below it, durable: by one call for the
    whole file system where there is one (Linux), else one by one.

    Raises:
        OSError: it cannot be done.
    """
    import ctypes

    from peira.record.folder import sync_folder

    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
        if syncfs is not None:
            if syncfs(descriptor) != 0:
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number), str(folder))
            return
    finally:
        os.close(descriptor)
    for file in files:
        with Path(file).open("rb") as stream:
            os.fsync(stream.fileno())
    for path in (folder, *(p for p in folder.iterdir() if p.is_dir())):
        sync_folder(path)

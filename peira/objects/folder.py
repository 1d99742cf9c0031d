"""Objects in a folder: `ab/cdef…`, the first two digits of the digest and the other sixty-two.

A new object is written to `.incoming/` under a name drawn at random, synced, and renamed. What a
killed writer leaves there is removed after a day. See `docs/formats/objects.md`.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO

from peira.core.errors import DamagedError, NotFoundError, UsageError
from peira.objects._base import Stored, checked
from peira.record.folder import open_temporary, sync_folder

if TYPE_CHECKING:
    from peira.objects.batch import OnStored

_PIECE_BYTES = 1 << 20
_INCOMING = ".incoming"
_ABANDONED_AFTER_S = 86_400


class FolderObjects:
    """An object store in the folder `root`, which need not exist yet. The contract is that of
    `Objects`.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = Path(root)
        self._root = os.fspath(self.root)

    def path(self, digest: str) -> Path:
        """Return where an object is or would be. What is read there is not checked; `read` and
        `open` do that.
        """
        checked(digest)
        return self.root / digest[:2] / digest[2:]

    def put_bytes(self, data: bytes) -> Stored:
        return self.put_pieces([data])

    def put_file(self, path: str | os.PathLike[str]) -> Stored:
        with open(path, "rb", buffering=0) as stream:  # noqa: PTH123 - may be any path-like
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise UsageError(f"{os.fspath(path)!r:.200} is not a file.")
            return self.put_pieces(iter(lambda: stream.read(_PIECE_BYTES), b""))

    def put_files(
        self, paths: Sequence[str | Path], on_stored: OnStored = lambda files, size: None
    ) -> list[Stored]:
        """Store many files, as `put_file` does each. Small ones are made durable together: a
        hundred thousand wait for the disk a dozen times.

        Args:
            on_stored: told, every now and then, how many files and bytes are stored so far.
        """
        from peira.objects.batch import Batch

        batch = Batch(self, on_stored)
        try:
            return batch.put(paths)
        finally:
            batch.abandon()

    def put_pieces(self, pieces: Iterable[bytes | memoryview]) -> Stored:
        from blake3 import blake3

        # The digest is of what is written, so it is computed again then: another thread may be
        # changing an array meanwhile.
        if isinstance(pieces, Sequence):
            hasher = blake3()
            for piece in pieces:
                hasher.update(piece)
            found = Stored(hasher.hexdigest(), sum(map(len, pieces)))
            if self.touch(found):
                return found
        hasher, size = blake3(), 0
        descriptor, name = self._open_incoming()
        try:
            with os.fdopen(descriptor, "wb", buffering=0) as stream:
                for piece in pieces:
                    hasher.update(piece)
                    size += len(piece)
                    _write_all(stream, piece)
                found = Stored(hasher.hexdigest(), size)
                if not self.touch(found):
                    os.fsync(stream.fileno())
                    self._name(name, found.digest)
        finally:
            name.unlink(missing_ok=True)
        return found

    @property
    def incoming(self) -> Path:
        """Where an object is written before it has its name."""
        return self.root / _INCOMING

    def make_incoming(self) -> None:
        """Make the folder of what has no name yet."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.incoming.mkdir(mode=0o700, exist_ok=True)

    def _open_incoming(self) -> tuple[int, Path]:
        try:
            return open_temporary(self.incoming)
        except FileNotFoundError:
            self.make_incoming()
            return open_temporary(self.incoming)

    def _name(self, name: Path, digest: str) -> None:
        """Give a written file the name of its content, durably."""
        target = self.path(digest)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        name.replace(target)
        for folder in (target.parent, self.root):
            sync_folder(folder)

    def touch(self, found: Stored) -> bool:
        """Whether an object of that digest and size is here; a truncated one is written again.

        One that is here counts as new: collecting garbage spares what is younger than an hour, and
        the line that will name it may still be unwritten.
        """
        path = f"{self._root}/{found.digest[:2]}/{found.digest[2:]}"
        try:
            if os.lstat(path).st_size != found.size:
                return False
            os.utime(path, follow_symlinks=False)
        except OSError:
            return False
        return True

    def read(self, digest: str) -> bytes:
        with self._open_regular(digest) as stream:
            data = stream.read()
        from blake3 import blake3

        _compare(digest, blake3(data).hexdigest(), self.path(digest))
        return data

    def open(self, digest: str) -> BinaryIO:
        from blake3 import blake3

        stream = self._open_regular(digest)
        is_good = False
        try:
            hasher = blake3()
            while piece := stream.read(_PIECE_BYTES):
                hasher.update(piece)
            _compare(digest, hasher.hexdigest(), self.path(digest))
            stream.seek(0)
            is_good = True
        finally:
            if not is_good:
                stream.close()
        return stream

    def copy(self, digest: str, target: Path) -> None:
        from blake3 import blake3

        hasher = blake3()
        with self._open_regular(digest) as stream:
            descriptor, name = open_temporary(target.parent)
            try:
                with os.fdopen(descriptor, "wb", buffering=0) as copy:
                    while piece := stream.read(_PIECE_BYTES):
                        hasher.update(piece)
                        _write_all(copy, piece)
                _compare(digest, hasher.hexdigest(), self.path(digest))
                if target.exists():
                    raise FileExistsError(errno.EEXIST, "The file is there", str(target))
                name.replace(target)
            finally:
                name.unlink(missing_ok=True)

    def _open_regular(self, digest: str) -> BinaryIO:
        """Open an object's file: a link or a pipe planted under its name is not followed and never
        waited for.
        """
        path = self.path(digest)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            raise NotFoundError(f"The object {digest} is not in {self.root}.") from None
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENXIO, errno.ENOTDIR):
                raise NotFoundError(f"The object {digest} is not a file in {self.root}.") from None
            raise
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise NotFoundError(f"The object {digest} is not a file in {self.root}.")
        return os.fdopen(descriptor, "rb")

    def exists(self, digest: str) -> bool:
        try:
            return stat.S_ISREG(os.lstat(self.path(digest)).st_mode)
        except FileNotFoundError:
            return False

    def size(self, digest: str) -> int:
        try:
            return os.lstat(self.path(digest)).st_size
        except FileNotFoundError:
            raise NotFoundError(f"The object {digest} is not in {self.root}.") from None

    def delete(self, digest: str) -> bool:
        try:
            self.path(digest).unlink()
        except FileNotFoundError:
            return False
        return True

    def iterate(self) -> Iterator[Stored]:
        for shelf in _names(self.root, 2):
            for rest in _names(self.root / shelf, 62):
                try:
                    yield Stored(shelf + rest, os.lstat(self.root / shelf / rest).st_size)
                except FileNotFoundError:
                    continue  # deleted meanwhile

    def remove_abandoned(self, now_s: float | None = None) -> int:
        """Remove what killed writers left unfinished more than a day ago; return the number of
        files.
        """
        now_s = time.time() if now_s is None else now_s
        removed = 0
        try:
            left = list((self.root / _INCOMING).iterdir())
        except FileNotFoundError:
            return 0
        for path in left:
            try:
                if now_s - path.lstat().st_mtime > _ABANDONED_AFTER_S:
                    path.unlink()
                    removed += 1
            except FileNotFoundError:
                continue
        return removed


def _write_all(stream: IO[bytes], data: bytes | memoryview) -> None:
    """Write all of `data` to an unbuffered stream, which may take less at a time."""
    view = memoryview(data)
    while view:
        view = view[stream.write(view) :]


def _names(folder: Path, length: int) -> list[str]:
    """Return the names in a folder that are hex digits of that length, sorted."""
    try:
        names = [entry.name for entry in folder.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(n for n in names if len(n) == length and not n.strip("0123456789abcdef"))


def _compare(wanted: str, found: str, path: Path) -> None:
    if found != wanted:
        raise DamagedError(
            f"The object {wanted} is damaged: the bytes at {path} have the digest {found}.",
            hint="Restore it from a copy, or delete it and record it again.",
        )

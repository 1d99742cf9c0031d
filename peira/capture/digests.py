"""Digests of files that were read before, so that a large file is read once, not once a run.

One framed line a digest, appended by whoever computed it, in `digests.jsonl` of the lab; those of a
folder that was put under version in a file of its own. See `docs/formats/digests.md`. It is only a
memory: it may be deleted, and a line that cannot be read is passed over. A digest stands while
size, times of change and inode of the file are the same.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

from peira.record import lines
from peira.record.folder import write_atomically

NAME = "digests.jsonl"
FOLDERS = "digests"
FILE_BYTES_MIN = 1 << 20
"""Digests of smaller files are not remembered: reading them again takes less than a millisecond."""
MEMORY_BYTES_MAX = 8 << 20
"""What is older than so many bytes of lines is forgotten."""
FOLDER_BYTES_MAX = 512 << 20
"""The same of one folder: two million files."""
_RACY_S = 2.0
"""A file this young may change once more without another time of change."""
_WRITE_BYTES = 1 << 20


class _Line(msgspec.Struct, frozen=True, array_like=True):
    path: str
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    object: str


class Known(NamedTuple):
    """A file, the state in which it was read, and what it held."""

    path: str
    found: os.stat_result
    digest: str


class DigestMemory:
    """The digests that a lab remembers. Several processes may use the same file at once.

    Args:
        folder: remember the files of this folder, small ones too, and in a file of their own:
            whoever asks for others does not read a hundred thousand lines.
    """

    def __init__(self, lab: Path, *, folder: Path | None = None) -> None:
        self._path = lab / NAME
        self._bytes_max, self._file_bytes_min = MEMORY_BYTES_MAX, FILE_BYTES_MIN
        if folder is not None:
            from blake3 import blake3

            name = blake3(os.fsencode(folder)).hexdigest(length=16)
            self._path = lab / FOLDERS / f"{name}.jsonl"
            self._bytes_max, self._file_bytes_min = FOLDER_BYTES_MAX, 0
        self._lines: dict[str, _Line] | None = None

    def find(self, path: str, found: os.stat_result) -> str | None:
        """Return the digest of a file in the state `found`, or None when it is not remembered."""
        line = None if found.st_size < self._file_bytes_min else self._remembered().get(path)
        if line is None or line != _line(path, found, line.object):
            return None
        return line.object

    def remember(self, path: str, found: os.stat_result, digest: str) -> None:
        """Remember the digest of a file that was in the state `found` before and after it was
        read. What the disk refuses is not remembered.
        """
        self.remember_all([Known(path, found, digest)])

    def remember_all(self, files: Iterable[Known]) -> None:
        """Remember the digests of many files; see `remember`."""
        now, remembered = time.time(), self._remembered()
        fresh: list[bytes] = []
        for path, found, digest in files:
            if found.st_size < self._file_bytes_min or now - found.st_mtime < _RACY_S:
                continue
            line = _line(path, found, digest)
            if line != remembered.get(path):
                remembered[path] = line
                fresh.append(lines.encode(line))
        if fresh:
            self._append(fresh)

    def _append(self, fresh: list[bytes]) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            if self._path.parent.name == FOLDERS:
                self._path.parent.mkdir(mode=0o700, exist_ok=True)
            descriptor = os.open(self._path, flags, 0o600)
        except OSError:
            return
        try:
            while fresh:
                piece = 0
                taken = 0
                while taken < len(fresh) and piece < _WRITE_BYTES:
                    piece += len(fresh[taken])
                    taken += 1
                os.write(descriptor, b"".join(fresh[:taken]))
                del fresh[:taken]
        except OSError:
            return
        finally:
            os.close(descriptor)

    def _remembered(self) -> dict[str, _Line]:
        if self._lines is None:
            self._lines = self._load()
        return self._lines

    def _load(self) -> dict[str, _Line]:
        try:
            data = self._path.read_bytes()
        except OSError:
            return {}
        decoder = msgspec.json.Decoder(_Line)
        found: dict[str, _Line] = {}
        for text in data[-self._bytes_max :].split(b"\n"):
            body = lines.body(text)
            if body is None:
                continue
            try:
                line = decoder.decode(body)
            except msgspec.MsgspecError:
                continue
            found[line.path] = line
        if len(data) > self._bytes_max:
            self._write_again(found)
        return found

    def _write_again(self, found: dict[str, _Line]) -> None:
        """Write the newest half; what others append meanwhile is forgotten, which is no harm."""
        kept = list(found.values())[len(found) // 2 :]
        try:
            write_atomically(self._path, b"".join(lines.encode(line) for line in kept))
        except OSError:
            return  # the next one tries again


def _line(path: str, found: os.stat_result, digest: str) -> _Line:
    return _Line(path, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, digest)

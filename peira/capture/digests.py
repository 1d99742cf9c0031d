"""Digests of files that were read before, so that a large file is read once, not once a run.

One framed line a digest, appended by whoever computed it, in `digests.jsonl` of the lab; see
`docs/formats/digests.md`. It is only a memory: it may be deleted, and a line that cannot be read is
passed over. A digest stands while size, times of change and inode of the file are the same.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec

from peira.record import lines
from peira.record.folder import write_atomically

NAME = "digests.jsonl"
FILE_BYTES_MIN = 1 << 20
"""Digests of smaller files are not remembered: reading them again takes less than a millisecond."""
MEMORY_BYTES_MAX = 8 << 20
"""What is older than so many bytes of lines is forgotten."""
_RACY_S = 2.0
"""A file this young may change once more without another time of change."""


class _Line(msgspec.Struct, frozen=True, array_like=True):
    path: str
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    object: str


class DigestMemory:
    """The digests that a lab remembers. Several processes may use the same file at once."""

    def __init__(self, lab: Path) -> None:
        self._path = lab / NAME
        self._lines: dict[str, _Line] | None = None

    def find(self, path: str, found: os.stat_result) -> str | None:
        """Return the digest of a file in the state `found`, or None when it is not remembered."""
        line = None if found.st_size < FILE_BYTES_MIN else self._remembered().get(path)
        if line is None or line != _line(path, found, line.object):
            return None
        return line.object

    def remember(self, path: str, found: os.stat_result, digest: str) -> None:
        """Remember the digest of a file that was in the state `found` before and after it was
        read. What the disk refuses is not remembered.
        """
        if found.st_size < FILE_BYTES_MIN or time.time() - found.st_mtime < _RACY_S:
            return
        line = _line(path, found, digest)
        if line == self._remembered().get(path):
            return
        self._remembered()[path] = line
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            descriptor = os.open(self._path, flags, 0o600)
        except OSError:
            return
        try:
            os.write(descriptor, lines.encode(line))
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
        for text in data[-MEMORY_BYTES_MAX:].split(b"\n"):
            body = lines.body(text)
            if body is None:
                continue
            try:
                line = decoder.decode(body)
            except msgspec.MsgspecError:
                continue
            found[line.path] = line
        if len(data) > MEMORY_BYTES_MAX:
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

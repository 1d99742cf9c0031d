"""The content of a file that a run met: its digest, and the content itself when it is to be kept.

A file is read in steps, so that who reads decides how much of a second it may take. What is read is
only believed when the file was the same before and after, and as it was when the run opened it.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Generator
from typing import NamedTuple

from blake3 import blake3

from peira.capture.digests import DigestMemory
from peira.capture.observed import Met, Stat
from peira.capture.redaction import holds_secret, is_secret_file, redact
from peira.core.text import printable
from peira.objects.folder import FolderObjects

PIECE_BYTES = 4 << 20
LOOKED_AT_BYTES = 256 << 10
"""So much of a file is looked through for secrets before it is kept."""

CONFIG_ENDINGS = (".yaml", ".yml", ".ini", ".cfg", ".conf", ".toml", ".properties")
SECRET_NAME = "its name looks like that of a secret; not read"
SECRET_CONTENT = "holds what looks like a secret; not kept"
"""Nor is its digest: it would help to guess a short password in a text that is known otherwise."""
CHANGED = "changed before it could be read"
GONE = "gone before it could be read"


class Content(NamedTuple):
    """What is known of a file's content."""

    object: str | None = None
    """BLAKE3 digest."""
    size: int = 0
    modified_ns: int = 0
    kept: bool = False
    blob: str = ""
    """The id that git would give it; "" for what is too large to be kept."""
    reason: str = ""
    stat: Stat | None = None
    """The state in which it was read."""


class ContentReader:
    """Reads files into the object store and the memory of digests."""

    def __init__(self, objects: FolderObjects, memory: DigestMemory, *, threads: int = 1) -> None:
        self._objects = objects
        self._memory = memory
        self._threads = threads

    def read(self, met: Met, keep_bytes_max: int) -> Generator[None, None, Content]:
        """Read a file in steps, each of some milliseconds; the last one returns what is known.

        Args:
            keep_bytes_max: a file up to that size is kept, unless it looks like it holds secrets.
        """
        if is_secret_file(met.path):
            found = _look(met.path)
            return Content(reason=SECRET_NAME) if found is None else _unread(found, SECRET_NAME)
        try:
            descriptor = os.open(met.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return Content(reason=GONE)
        except OSError as error:
            return Content(reason=f"cannot be read: {error.strerror}")
        try:
            return (yield from self._read(descriptor, met, keep_bytes_max))
        except OSError as error:
            return Content(reason=printable(f"cannot be read: {error.strerror}"))
        finally:
            os.close(descriptor)

    def _read(
        self, descriptor: int, met: Met, keep_bytes_max: int
    ) -> Generator[None, None, Content]:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            return Content(reason="not a regular file")
        if met.stat is not None and state(before) != met.stat:
            return _unread(before, CHANGED)
        if before.st_size <= keep_bytes_max:
            with open(descriptor, "rb", closefd=False) as stream:
                data = stream.read(before.st_size + 1)
            if _has_changed(descriptor, before) or len(data) != before.st_size:
                return _unread(before, CHANGED)
            yield
            return self._keep(data, before, met.path)
        digest = self._memory.find(met.path, before)
        if digest is None:
            digest = yield from self._hash(descriptor)
            if _has_changed(descriptor, before):
                return _unread(before, CHANGED)
            self._memory.remember(met.path, before, digest)
        return _unread(before, "")._replace(object=digest)

    def _keep(self, data: bytes, found: os.stat_result, path: str) -> Content:
        kind = f"blob {len(data)}\0".encode()
        blob = hashlib.sha1(kind + data, usedforsecurity=False).hexdigest()
        content = _unread(found, "")._replace(blob=blob)
        text = data[:LOOKED_AT_BYTES].decode("utf-8", "replace")
        # A config names its values without quotes, where a program has expressions.
        is_config = path.lower().endswith(CONFIG_ENDINGS)
        if holds_secret(text) or (is_config and redact(text) != text):
            return content._replace(reason=SECRET_CONTENT)
        return content._replace(object=self._objects.put_bytes(data).digest, kept=True)

    def _hash(self, descriptor: int) -> Generator[None, None, str]:
        hasher = blake3(max_threads=self._threads)
        while piece := os.read(descriptor, PIECE_BYTES):
            hasher.update(piece)
            yield
        return hasher.hexdigest()


def state(found: os.stat_result) -> Stat:
    """Return the state of a file."""
    return Stat(found.st_size, found.st_mtime_ns, found.st_ino)


def _look(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)  # noqa: PTH116 - called for every file
    except OSError:
        return None


def _unread(found: os.stat_result, reason: str) -> Content:
    return Content(
        size=found.st_size, modified_ns=found.st_mtime_ns, reason=reason, stat=state(found)
    )


def _has_changed(descriptor: int, before: os.stat_result) -> bool:
    now = os.fstat(descriptor)
    return (state(now), now.st_ctime_ns) != (state(before), before.st_ctime_ns)

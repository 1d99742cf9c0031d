"""What files hold now, and what they held then."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from peira.capture.digests import DigestMemory
from peira.core.errors import DamagedError, NotFoundError, UsageError
from peira.objects.folder import FolderObjects

PIECE_BYTES = 1 << 20


def digest_reader(root: Path) -> Callable[[Path], str | None]:
    """Return a function that tells the digest of a file as it is now; None when it cannot be read.

    Args:
        root: the lab, which remembers digests of large files.
    """
    memory = DigestMemory(root)

    def digest(path: Path) -> str | None:
        from blake3 import blake3

        hasher = blake3(max_threads=blake3.AUTO)
        try:
            with path.open("rb", buffering=0) as stream:
                before = os.fstat(stream.fileno())
                known = memory.find(str(path), before)
                if known is not None:
                    return known
                while piece := stream.read(PIECE_BYTES):
                    hasher.update(piece)
                after = os.fstat(stream.fileno())
        except OSError:
            return None
        found = hasher.hexdigest()
        if (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns):
            memory.remember(str(path), before, found)
        return found

    return digest


def text_now(path: Path) -> bytes | None:
    """Return what a file holds now; None when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def content_then(objects: FolderObjects, digest: str) -> bytes | None:
    """Return the bytes of a digest; None when they were not kept, or are damaged."""
    try:
        return objects.read(digest)
    except (OSError, NotFoundError, DamagedError, UsageError):
        return None

"""What files hold now, and what they held then."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from peira.core.errors import DamagedError, NotFoundError, UsageError
from peira.objects.folder import FolderObjects

PIECE_BYTES = 1 << 20


def now_digest(root: Path) -> Callable[[Path], str | None]:
    """Return a function that tells the digest of a file as it is now; None when it cannot be read.

    Args:
        root: the lab, which remembers digests of large files.
    """

    def digest(path: Path) -> str | None:
        from blake3 import blake3

        hasher = blake3()
        try:
            with path.open("rb", buffering=0) as stream:
                while piece := stream.read(PIECE_BYTES):
                    hasher.update(piece)
        except OSError:
            return None
        return hasher.hexdigest()

    return digest


def now_content(objects: FolderObjects, digest: str) -> bytes | None:
    """Return the bytes of a digest; None when they were not kept, or are damaged."""
    try:
        return objects.read(digest)
    except (OSError, NotFoundError, DamagedError, UsageError):
        return None

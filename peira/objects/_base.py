"""The contract of an object store. `peira.testing.objects` holds the suite that every store
passes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from peira.core.errors import UsageError

_DIGEST = re.compile(r"[0-9a-f]{64}\Z")


class Stored(NamedTuple):
    """What the store holds: BLAKE3 digest (64 hex digits) and size in bytes."""

    digest: str
    size: int


def checked(digest: str) -> str:
    """Return `digest` if it has the form of one. A path is never built from anything else.

    Raises:
        UsageError: it has not.
    """
    if not isinstance(digest, str) or not _DIGEST.match(digest):
        raise UsageError(
            f"{digest!r:.80} is not a digest.", hint="Digests have 64 hex digits, 0-9 and a-f."
        )
    return digest


class Objects(Protocol):
    """Bytes named by their BLAKE3 digest.

    An object is whole or absent: killed at any moment, a writer leaves nothing under a digest that
    is not it. The same content is stored once. Safe from any thread and any number of processes.
    What `put_*` has returned survives a crash of the process and of the system. Every method that
    takes a digest raises UsageError if it has not the form of one, and every method raises OSError
    when the store cannot be reached.
    """

    def put_bytes(self, data: bytes) -> Stored:
        """Store `data`."""

    def put_file(self, path: str | os.PathLike[str]) -> Stored:
        """Store the content of a file, in pieces of bounded size. A file that changes meanwhile is
        stored as it was read.
        """

    def put_pieces(self, pieces: Iterable[bytes | memoryview]) -> Stored:
        """Store what the pieces are together. A sequence of them is looked through first, and
        written only when its content is not here.
        """

    def read(self, digest: str) -> bytes:
        """Return an object.

        Raises:
            NotFoundError: it is not here.
            DamagedError: the stored bytes are others; names both digests.
        """

    def open(self, digest: str) -> BinaryIO:
        """Return a stream of an object whose bytes were checked before this returns.

        Raises:
            NotFoundError, DamagedError: as `read`.
        """

    def copy(self, digest: str, target: Path) -> None:
        """Write an object to a new file, in pieces of bounded size. The file is whole and right, or
        absent.

        Raises:
            NotFoundError, DamagedError: as `read`.
            FileExistsError: the target is there.
        """

    def exists(self, digest: str) -> bool:
        """Whether the object is here. Does not read it."""

    def size(self, digest: str) -> int:
        """Return the object's size in bytes.

        Raises:
            NotFoundError: it is not here.
        """

    def delete(self, digest: str) -> bool:
        """Remove an object; return whether it was here."""

    def iterate(self) -> Iterator[Stored]:
        """Yield all objects, in order of their digests."""

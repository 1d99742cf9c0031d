"""What a data set version holds, as one immutable record. See `docs/formats/datasets.md`.

The manifest names content only: files by path and digest, or rows by chunk. Its `content` digest is
the identity of the version. Who added it, from which parent and by which transform, stands in the
version record (`catalog.py`), so that the same content is the same version however it came to be.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import msgspec

from peira.core.errors import DamagedError, UnsupportedError
from peira.objects._base import Objects

FORMAT = 1
PAGE_FILES = 4_096
"""About so many files are listed in one object; where a page ends depends on the paths alone, so a
new file changes one page.
"""

Kind = Literal["files", "table"]

_LEADS_OUT = re.compile(r"(?:^|/)\.{0,2}(?:/|\Z)|\0")
"""Names that are no path of a file below a folder: pages may come from another lab."""


class Column(msgspec.Struct, frozen=True, omit_defaults=True):
    """A named part of each row. `dtype` is NumPy's (`<f8`), or `text` or `json`."""

    name: str
    dtype: str
    shape: list[int] = msgspec.field(default_factory=list)
    """The shape of one row's value; empty for a single value."""


class Member(msgspec.Struct, frozen=True, array_like=True):
    """A file of a version: its path (relative, with `/`), digest and size in bytes."""

    path: str
    object: str
    size: int


class Piece(msgspec.Struct, frozen=True, array_like=True):
    """A page of the list of files, or a chunk of rows: its object, and how many it holds."""

    object: str
    count: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The content of one version."""

    format: int
    kind: Kind
    type: str
    """How it is read: `folder`, `image-folder`, `csv`, `parquet`, `jsonl`, `npz`, `arrow`, `text`,
    or `table` for what came from memory.
    """
    content: str
    """BLAKE3 digest of all of it, in order: the identity."""
    rows: int
    size: int
    """Bytes of all files or chunks."""
    columns: list[Column] = msgspec.field(default_factory=list)
    label: str | None = None
    """The column that is to be predicted."""
    pages: list[Piece] = msgspec.field(default_factory=list)
    chunks: list[Piece] = msgspec.field(default_factory=list)
    ids: str | None = None
    """Object with the ids of all rows in order, 16 bytes each; None for a plain folder."""
    reference: str | None = None
    """The folder or file that holds the bytes, when they were not copied into the lab."""


def write(objects: Objects, manifest: Manifest) -> str:
    """Store a manifest; return the digest of its object."""
    return objects.put_bytes(msgspec.json.encode(manifest)).digest


def read(objects: Objects, digest: str) -> Manifest:
    """Return a stored manifest.

    Raises:
        NotFoundError, DamagedError: it is not here, or its bytes are others.
        UnsupportedError: it is of a newer Peira.
    """
    data = objects.read(digest)
    try:
        written = msgspec.json.decode(data, type=_Format).format
        if written > FORMAT:
            raise UnsupportedError(
                f"The manifest {digest} has format {written}; this Peira reads up to {FORMAT}.",
                hint="Upgrade: pip install -U peira.",
            )
        return msgspec.json.decode(data, type=Manifest)
    except msgspec.MsgspecError as error:
        raise DamagedError(f"The data manifest {digest} cannot be read: {error!s:.200}") from error


class _Format(msgspec.Struct):
    format: int


def write_pages(objects: Objects, members: Iterable[Member]) -> list[Piece]:
    """Store the list of files, sorted by path, in pages."""
    pages, page = [], []
    for member in members:
        page.append(member)
        if ends_piece(member.path) or len(page) == 4 * PAGE_FILES:
            pages.append(_write_page(objects, page))
            page = []
    if page:
        pages.append(_write_page(objects, page))
    return pages


def _write_page(objects: Objects, page: Sequence[Member]) -> Piece:
    return Piece(objects.put_bytes(msgspec.json.encode(page)).digest, len(page))


def ends_piece(name: str | bytes) -> bool:
    """Whether a piece ends after this name: decided by the name alone, one in `PAGE_FILES`."""
    from blake3 import blake3

    data = name.encode("utf-8", "surrogateescape") if isinstance(name, str) else name
    return int.from_bytes(blake3(data).digest(length=4), "big") % PAGE_FILES == 0


def read_pages(objects: Objects, manifest: Manifest) -> Iterator[Member]:
    """Yield the files of a version in the order of their paths.

    Raises:
        NotFoundError, DamagedError: a page is not here, or its bytes are others.
    """
    for page in manifest.pages:
        for member in msgspec.json.decode(objects.read(page.object), type=list[Member]):
            if _LEADS_OUT.search(member.path):
                raise DamagedError(
                    f"The page {page.object} of a data version names the file {member.path!r:.200},"
                    " which would lie outside of its folder."
                )
            yield member

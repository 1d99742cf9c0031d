"""Reading a points file from an offset on: for the index, for exact series, for sealing.

Rows keep their order. A row whose key set is not declared yet waits for a declaration further on in
the file (the writer repeats it every 32 KiB), so one damaged declaration costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from peira.record import points, reader
from peira.record.points import Decoded, KeySets
from peira.record.reader import Damage, Scanned

CHUNK_BYTES = 16 << 20
MARK_BYTES = 64 << 10


class Portion(NamedTuple):
    """Decoded lines of a points file."""

    decoded: Decoded
    read_until: int
    """File offset behind the last line that was read."""
    consumed: int
    """Bytes read."""
    lines: int
    damages: list[Damage]


def portions(
    path: Path, offset: int = 0, key_sets: KeySets | None = None, *, is_final: bool
) -> Iterator[Portion]:
    """Yield what a points file holds from `offset` on. A missing file yields nothing.

    Args:
        key_sets: declared before `offset`; None looks for them there.
        is_final: nobody writes this file any more, so that what is unfinished is lost.

    Raises:
        OSError: the file is there and cannot be read.
    """
    if key_sets is None:
        key_sets = declarations(path, 0) if offset else {}
    for scanned in reader.chunks(path, offset, is_final=is_final, chunk_bytes=CHUNK_BYTES):
        decoded = points.decode(scanned.bodies, key_sets)
        if decoded.undeclared:
            # The declaration was damaged; another copy of it stands further on,
            later = declarations(path, scanned.base_offset + scanned.consumed)
            decoded = points.decode(scanned.bodies, later | decoded.key_sets)
        is_cut = bool(decoded.undeclared) and not is_final
        if is_cut:
            # ... or will be written soon. Reading stops before the row that needs it.
            scanned = _cut(scanned, decoded.undeclared[0])
            if scanned.consumed == 0:
                return
            decoded = points.decode(scanned.bodies, decoded.key_sets)
        key_sets = decoded.key_sets
        yield Portion(
            decoded,
            scanned.base_offset + scanned.consumed,
            scanned.consumed,
            len(scanned.bodies),
            _damages(scanned, decoded),
        )
        if is_cut:
            return


def declarations(path: Path, offset: int) -> KeySets:
    """Return the key sets declared in a points file from an offset on."""
    found: KeySets = {}
    for scanned in reader.chunks(path, offset, chunk_bytes=CHUNK_BYTES):
        bodies = [body for body in scanned.bodies if body.startswith(b'["k"')]
        found = points.decode(bodies, found).key_sets
    return found


def mark(path: Path) -> int:
    """Return the checksum of the first two lines (a declaration and a row, which holds its time).

    It tells a file from another one that was written later under the same name.
    """
    try:
        with path.open("rb") as stream:
            lines = stream.read(MARK_BYTES).split(b"\n", 2)
    except FileNotFoundError:
        return 0
    return crc32(b"\n".join(lines[:2])) if len(lines) == 3 else 0


def _cut(scanned: Scanned, index: int) -> Scanned:
    """Return the part of a piece before body `index`."""
    offset = scanned.offsets[index]
    return Scanned(
        scanned.file,
        scanned.base_offset,
        scanned.bodies[:index],
        offset - scanned.base_offset,
        [damage for damage in scanned.damages if damage.offset < offset],
        scanned.offsets[:index],
    )


def _damages(scanned: Scanned, decoded: Decoded) -> list[Damage]:
    return [
        *scanned.damages,
        *(scanned.damage(index, reason) for index, reason in decoded.bad),
        *(scanned.damage(index, "its key set was never declared") for index in decoded.undeclared),
    ]

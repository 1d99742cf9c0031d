"""What a run printed, piece by piece, as it grows."""

from __future__ import annotations

from pathlib import Path

import msgspec

PIECE_BYTES_MAX = 16 << 20


class ConsolePiece(msgspec.Struct, frozen=True):
    """Text from byte `start` to byte `end` of a console that has `size` bytes now."""

    text: str
    start: int
    end: int
    size: int


def read_console(
    path: Path, after: int = 0, limit: int = 1 << 20, *, tail: int | None = None
) -> ConsolePiece:
    """Return up to `limit` bytes after byte `after`, or the last `tail` bytes.

    A character that is cut at the end of the piece is left for the next one, so pieces read one
    after another give the whole text. Bytes that are no UTF-8 become U+FFFD. A run that printed
    nothing has an empty console.
    """
    limit = max(0, min(limit if tail is None else tail, PIECE_BYTES_MAX))
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, 2)
            start = max(0, size - limit) if tail is not None else min(max(0, after), size)
            stream.seek(start)
            data = stream.read(limit)
    except FileNotFoundError:
        return ConsolePiece("", 0, 0, 0)
    if tail is not None and start > 0:
        skipped = _continuation_bytes(data)
        start, data = start + skipped, data[skipped:]
    if len(data) == limit or start + len(data) < size:
        data = data[: len(data) - _cut_bytes(data)]
    text = data.decode("utf-8", errors="replace")
    return ConsolePiece(text, start, start + len(data), max(size, start + len(data)))


def _continuation_bytes(data: bytes) -> int:
    """Number of bytes at the start that belong to a character begun before, at most 3."""
    count = 0
    while count < min(3, len(data)) and data[count] & 0xC0 == 0x80:
        count += 1
    return count


def _cut_bytes(data: bytes) -> int:
    """Number of bytes at the end that begin a character without ending it, at most 3."""
    for back in range(1, min(3, len(data) - 1) + 1):
        byte = data[-back]
        if byte & 0xC0 == 0x80:
            continue
        needed = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
        return back if needed > back else 0
    return 0

"""Read the lines of a run's files, and tell what is damaged.

Nothing here trusts the bytes: a torn tail, a flipped bit, a block of zeros or a swapped segment
costs the records it touched and is told with its place. A record that is returned had a fitting
checksum. See `docs/formats/lines.md`.

    scan()     bytes -> bodies (the JSON of the good lines) and damages
    chunks()   a file from an offset on, scanned in pieces of bounded size
    events()   bodies -> typed events
"""

from __future__ import annotations

import os
from binascii import unhexlify
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from struct import unpack
from typing import NamedTuple
from zlib import crc32

import msgspec

from peira.record import events as records
from peira.record import lines as framing

CHUNK_BYTES = 8 << 20
LINE_BYTES_MAX = framing.BYTES_MAX
"""A longer line is not of Peira: it is skipped and told."""

_FRAME_BYTES = 9  # a tab and eight hex digits behind the JSON


class Damage(msgspec.Struct, frozen=True):
    """A place in a file that could not be read, told once."""

    file: str
    """Name of the file inside the run folder."""
    offset: int
    length: int
    reason: str


class Scanned(msgspec.Struct):
    """What one piece of a file holds.

    `bodies[i]` is the JSON of the i-th good line, in file order; `consumed` counts the bytes, from
    the start of the piece, that need not be read again: always whole lines.
    """

    file: str
    base_offset: int
    bodies: list[bytes]
    consumed: int
    damages: list[Damage]
    places: list[int] | None = None
    """File offset of each body where they do not simply follow one another."""

    @property
    def offsets(self) -> list[int]:
        """File offset at which each body starts."""
        if self.places is None:
            steps = [len(body) + _FRAME_BYTES + 1 for body in self.bodies]
            self.places = list(accumulate(steps, initial=self.base_offset))[: len(steps)]
        return self.places

    def damage(self, index: int, reason: str) -> Damage:
        """Return the note that body `index`, although its checksum fits, is not a record."""
        return Damage(self.file, self.offsets[index], len(self.bodies[index]), reason)


def scan(data: bytes, base_offset: int = 0, *, file: str = "", is_final: bool = False) -> Scanned:
    """Split `data`, which starts at `base_offset` of the file and at the start of a line, into
    checked records.

    Bytes after the last line feed are a line that is still being written: they are neither
    consumed nor damage, unless `is_final` says that nobody writes any more. Then they are a record
    if they are whole, and a torn tail otherwise.
    """
    end = len(data) if is_final else data.rfind(b"\n") + 1
    whole = data if end == len(data) else data[:end]
    pieces = whole.split(b"\n")
    if pieces[-1] == b"":
        pieces.pop()
    bodies = _check_all(pieces)
    if bodies is not None:
        return Scanned(file, base_offset, bodies, end, [])
    return _scan_slowly(pieces, base_offset, file, end, whole.endswith(b"\n"))


def _check_all(pieces: list[bytes]) -> list[bytes] | None:
    """Return the JSON of all lines when every one is good, else None: the fast path of nearly
    every call.
    """
    bodies = [piece[:-_FRAME_BYTES] for piece in pieces]
    frames = b"".join([piece[-_FRAME_BYTES:] for piece in pieces])
    # Nine bytes a line, the first of them a tab. JSON holds no raw tab, so the count is exact.
    if len(frames) != _FRAME_BYTES * len(pieces) or frames[::_FRAME_BYTES].strip(b"\t"):
        return None
    digits = frames.translate(None, b"\t")
    if len(digits) != 8 * len(pieces) or digits != digits.lower():
        return None
    try:
        told = unpack(f">{len(pieces)}I", unhexlify(digits))
    except ValueError:
        return None
    return bodies if told == tuple(map(crc32, bodies)) else None


def _scan_slowly(
    pieces: Sequence[bytes], base_offset: int, file: str, end: int, is_whole: bool
) -> Scanned:
    """Look at every line by itself; neighbouring bad ones make one note."""
    bodies: list[bytes] = []
    places: list[int] = []
    damages: list[Damage] = []
    offset = base_offset
    for number, piece in enumerate(pieces):
        next_offset = offset + len(piece) + 1
        body = framing.body(piece)
        if body is not None:
            bodies.append(body)
            places.append(offset)
        elif piece:  # an empty line only ends a torn one: not a loss
            for start, saved in _salvage(piece):
                bodies.append(saved)
                places.append(offset + start)
            is_tail = number == len(pieces) - 1 and not is_whole
            _note(damages, Damage(file, offset, len(piece), _reason(piece, is_tail)))
        offset = next_offset
    return Scanned(file, base_offset, bodies, end, damages, places)


def _salvage(piece: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the whole records inside a bad line: what a lost line feed glued together.

    JSON holds no raw tab, so a record ends nine bytes after the next tab. What is yielded has a
    fitting checksum.
    """
    start = 0
    while (tab := piece.find(b"\t", start)) >= 0:
        stop = tab + _FRAME_BYTES
        body = framing.body(piece[start:stop])
        if body is not None and body[:1] in (b"[", b"{"):
            yield start, body
        start = stop + 1  # behind what should have been the line feed


def _note(damages: list[Damage], new: Damage) -> None:
    """Add `new`, joined with the note just before it."""
    if damages:
        last = damages[-1]
        if last.offset + last.length + 1 >= new.offset:
            length = new.offset + new.length - last.offset
            damages[-1] = Damage(last.file, last.offset, length, last.reason)
            return
    damages.append(new)


def _reason(piece: bytes, is_tail: bool) -> str:
    if b"\0" in piece:
        return "zero bytes" if not piece.strip(b"\0") else "zero bytes in the record"
    return "torn tail" if is_tail else "checksum does not fit"


def chunks(
    path: str | os.PathLike[str],
    offset: int = 0,
    *,
    is_final: bool = False,
    chunk_bytes: int = CHUNK_BYTES,
) -> Iterator[Scanned]:
    """Scan the file from `offset` on, in pieces of about `chunk_bytes`, until what is on disk now
    is read.

    Memory is bounded: a line longer than `LINE_BYTES_MAX` is skipped and told. A file that is
    missing yields nothing.

    Args:
        is_final: nobody writes this file any more; what follows the last line feed is judged, too.

    Raises:
        OSError: the file is there and cannot be read.
    """
    path = Path(path)
    try:
        stream = path.open("rb", buffering=0)
    except FileNotFoundError:
        return
    with stream:
        size = os.fstat(stream.fileno()).st_size
        while offset < size:
            stream.seek(offset)
            data = _read_lines(stream, min(chunk_bytes, size - offset), size - offset)
            is_last = offset + len(data) >= size
            found = scan(data, offset, file=path.name, is_final=is_final and is_last)
            if found.consumed == 0:
                if is_last or len(data) < LINE_BYTES_MAX:
                    return  # one unfinished line
                length = _line_length(stream, offset, size)
                if length is None and not is_final:
                    return
                length = size - offset if length is None else length
                damage = Damage(path.name, offset, length, "line too long")
                found = Scanned(path.name, offset, [], length, [damage])
            yield found
            offset += found.consumed


def _read_lines(stream: object, want: int, rest: int) -> bytes:
    """Read at least one whole line if there is one within `LINE_BYTES_MAX`."""
    read = stream.read  # type: ignore[attr-defined]
    data: bytes = read(want)
    while data and b"\n" not in data and len(data) < min(rest, LINE_BYTES_MAX):
        more = read(min(max(len(data), 1 << 16), LINE_BYTES_MAX - len(data)))
        if not more:
            break
        data += more
    return data


def _line_length(stream: object, offset: int, size: int) -> int | None:
    """Return the bytes until and with the next line feed, or None when there is none."""
    stream.seek(offset)  # type: ignore[attr-defined]
    length = 0
    while offset + length < size:
        data: bytes = stream.read(CHUNK_BYTES)  # type: ignore[attr-defined]
        if not data:
            return None
        found = data.find(b"\n")
        if found >= 0:
            return length + found + 1
        length += len(data)
    return None


class Events(NamedTuple):
    """Typed events with the file offset of each, and what could not be understood."""

    records: list[tuple[int, records.AnyEvent]]
    damages: list[Damage]


_event_decoder = msgspec.json.Decoder(records.AnyEvent)


class _Kind(msgspec.Struct):
    kind: str


_kind_decoder = msgspec.json.Decoder(_Kind)


def events(scanned: Scanned) -> Events:
    """Decode the bodies of an events file. Unknown kinds of a newer Peira are skipped and told."""
    good: list[tuple[int, records.AnyEvent]] = []
    damages: list[Damage] = []
    for index, body in enumerate(scanned.bodies):
        try:
            good.append((scanned.offsets[index], _event_decoder.decode(body)))
        except (msgspec.MsgspecError, RecursionError, ValueError) as error:
            damages.append(scanned.damage(index, _event_reason(body, error)))
    return Events(good, damages)


def read_end(path: Path) -> records.End | None:
    """Return the end of a run that an events file tells; None when there is none.

    Raises:
        FileNotFoundError: there is no such file.
    """
    for piece in chunks(path, is_final=True):
        for _, event in events(piece).records:
            if isinstance(event, records.End):
                return event
    return None


def _event_reason(body: bytes, error: Exception) -> str:
    try:
        kind = _kind_decoder.decode(body).kind
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return "not an event"
    if isinstance(error, msgspec.ValidationError) and "Invalid value" in str(error):
        return f"unknown kind of event {kind!r:.60}"
    return f"event {kind!r:.60} does not fit its form: {error!s:.200}"

"""What a process has read of journals, so that a question reads only what was appended since.

A hundred splits are two hundred seals to look for, and each look goes through the journal. Lines
are kept as bytes, by kind: whoever asks decodes his own.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from peira.record.reader import chunks

_TAIL_BYTES = 64


class Line(NamedTuple):
    """A line of a journal, and what it is found by."""

    kind: str
    id: str
    offset: int
    body: bytes


class _Read:
    """What was read of one file."""

    def __init__(self, inode: int) -> None:
        self.inode = inode
        self.modified = 0
        self.offset = 0
        self.tail = b""
        self.kinds: dict[str, list[Line]] = {}


_files: dict[Path, _Read] = {}
_lock = threading.Lock()

Parse = Callable[[bytes, int], Line | None]
"""Returns the line with this body at this offset; None when it is none."""


def lines(path: Path, kind: str | None, parse: Parse) -> list[Line]:
    """Return the lines of a kind (any when None) in a file that others may append to, in order.

    Raises:
        OSError: the file is there and cannot be read.
    """
    with _lock:
        kinds = _catch_up(path, parse).kinds
        if kind is not None:
            return list(kinds.get(kind, ()))
        return sorted((line for found in kinds.values() for line in found), key=lambda x: x.offset)


def _catch_up(path: Path, parse: Parse) -> _Read:
    try:
        stream = path.open("rb", buffering=0)
    except FileNotFoundError:
        _files.pop(path, None)
        return _Read(-1)
    with stream:
        state = os.fstat(stream.fileno())
        known = _files.get(path)
        if known is None or not _is_same(known, state, stream.fileno()):
            known = _files[path] = _Read(state.st_ino)
        if state.st_size > known.offset:
            for offset, body in _bodies(path, known):
                line = parse(body, offset)
                if line is not None:
                    known.kinds.setdefault(line.kind, []).append(line)
            start = max(0, known.offset - _TAIL_BYTES)
            known.tail = os.pread(stream.fileno(), known.offset - start, start)
        known.modified = state.st_mtime_ns
    return known


def _is_same(known: _Read, state: os.stat_result, descriptor: int) -> bool:
    """Whether a file only grew since it was read: another may have been put in its place."""
    if known.inode != state.st_ino or state.st_size < known.offset:
        return False
    if state.st_size == known.offset:
        return known.modified == state.st_mtime_ns
    start = known.offset - len(known.tail)
    return os.pread(descriptor, len(known.tail), start) == known.tail


def _bodies(path: Path, known: _Read) -> Iterator[tuple[int, bytes]]:
    for scanned in chunks(path, known.offset):
        yield from zip(scanned.offsets, scanned.bodies, strict=True)
        known.offset = scanned.base_offset + scanned.consumed

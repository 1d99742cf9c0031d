"""A recorded diff, applied to the files of its commit: exactly, or not at all.

It reads what `git diff --binary` writes without renames. Lines must stand where the diff says, for
it was made from the very commit; nothing is searched for. (`git apply` would ask attributes and
filters, which may start programs.)
"""

from __future__ import annotations

import re
import zlib
from base64 import b85decode
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from peira.capture.redaction import PLACEHOLDER

_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
_HUNK = re.compile(rb"@@ -(\d+)(,0)?(?:,\d+)? \+\d+(?:,\d+)? @@")
_BINARY = re.compile(rb"\nGIT binary patch\n(literal|delta) (\d+)\n(.*?)\n\n", re.DOTALL)
_ESCAPE = re.compile(rb'\\([0-7]{3}|[abtnvfr"\\])')
_ESCAPES = dict(zip(b'abtnvfr"\\', b'\a\b\t\n\v\f\r"\\', strict=True))
_LENGTHS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
"""The first character of a line of a binary patch tells how many bytes it holds, from 1 to 52."""


class Patch(NamedTuple):
    """What a diff says of one file."""

    path: str
    """Relative to the work tree."""
    is_new: bool
    is_deleted: bool
    is_executable: bool | None
    """None when the mode did not change."""
    hunks: list[tuple[int, list[bytes]]]
    """The first line in the old file, from 0, and the lines with their marks and ends."""
    binary: tuple[bytes, bytes] | None = None
    """Of a binary file: `literal` or `delta`, and its bytes."""
    reason: str = ""
    """Why it cannot be applied; empty when it can."""


def patches(diff: bytes) -> Iterator[Patch]:
    """Yield the parts of a diff, file by file."""
    starts = [found.start() for found in re.finditer(rb"^diff --git ", diff, re.M)]
    for start, end in pairwise([*starts, len(diff)]):
        yield _read(diff[start:end])


def apply(patch: Patch, before: bytes) -> bytes | None:
    """Return the file as it is after the patch; None when it is not what the patch was made from.

    >>> part = b"diff --git a/x b/x\\n--- a/x\\n+++ b/x\\n@@ -1 +1 @@\\n-a\\n+b\\n"
    >>> apply(next(patches(part)), b"a\\n")
    b'b\\n'
    """
    if patch.binary is not None:
        kind, data = patch.binary
        return data if kind == b"literal" else _undelta(data, before)
    old = lines_of(before)
    new: list[bytes] = []
    at = 0
    for first, lines in patch.hunks:
        removed = [line[1:] for line in lines if line[:1] in b" -"]
        if first < at or old[first : first + len(removed)] != removed:
            return None
        new += old[at:first]
        new += [line[1:] for line in lines if line[:1] in b" +"]
        at = first + len(removed)
    return b"".join([*new, *old[at:]])


def lines_of(text: bytes) -> list[bytes]:
    """Return the lines of a text with their ends; only a line feed ends one."""
    return _LINE.findall(text)


def _read(part: bytes) -> Patch:
    head, mark, body = part.partition(b"\n@@ ")
    binary, reason = None, ""
    try:
        binary = _binary(part) if b"\nGIT binary patch\n" in head else None
    except (ValueError, zlib.error):
        reason = "its binary changes cannot be read"
    facts = head.split(b"\nGIT binary patch\n")[0].split(b"\n")
    hunks = _hunks(b"@@ " + body) if mark and binary is None else []
    modes = [line[-6:] for line in facts if line.startswith((b"new mode ", b"new file mode "))]
    if any(line.startswith(b"Binary files ") for line in facts):
        reason = "it is binary, and only that it differs was recorded"
    elif any(PLACEHOLDER.encode() in line for _, lines in hunks for line in lines):
        reason = "a secret was taken out of its changes"
    elif any(mode.startswith((b"12", b"16")) for mode in modes):
        reason = "it is a link or a submodule"
    return Patch(
        path=_path(facts),
        is_new=any(line.startswith(b"new file mode ") for line in facts),
        is_deleted=any(line.startswith(b"deleted file mode ") for line in facts),
        is_executable=modes[0] == b"100755" if modes else None,
        hunks=hunks,
        binary=binary,
        reason=reason,
    )


def _path(facts: list[bytes]) -> str:
    """`diff --git a/X b/X`, without renames: both halves name the same file."""
    names = facts[0].removeprefix(b"diff --git ")
    half = names[: len(names) // 2]
    if half.startswith(b'"'):
        half = _ESCAPE.sub(_unescaped, half[1:-1])
    return half.removeprefix(b"a/").decode("utf-8", "surrogateescape")


def _unescaped(escape: re.Match[bytes]) -> bytes:
    code = escape[1]
    return bytes([int(code, 8) if code.isdigit() else _ESCAPES[code[0]]])


def _hunks(text: bytes) -> list[tuple[int, list[bytes]]]:
    hunks: list[tuple[int, list[bytes]]] = []
    for line in lines_of(text):
        found = _HUNK.match(line)
        if found:
            # ",0" of a new file, and of an insertion, names the line before.
            hunks.append((int(found[1]) - (found[2] is None), []))
        elif line.startswith(b"\\"):  # the line before it has no line end
            hunks[-1][1][-1] = hunks[-1][1][-1].removesuffix(b"\n")
        else:
            hunks[-1][1].append(line)
    return hunks


def _binary(part: bytes) -> tuple[bytes, bytes]:
    """Return the forward half of a binary patch: how it is meant, and its bytes."""
    found = _BINARY.search(part)
    if found is None:
        raise ValueError("no binary patch")
    data = zlib.decompress(
        b"".join(
            b85decode(line[1:])[: _LENGTHS.index(line[:1]) + 1] for line in found[3].split(b"\n")
        )
    )
    if len(data) != int(found[2]):
        raise ValueError("another size")
    return found[1], data


def _undelta(delta: bytes, before: bytes) -> bytes | None:
    """Apply a delta as git packs have it: copies from the old file, and new bytes."""
    old_size, at = _size(delta, 0)
    new_size, at = _size(delta, at)
    new = bytearray()
    while at < len(delta):
        code = delta[at]
        at += 1
        if code & 0x80:
            place = [0, 0, 0, 0, 0, 0, 0]
            for bit in range(7):
                if code >> bit & 1:
                    place[bit] = delta[at]
                    at += 1
            offset = int.from_bytes(bytes(place[:4]), "little")
            size = int.from_bytes(bytes(place[4:]), "little") or 0x10000
            new += before[offset : offset + size]
        else:
            new += delta[at : at + code]
            at += code
    return bytes(new) if (len(before), len(new)) == (old_size, new_size) else None


def _size(delta: bytes, at: int) -> tuple[int, int]:
    size = shift = 0
    while True:
        byte = delta[at]
        at += 1
        size |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return size, at

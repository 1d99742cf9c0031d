"""A recorded diff, applied to the files of its commit: exactly, or not at all.

It reads what `git diff` writes without renames and without binary content. Lines must stand where
the diff says, for it was made from the very commit; nothing is searched for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from peira.capture.redaction import PLACEHOLDER

_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+\d+(?:,\d+)? @@")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")  # only a line feed ends a line
_ESCAPE = re.compile(r'\\([0-7]{3}|[abtnvfr"\\])')
_ESCAPES = {"a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13, '"': 34, "\\": 92}


class Patch(NamedTuple):
    """What a diff says of one file."""

    path: str
    """Relative to the work tree."""
    is_new: bool
    is_deleted: bool
    is_executable: bool | None
    """None when the mode did not change."""
    hunks: list[tuple[int, list[str]]]
    """The first line in the old file, from 0, and the lines with their marks and ends."""
    reason: str
    """Why it cannot be applied; empty when it can."""


def patches(diff: str) -> Iterator[Patch]:
    """Yield the parts of a diff, file by file."""
    starts = [found.start() for found in re.finditer(r"^diff --git ", diff, re.M)]
    for start, end in pairwise([*starts, len(diff)]):
        yield _read(diff[start:end])


def apply(patch: Patch, before: bytes) -> bytes | None:
    """Return the file as it is after the patch; None when the lines are not what the patch says.

    >>> part = "diff --git a/x b/x\\n--- a/x\\n+++ b/x\\n@@ -1 +1 @@\\n-a\\n+b\\n"
    >>> apply(next(patches(part)), b"a\\n")
    b'b\\n'
    """
    try:
        old = _LINE.findall(before.decode())
    except UnicodeDecodeError:
        return None
    new: list[str] = []
    at = 0
    for first, lines in patch.hunks:
        removed = [line[1:] for line in lines if line[0] in " -"]
        if first < at or old[first : first + len(removed)] != removed:
            return None
        new += old[at:first]
        new += [line[1:] for line in lines if line[0] in " +"]
        at = first + len(removed)
    return "".join([*new, *old[at:]]).encode()


def _read(part: str) -> Patch:
    head, mark, body = part.partition("\n@@ ")
    facts = head.split("\n")
    hunks = _hunks(f"@@ {body}") if mark else []
    modes = [line[-6:] for line in facts if line.startswith(("new mode ", "new file mode "))]
    reason = ""
    if any(line.startswith(("Binary files ", "GIT binary patch")) for line in facts):
        reason = "it is binary, and only that it differs was recorded"
    elif any(PLACEHOLDER in line for _, lines in hunks for line in lines):
        reason = "a secret was taken out of its changes"
    elif any(mode.startswith(("12", "16")) for mode in modes):
        reason = "it is a link or a submodule"
    return Patch(
        path=_path(facts),
        is_new=any(line.startswith("new file mode ") for line in facts),
        is_deleted=any(line.startswith("deleted file mode ") for line in facts),
        is_executable=modes[0] == "100755" if modes else None,
        hunks=hunks,
        reason=reason,
    )


def _path(facts: list[str]) -> str:
    """`diff --git a/X b/X`, without renames: both halves name the same file."""
    names = facts[0].removeprefix("diff --git ")
    half = names[: len(names) // 2]
    if not half.startswith('"'):
        return half.removeprefix("a/")
    bytes_ = bytearray()
    at = 0
    text = half[1:-1]
    for escape in _ESCAPE.finditer(text):
        bytes_ += text[at : escape.start()].encode()
        bytes_.append(int(escape[1], 8) if escape[1].isdigit() else _ESCAPES[escape[1]])
        at = escape.end()
    bytes_ += text[at:].encode()
    return bytes_.decode("utf-8", "replace").removeprefix("a/")


def _hunks(text: str) -> list[tuple[int, list[str]]]:
    hunks: list[tuple[int, list[str]]] = []
    for line in _LINE.findall(text):
        found = _HUNK.match(line)
        if found:
            first = int(found[1])
            # "-0,0" of a new file, and of an insertion, names the line before.
            is_insertion = line.split(" ")[1].endswith(",0")
            hunks.append((first if is_insertion else first - 1, []))
        elif line.startswith("\\"):  # the line before it has no line end
            hunks[-1][1][-1] = hunks[-1][1][-1].removesuffix("\n")
        elif line:
            hunks[-1][1].append(line)
    return hunks

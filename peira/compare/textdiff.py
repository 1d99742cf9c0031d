"""Two texts line by line: hunks of a unified diff, within a budget.

Comparing lines costs up to (changed lines)² steps, so there are limits; what is beyond them is told
by its counts or its digest, and the change says so.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from peira.capture.syntax import read_syntax
from peira.compare.comparison import Change, Hunk

CONTEXT = 3
FILE_BYTES_MAX = 2 * 1024 * 1024
CHANGED_LINES_MAX = 20_000
"""Lines of both texts between the first and the last difference; beyond it nothing is compared."""
CAREFUL_LINES_MAX = 2_000
"""Up to here every line counts; above, lines that are very frequent are no anchors (`autojunk`)."""
NO_LINE_END = "\\ No newline at end of file"

_DEFINITION = re.compile(r"(\s*)(?:async\s+def|def|class)\s")
_INDENT = re.compile(r"\s*")


@dataclass
class Budget:
    """How many lines of hunks a comparison may still hold."""

    lines: int = 20_000

    def take(self, lines: int) -> bool:
        """Use up so many lines; False, and nothing used, when there are not so many left."""
        if lines > self.lines:
            return False
        self.lines -= lines
        return True


def change(
    old: bytes | None, new: bytes | None, to: list[int], budget: Budget, *, is_python: bool = False
) -> Change:
    """Return how `new` differs from `old`; None is a file that is not there."""
    texts = [_text(data) for data in (old, new)]
    if None in texts:
        big = max(len(data or b"") for data in (old, new)) > FILE_BYTES_MAX
        reason = f"larger than {FILE_BYTES_MAX >> 20} MiB" if big else "not a text"
        return Change(to=to, added=0, removed=0, hunks=[], reason=reason)
    before, after = (_lines(text or "") for text in texts)
    matcher = _match(before, after)
    if matcher is None:
        reason = f"more than {CHANGED_LINES_MAX:,} lines between the first and the last difference"
        return Change(to=to, added=0, removed=0, hunks=[], reason=reason)
    added = sum(j2 - j1 for tag, _, _, j1, j2 in matcher if tag != "equal")
    removed = sum(i2 - i1 for tag, i1, i2, _, _ in matcher if tag != "equal")
    hunks = [_hunk(group, before, after) for group in _groups(matcher)]
    is_cosmetic = is_python and old is not None and new is not None and _mean_the_same(old, new)
    if not budget.take(sum(len(hunk.lines) for hunk in hunks)):
        reason = "too many changed lines to show them all at once"
        return Change(
            to=to, added=added, removed=removed, hunks=[], reason=reason, is_cosmetic=is_cosmetic
        )
    return Change(to=to, added=added, removed=removed, hunks=hunks, is_cosmetic=is_cosmetic)


def _text(data: bytes | None) -> str | None:
    """Return the text, empty for a file that is not there; None when it is none or too long."""
    if data is None:
        return ""
    if len(data) > FILE_BYTES_MAX or b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _lines(text: str) -> list[str]:
    """Return the lines with their ends; only a line feed ends one."""
    lines = [f"{line}\n" for line in text.split("\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines


Operations = list[tuple[str, int, int, int, int]]


def _match(before: list[str], after: list[str]) -> Operations | None:
    """Return `equal`, `replace`, `delete`, `insert` operations; None beyond the budget.

    What both texts begin and end with is taken off first: it costs nothing, and most of two
    versions of a file is that.
    """
    head = 0
    for one, other in zip(before, after, strict=False):
        if one != other:
            break
        head += 1
    tail, room = 0, min(len(before), len(after)) - head
    while tail < room and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    old, new = before[head : len(before) - tail], after[head : len(after) - tail]
    if old and new and len(old) + len(new) > CHANGED_LINES_MAX:
        return None
    is_careful = len(old) + len(new) <= CAREFUL_LINES_MAX
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=not is_careful)
    found = [
        (tag, i1 + head, i2 + head, j1 + head, j2 + head)
        for tag, i1, i2, j1, j2 in matcher.get_opcodes()
    ]
    first = [("equal", 0, head, 0, head)] if head else []
    last = [("equal", len(before) - tail, len(before), len(after) - tail, len(after))]
    return _joined([*first, *found, *(last if tail else [])])


def _joined(operations: Operations) -> Operations:
    """Join neighbours that are both equal."""
    found: Operations = []
    for tag, i1, i2, j1, j2 in operations:
        if found and tag == "equal" == found[-1][0]:
            _, a, _, b, _ = found[-1]
            found[-1] = ("equal", a, i2, b, j2)
        else:
            found.append((tag, i1, i2, j1, j2))
    return found


def _groups(operations: Operations) -> list[Operations]:
    """Return the operations of each hunk, with `CONTEXT` equal lines around the changes."""
    groups: list[Operations] = []
    current: Operations = []
    for n, (tag, i1, i2, j1, j2) in enumerate(operations):
        if tag != "equal":
            current.append((tag, i1, i2, j1, j2))
            continue
        is_between = bool(current) and n + 1 < len(operations)
        if is_between and i2 - i1 <= 2 * CONTEXT:
            current.append((tag, i1, i2, j1, j2))  # the next change shares the hunk
            continue
        if current:
            end = min(i2, i1 + CONTEXT)
            groups.append([*current, (tag, i1, end, j1, j1 + end - i1)])
        begin = max(i1, i2 - CONTEXT)
        current = [(tag, begin, i2, j2 - (i2 - begin), j2)] if n + 1 < len(operations) else []
    return [*groups, current] if current else groups


def _hunk(group: Operations, before: list[str], after: list[str]) -> Hunk:
    lines: list[str] = []
    for tag, i1, i2, j1, j2 in group:
        if tag == "equal":
            lines += _marked(" ", before[i1:i2])
        else:
            lines += _marked("-", before[i1:i2]) + _marked("+", after[j1:j2])
    old_count, new_count = group[-1][2] - group[0][1], group[-1][4] - group[0][3]
    changed = next(op for op in group if op[0] != "equal")
    return Hunk(
        old_start=group[0][1] + (old_count > 0),
        old_count=old_count,
        new_start=group[0][3] + (new_count > 0),
        new_count=new_count,
        heading=_heading(before, changed[1]),
        lines=lines,
    )


def _marked(mark: str, lines: Sequence[str]) -> list[str]:
    found = [mark + line.removesuffix("\n") for line in lines]
    return [*found, NO_LINE_END] if lines and not lines[-1].endswith("\n") else found


def _heading(lines: list[str], at: int) -> str:
    """Return the innermost `def` or `class` around a line, as it is written."""
    indent = _indent(lines[at]) if at < len(lines) else 0
    for line in reversed(lines[:at]):
        if not line.strip():
            continue
        found = _DEFINITION.match(line)
        if found and len(found[1]) < max(indent, 1):
            return line.strip()
        indent = min(indent, _indent(line)) if indent else indent
    return ""


def _indent(line: str) -> int:
    found = _INDENT.match(line)
    assert found is not None
    return len(found[0]) if line.strip() else 1 << 30


def _mean_the_same(old: bytes, new: bytes) -> bool:
    """Whether two Python sources do the same: comments, docstrings and layout apart."""
    return read_syntax(old).tree == read_syntax(new).tree

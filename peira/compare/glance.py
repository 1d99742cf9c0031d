"""A comparison in three lists: what differs, what is the same, what nobody can tell."""

from __future__ import annotations

from typing import NamedTuple

from peira.compare.comparison import LETTERS, Comparison, FileSection, Section, is_difference

COSMETIC = "only comments and layout"


class Glance(NamedTuple):
    """Sections with their counts, as texts: `params (2)`, `code (1 file, +3 -1 lines)`."""

    differing: list[str]
    same: list[str]
    unknown: list[str]


def glance(found: Comparison) -> Glance:
    """Return the answer to "what is different?" in its shortest form."""
    told = Glance([], [], [])
    for section in found.sections:
        missing = [LETTERS[i] for i, is_there in enumerate(section.recorded) if not is_there]
        if not section.is_known:
            if section.name != "logs":  # what printed nothing has nothing to tell
                told.unknown.append(f"{section.name} ({_by(missing, len(found.runs))})")
        elif section.differing:
            told.differing.append(f"{section.name} ({_counts(section)})")
        elif section.unknown:
            told.unknown.append(f"{section.name} ({_number(section, section.unknown)})")
        else:
            count = f" ({_number(section, section.equal)})" if section.equal else ""
            told.same.append(f"{section.name}{count}")
    return told


def _by(missing: list[str], runs: int) -> str:
    if len(missing) == runs:
        return "not recorded"
    return f"not recorded by {', '.join(missing)}"


def _counts(section: Section) -> str:
    if not isinstance(section, FileSection):
        return _number(section, section.differing)
    parts = [_number(section, section.differing)]
    changes = [c for row in section.rows if is_difference(row) for c in row.changes]
    added, removed = sum(c.added for c in changes), sum(c.removed for c in changes)
    if added or removed:
        parts.append(f"+{added:,} -{removed:,} lines")
    if changes and all(change.is_cosmetic for change in changes):
        parts.append(COSMETIC)
    return ", ".join(parts)


def _number(section: Section, count: int) -> str:
    if isinstance(section, FileSection):
        return f"{count:,} file{'s' if count != 1 else ''}"
    return f"{count:,}"

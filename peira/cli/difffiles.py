"""Sections of files on the page of `peira diff`: which differ, and their changed lines."""

from __future__ import annotations

from collections.abc import Sequence

from peira.cli.format import size
from peira.cli.terminal import Terminal
from peira.compare.comparison import Change, FileRow, FileSection, Hunk, Version
from peira.compare.glance import LETTERS
from peira.core.text import printable

DIGEST_DIGITS = 8
FILE_LINES_MAX = 40
SECTION_LINES_MAX = 160
"""Lines of hunks on a terminal, of a file and of a section."""


def files(section: FileSection, out: Terminal, *, whole: bool) -> list[str]:
    """Return the lines of a section; with `whole` every changed line is there."""
    lines: list[str] = []
    left = SECTION_LINES_MAX
    cut = 0
    for row in section.rows:
        lines.append(_title(row, section.recorded, out))
        for change in row.changes:
            body = _change(change, out, names_runs=len(row.changes) > 1 or len(row.versions) > 2)
            room = len(body) if whole else min(FILE_LINES_MAX, max(0, left))
            lines += body[:room]
            left -= min(room, len(body))
            if len(body) > room:
                cut += len(body) - room
                lines.append(out.paint(f"    … {len(body) - room:,} more lines", "dim"))
    if cut:
        lines.append(out.paint(f"  every changed line: --section {section.name}", "dim"))
    return lines


def _title(row: FileRow, recorded: Sequence[bool], out: Terminal) -> str:
    style = "bold" if row.differs and not row.is_incidental else "dim"
    parts = [f"  {out.paint(printable(row.name), style)}", *_where(row, recorded)]
    if len(row.changes) == 1:
        change = row.changes[0]
        if change.added or change.removed:
            counts = [out.paint(f"+{change.added:,}", "green")]
            parts.append(f"{counts[0]} {out.paint(f'-{change.removed:,}', 'red')}")
        if change.is_cosmetic:
            parts.append("only comments and layout")
    if row.remark:
        parts.append(out.paint(printable(row.remark), "dim"))
    return "  ".join(parts)


def _where(row: FileRow, recorded: Sequence[bool]) -> list[str]:
    """Tell which runs have the file, and the versions where no lines can tell them apart."""
    there = [LETTERS[i] for i, version in enumerate(row.versions) if version is not None]
    gone = [LETTERS[i] for i, version in enumerate(row.versions) if version is None and recorded[i]]
    if gone:
        return [f"only in {', '.join(there)}", size(_first(row).size or 0)]
    if not row.differs:
        return ["the same" if row.is_known else f"not known: {_unknown(row)}"]
    if all(change.hunks for change in row.changes):
        return []
    return [
        f"{LETTERS[i]} {_version(version)}"
        for i, version in enumerate(row.versions)
        if version is not None
    ]


def _first(row: FileRow) -> Version:
    return next(version for version in row.versions if version is not None)


def _unknown(row: FileRow) -> str:
    reasons = [v.reason for v in row.versions if v is not None and v.digest is None]
    return printable("; ".join(dict.fromkeys(filter(None, reasons))) or "its content was not read")


def _version(version: Version) -> str:
    if version.digest is None:
        return "not read"
    about = f" ({size(version.size)})" if version.size is not None else ""
    return f"{version.digest[:DIGEST_DIGITS]}{about}"


def _change(change: Change, out: Terminal, *, names_runs: bool) -> list[str]:
    lines = []
    if names_runs:
        runs = ", ".join(LETTERS[i] for i in change.to)
        counts = f"+{change.added:,} -{change.removed:,}" if change.added or change.removed else ""
        lines.append(out.paint(f"    A to {runs}  {counts}".rstrip(), "dim"))
    if change.reason:
        lines.append(out.paint(f"    {printable(change.reason)}", "dim"))
    for hunk in change.hunks:
        lines += _hunk(hunk, out)
    return lines


def _hunk(hunk: Hunk, out: Terminal) -> list[str]:
    place = f"-{hunk.old_start},{hunk.old_count} +{hunk.new_start},{hunk.new_count}"
    lines = [out.paint(f"    @@ {place} @@ {printable(hunk.heading)}".rstrip(), "cyan")]
    for line in hunk.lines:
        style = {"+": "green", "-": "red", "\\": "dim"}.get(line[:1], "")
        lines.append(f"    {out.paint(_clean(line), style)}")
    return lines


def _clean(line: str) -> str:
    return printable(line.replace("\t", "    "))

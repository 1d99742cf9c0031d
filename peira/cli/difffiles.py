"""Sections of files on the page of `peira diff`: which differ, and their changed lines."""

from __future__ import annotations

from collections.abc import Sequence

from peira.cli.format import size
from peira.cli.terminal import Terminal
from peira.compare.comparison import LETTERS, Change, FileRow, FileSection, Hunk, Version
from peira.compare.glance import COSMETIC
from peira.core.text import printable

DIGEST_DIGITS = 8


def files(section: FileSection, out: Terminal, *, lines_max: int | None) -> list[str]:
    """Return the lines of a section, with at most `lines_max` lines of a file's changes."""
    lines: list[str] = []
    is_cut = False
    for row in section.rows:
        lines.append(_title(row, section.recorded, out))
        body: list[str] = []
        for change in row.changes:
            names_runs = len(row.changes) > 1 or len(row.versions) > 2
            body += _change(change, out, names_runs=names_runs)
        room = len(body) if lines_max is None else lines_max
        lines += body[:room]
        if len(body) > room:
            is_cut = True
            if room:
                lines.append(out.paint(f"    … {len(body) - room:,} more lines", "dim"))
    if is_cut:
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
            parts.append(COSMETIC)
        if change.reason and not change.hunks:
            parts.append(out.paint(f"({printable(change.reason)})", "dim"))
    if row.remark:
        parts.append(out.paint(printable(row.remark), "dim"))
    return "  ".join(parts)


def _where(row: FileRow, recorded: Sequence[bool]) -> list[str]:
    """Tell which runs have the file, and the versions where no lines can tell them apart."""
    there = [LETTERS[i] for i, version in enumerate(row.versions) if version is not None]
    gone = [LETTERS[i] for i, version in enumerate(row.versions) if version is None and recorded[i]]
    if gone:
        sizes = [v.size for v in row.versions if v is not None and v.size is not None]
        return [f"only in {', '.join(there)}", *([size(max(sizes))] if sizes else [])]
    if not row.differs:
        return ["the same" if row.is_known else f"not known: {_unknown(row)}"]
    if all(change.hunks for change in row.changes):
        return []
    return [
        f"{LETTERS[i]} {_version(version)}"
        for i, version in enumerate(row.versions)
        if version is not None
    ]


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
    if change.reason and (change.hunks or names_runs):
        lines.append(out.paint(f"    {printable(change.reason)}", "dim"))
    for hunk in change.hunks:
        lines += _hunk(hunk, out)
    return lines


def _hunk(hunk: Hunk, out: Terminal) -> list[str]:
    place = f"-{hunk.old_start},{hunk.old_count} +{hunk.new_start},{hunk.new_count}"
    lines = [out.paint(f"    @@ {place} @@ {printable(hunk.heading)}".rstrip(), "cyan")]
    for line in hunk.lines:
        style = {"+": "green", "-": "red", "\\": "dim"}.get(line[:1], "")
        text = out.paint(_clean(line), style)
        lines.append(f"    {text}" if line.strip() else "")
    return lines


def _clean(line: str) -> str:
    return printable(line.replace("\t", "    "))

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
        names_runs = len(row.changes) > 1 or len(row.versions) > 2
        body = [
            line
            for change in row.changes
            if change.hunks
            for line in _change(change, out, names_runs=names_runs)
        ]
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
    if len(row.changes) == 1 and (row.changes[0].added or row.changes[0].removed):
        added = out.paint(f"+{row.changes[0].added:,}", "green")
        parts.append(f"{added} {out.paint(f'-{row.changes[0].removed:,}', 'red')}")
    if row.changes and all(change.is_cosmetic for change in row.changes):
        parts.append(COSMETIC)
    bare = [change for change in row.changes if not change.hunks]
    # Of a file that only some have there is nothing more to see than that.
    reasons = dict.fromkeys(c.reason for c in bare if c.reason and row.versions[c.to[0]])
    if row.versions[0] is not None:
        parts += [out.paint(f"({printable(reason)})", "dim") for reason in reasons]
    if row.remark:
        parts.append(out.paint(printable(row.remark), "dim"))
    return "  ".join(parts)


def _where(row: FileRow, recorded: Sequence[bool]) -> list[str]:
    """Tell which runs have the file, and the versions where no lines can tell them apart."""
    versions: dict[str, list[str]] = {}  # runs with the same version are told together
    for letter, version in zip(LETTERS, row.versions, strict=False):
        if version is not None:
            versions.setdefault(_version(version), []).append(letter)
    there = [LETTERS[i] for i, version in enumerate(row.versions) if version is not None]
    gone = [LETTERS[i] for i, version in enumerate(row.versions) if version is None and recorded[i]]
    found = [f"only in {', '.join(there)}"] if gone else []
    if len(versions) == 1 and gone:
        sizes = [v.size for v in row.versions if v is not None and v.size is not None]
        return found + [size(n) for n in sizes[:1]]
    if not row.differs:
        return ["the same" if row.is_known else f"not known: {_unknown(row)}"]
    if all(change.hunks for change in row.changes):
        return found
    return found + [f"{', '.join(runs)} {text}" for text, runs in versions.items()]


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
        counts = f"A to {runs}  +{change.added:,} -{change.removed:,}"
        lines.append(out.paint(f"    {counts}", "dim"))
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
        text = out.paint(_clean(line), style)
        lines.append(f"    {text}" if line.strip() else "")
    return lines


def _clean(line: str) -> str:
    return printable(line.replace("\t", "    "))

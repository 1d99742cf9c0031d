"""The page of `peira diff`: who is compared, what differs in short, then section by section."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec

from peira.cli.difffiles import files
from peira.cli.difftables import Look, metrics, values
from peira.cli.format import ago, duration, moment
from peira.cli.table import Cell, Column, layout, pairs
from peira.cli.terminal import STATE_STYLE, Terminal
from peira.compare.comparison import (
    LETTERS,
    Comparison,
    FileSection,
    MetricSection,
    Section,
    Side,
    is_difference,
)
from peira.compare.glance import glance
from peira.core.text import printable

COMMIT_DIGITS = 9
CODE_LINES_MAX = 60
DATA_LINES_MAX = 12
ROWS_MAX = 40
"""Changed lines of a file with their context, and rows of a section, before it says "more"."""
_INCIDENTAL = defaultdict(
    lambda: "of these runs alone",
    metrics="of the clock and the machine",
    code="that no run imported",
    packages="that no run imported",
)
"""What rows are that differ and cannot be why."""


def page(found: Comparison, look: Look) -> list[str]:
    """Return the lines of the page; all foreign text in them is harmless."""
    blocks = [_legend(found, look.out), _summary(found, look)]
    for section in found.sections:
        blocks.append(_section(section, found, look))
    return _joined(blocks)


def _joined(blocks: Sequence[list[str]]) -> list[str]:
    lines: list[str] = []
    for block in blocks:
        if block:
            lines += [*([""] if lines else []), *block]
    return lines


def _legend(found: Comparison, out: Terminal) -> list[str]:
    has_projects = len({side.project for side in found.runs}) > 1
    has_people = len({(side.user, side.host) for side in found.runs}) > 1
    columns = [Column(""), Column("run", shrinks=True), Column("id"), Column("state")]
    columns += [Column("created"), Column("duration", right=True)]
    columns += [Column("project", shrinks=True)] if has_projects else []
    columns += [Column("by", shrinks=True)] if has_people else []
    columns += [Column("code", shrinks=True)]
    rows = []
    for letter, side in zip(LETTERS, found.runs, strict=False):
        when = ago(side.created) if out.is_terminal else moment(side.created)
        cells = [Cell(letter, "bold"), Cell(side.name, "bold"), Cell(side.id, "dim")]
        cells += [Cell(side.state, STATE_STYLE.get(side.state, "")), Cell(when)]
        cells += [Cell(duration(side.duration))]
        cells += [Cell(side.project)] if has_projects else []
        cells += [Cell(f"{side.user} on {side.host}")] if has_people else []
        rows.append([*cells, Cell(_code_of(side))])
    lines = layout(columns, rows, out).lines
    for letter, side in zip(LETTERS, found.runs, strict=False):
        if side.error:
            lines.append(f"{letter}  {out.paint(printable(side.error), 'red')}")
    return lines


def _code_of(side: Side) -> str:
    commit = f" at {side.commit[:COMMIT_DIGITS]}" if side.commit else ""
    return f"{side.script}{commit}{' + changes' if side.is_dirty else ''}"


def _summary(found: Comparison, look: Look) -> list[str]:
    told = glance(found)
    items = [
        ("different", ", ".join(told.differing) or "nothing that was recorded"),
        ("the same", ", ".join(told.same)),
        ("not known", ", ".join(told.unknown)),
    ]
    return pairs([(name, text) for name, text in items if text], look.out, indent="")


def _section(section: Section, found: Comparison, look: Look) -> list[str]:
    if not section.rows:
        return []
    title = look.out.paint(section.name, "bold")
    absent = [LETTERS[i] for i, is_there in enumerate(section.recorded) if not is_there]
    remarks = [f"not recorded by {', '.join(absent)}"] if absent else []
    remarks += section.remarks
    if section.incidental and not look.everything:
        remarks.append(f"{section.incidental:,} more {_INCIDENTAL[section.name]}: --all")
    lines = [" · ".join([title, *(look.out.paint(printable(r), "dim") for r in remarks)])]
    rows: list[Any] = sorted(section.rows, key=lambda row: not is_difference(row))
    room = ROWS_MAX if look.is_short else len(rows)
    section = msgspec.structs.replace(section, rows=rows[:room])
    if isinstance(section, MetricSection):
        lines += metrics(section, found, look)
    elif isinstance(section, FileSection):
        lines += files(section, look.out, lines_max=_lines_max(section, look))
    else:
        lines += values(section, found, look)
    if len(rows) > room:
        more = f"  … {len(rows) - room:,} more: --section {section.name}"
        lines.append(look.out.paint(more, "dim"))
    return lines


def _lines_max(section: FileSection, look: Look) -> int | None:
    """Return how many changed lines of each file to show; None for all of them."""
    if section.name == "logs" and not look.is_chosen:
        return 0
    if not look.is_short:
        return None
    return CODE_LINES_MAX if section.name == "code" else DATA_LINES_MAX

"""The page of `peira diff`: who is compared, what differs in short, then section by section."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from peira.cli.difffiles import files
from peira.cli.format import MISSING, ago, apart, duration, exact, json_text, moment, number
from peira.cli.table import Cell, Column, display_width, layout, pairs, shorten
from peira.cli.terminal import STATE_STYLE, Terminal
from peira.cli.words import mark_words
from peira.compare.comparison import (
    LETTERS,
    Comparison,
    FileSection,
    MetricRow,
    MetricSection,
    Numbers,
    Section,
    Side,
    ValueRow,
    ValueSection,
    is_difference,
)
from peira.compare.glance import glance
from peira.core.text import printable

CELL_WIDTH_MAX = 32
"""A value wider than this is written below its name, one run a line."""
NAMES_WIDTH_MAX = 64
"""Of the names of all runs above a table, and at least 14 each."""
PART_MAX = 10
"""A delta of more than so many times the base says nothing as a percentage."""
COMMIT_DIGITS = 9
CODE_LINES_MAX = 60
DATA_LINES_MAX = 12
ROWS_MAX = 40
"""Changed lines of a file with their context, and rows of a section, before it says "more"."""
NOT_RECORDED = "?"
_INCIDENTAL = defaultdict(
    lambda: "of this run alone",
    metrics="of the clock and the machine",
    code="that no run imported",
    packages="that no run imported",
)
"""What rows are that differ and cannot be why."""


@dataclass(frozen=True)
class Look:
    """How the page is written.

    Args:
        everything: equal rows are in the comparison, too.
        is_chosen: sections were asked for by name: logs are shown line by line, too, and no change
            is cut. Else long changes are cut on a terminal.
    """

    out: Terminal
    everything: bool = False
    is_chosen: bool = False

    @property
    def is_short(self) -> bool:
        """Whether what is long is cut."""
        return self.out.is_terminal and not self.is_chosen and not self.everything


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


def heads(found: Comparison) -> list[str]:
    """Return what stands above the columns of the runs: `A brisk-otter`."""
    width = max(14, NAMES_WIDTH_MAX // len(found.runs))
    return [
        f"{LETTERS[i]} {shorten(printable(side.name), width)}" for i, side in enumerate(found.runs)
    ]


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
        lines += _metrics(section, found, look)
    elif isinstance(section, FileSection):
        lines += files(section, look.out, lines_max=_lines_max(section, look))
    else:
        lines += _values(section, found, look)
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


# Metrics.


def _metrics(section: MetricSection, found: Comparison, look: Look) -> list[str]:
    is_pair = len(found.runs) == 2
    columns = [Column("  ", shrinks=True), Column("")]
    columns += [Column(head, right=True) for head in heads(found)]
    columns += [Column("B - A", right=True), Column("", right=True)] if is_pair else []
    rows, has_winner = [], False
    for metric in section.rows:
        name = f"  {metric.name}"
        for words, numbers in _summaries(metric, look):
            cells = [Cell(name), Cell(words, "dim"), *_numbers(numbers)]
            cells += [Cell(text) for text in _delta(numbers)] if is_pair else []
            rows.append(cells)
            name = ""
            has_winner |= numbers.winner is not None
    lines = layout(columns, rows, look.out).lines
    if has_winner:
        note = "  * the better one of these runs; one run each does not tell skill from luck"
        lines.append(look.out.paint(note, "dim"))
    return lines


def _summaries(metric: MetricRow, look: Look) -> list[tuple[str, Numbers]]:
    """Return the summaries to show, each with its word: `max`, `last`, or both in one."""
    last, best, word = metric.last, metric.best, metric.direction
    if best is None or word is None:
        return [("last", last)]
    if json_text(best.values) == json_text(last.values):
        return [(f"{word}, last", best)]
    both = [(word, best), ("last", last)]
    return both if look.everything else [told for told in both if _differ(told[1])] or both[:1]


def _differ(numbers: Numbers) -> bool:
    return len({json_text(value) for value in numbers.values}) > 1


def _numbers(numbers: Numbers) -> list[Cell]:
    mark = " " if numbers.winner is not None else ""  # the digits stay below each other
    return [
        Cell(f"{text}*", "green") if i == numbers.winner else Cell(text + mark)
        for i, text in enumerate(apart(numbers.values))
    ]


def _delta(numbers: Numbers) -> tuple[str, str]:
    base, delta = numbers.values[0], numbers.deltas[1]
    if delta is None:
        return "", ""
    delta = float(f"{delta:.12g}")  # 0.9 - 0.92 is -0.02, not -0.02000000000000002
    if delta == 0:
        return "0", ""
    part = f"{delta / abs(base):+.1%}" if base and abs(delta) < PART_MAX * abs(base) else ""
    return f"{'+' if delta > 0 else ''}{number(delta)}", part


# Named values.


def _values(section: ValueSection, found: Comparison, look: Look) -> list[str]:
    """Return a table of what is short, and below it what is long, one run a line."""
    texts = [(row, _texts(row, section.recorded)) for row in section.rows]
    short = [(r, t) for r, t in texts if max(map(display_width, t)) <= CELL_WIDTH_MAX]
    lines: list[str] = []
    if short:
        table = _table(short, found, look)
        if table is None:
            short = []
        else:
            lines += table
    kept = {row.name for row, _ in short}
    for row, cells in texts:
        if row.name not in kept:
            lines += _stacked(row, cells, look.out)
    return lines


def _table(
    rows: Sequence[tuple[ValueRow, list[str]]], found: Comparison, look: Look
) -> list[str] | None:
    """Return the table; None when a run's column would not fit."""
    has_remarks = any(row.remark for row, _ in rows)
    columns = [Column("  ", shrinks=True), *(Column(head) for head in heads(found))]
    columns += [Column("")] if has_remarks else []
    cells = []
    for row, texts in rows:
        style = _style(row)
        line = [Cell(f"  {row.name}", style)]
        line += [Cell(text, style) for text in texts]
        cells.append(line + ([Cell(row.remark, "dim")] if has_remarks else []))
    shown = layout(columns, cells, look.out)
    return None if shown.left_out > has_remarks else shown.lines


def _stacked(row: ValueRow, texts: Sequence[str], out: Terminal) -> list[str]:
    lines = [f"  {out.paint(printable(row.name), _style(row))}"]
    if row.remark:
        lines[0] += f"  {out.paint(printable(row.remark), 'dim')}"
    letters: dict[str, list[str]] = {}  # runs with the same text share a line
    for letter, text in zip(LETTERS, texts, strict=False):
        letters.setdefault(text, []).append(letter)
    width = max(len(", ".join(runs)) for runs in letters.values())
    for runs, text in zip(letters.values(), mark_words(list(letters), out), strict=True):
        lines.append(f"    {out.paint(', '.join(runs).ljust(width), 'dim')}  {text}")
    return lines


def _style(row: ValueRow) -> str:
    return "" if row.differs and not row.is_incidental else "dim"


def _texts(row: ValueRow, recorded: Sequence[bool]) -> list[str]:
    """Return the values as text; of those that look the same and are not, their types show."""
    write: Callable[[Any], str] = _text
    there = [v for v, has in zip(row.values, row.has, strict=True) if has]
    if row.differs and len({_text(v) for v in there}) < len({json_text(v) for v in there}):
        write = json_text
    return [
        printable(write(value)) if has else MISSING if is_there else NOT_RECORDED
        for value, has, is_there in zip(row.values, row.has, recorded, strict=True)
    ]


def _text(value: Any) -> str:
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return "null" if value is None else '""' if value in ("", []) else exact(value)

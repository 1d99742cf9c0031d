"""Tables on the page of `peira diff`: metrics and named values, a column for each run.

No run is ever left out: where the columns do not fit, names of runs become letters, then each row
becomes lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from peira.cli.format import MISSING, apart, exact, json_text, number
from peira.cli.table import Cell, Column, display_width, layout, shorten
from peira.cli.terminal import Terminal
from peira.cli.words import mark_words
from peira.compare.comparison import (
    LETTERS,
    Comparison,
    MetricRow,
    MetricSection,
    Numbers,
    ValueRow,
    ValueSection,
)
from peira.compare.values import is_rounding
from peira.core.text import printable

CELL_WIDTH_MAX = 32
"""A value wider than this is written below its name, one run a line."""
NAMES_WIDTH_MAX = 64
"""Of the names of all runs above a table, and at least 14 each."""
PART_MAX = 10
"""A delta of more than so many times the base says nothing as a percentage."""
NOT_RECORDED = "?"


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


def heads(found: Comparison) -> list[str]:
    """Return what stands above the columns of the runs: `A brisk-otter`."""
    width = max(14, NAMES_WIDTH_MAX // len(found.runs))
    return [
        f"{LETTERS[i]} {shorten(printable(side.name), width)}" for i, side in enumerate(found.runs)
    ]


Table = tuple[list[Column], list[list[Cell]]]


def _fitting(tables: Iterator[Table], out: Terminal) -> list[str] | None:
    """Return the lines of the first table whose columns all fit; None when none does."""
    for columns, rows in tables:
        shown = layout(columns, rows, out)
        if not shown.left_out:
            return shown.lines
    return None


# Metrics.


def metrics(section: MetricSection, found: Comparison, look: Look) -> list[str]:
    """Return the table of metrics; the best of each row has a star."""
    rows = [
        (metric.name if n == 0 else "", words, numbers)
        for metric in section.rows
        for n, (words, numbers) in enumerate(_summaries(metric, look))
    ]
    lines = _fitting(_metric_tables(rows, found), look.out)
    if lines is None:
        lines = [line for row in rows for line in _metric_lines(row, look.out)]
    if any(numbers.winner is not None for _, _, numbers in rows):
        note = "  * the better one of these runs; one run each does not tell skill from luck"
        lines.append(look.out.paint(note, "dim"))
    return lines


MetricLine = tuple[str, str, Numbers]


def _metric_tables(rows: Sequence[MetricLine], found: Comparison) -> Iterator[Table]:
    is_pair = len(found.runs) == 2
    letters = list(LETTERS[: len(found.runs)])
    for names, has_delta in ((heads(found), is_pair), (letters, is_pair), (letters, False)):
        columns = [Column("  ", shrinks=True), Column("")]
        columns += [Column(name, right=True) for name in names]
        columns += [Column("B - A", right=True), Column("", right=True)] if has_delta else []
        cells = []
        for name, words, numbers in rows:
            line = [Cell(f"  {name}"), Cell(words, "dim"), *_numbers(numbers)]
            line += [Cell(text) for text in _delta(numbers)] if has_delta else []
            cells.append(line)
        yield columns, cells


def _metric_lines(row: MetricLine, out: Terminal) -> list[str]:
    """Return a row as lines: its name, then the runs with their values, as many as fit a line."""
    name, words, numbers = row
    lines = [f"  {printable(name)}"] if name else []
    line = f"    {out.paint(words, 'dim')}"
    width = display_width(f"    {words}")
    for letter, cell in zip(LETTERS, _numbers(numbers), strict=False):
        text = f"{letter} {cell.text.strip()}"
        if width + 2 + display_width(text) > out.columns:
            lines.append(line)
            line, width = "     ", 5
        line += f"  {out.paint(text, cell.style)}"
        width += 2 + display_width(text)
    return [*lines, line]


def _summaries(metric: MetricRow, look: Look) -> list[tuple[str, Numbers]]:
    """Return the summaries to show, each with its word: `max`, `last`, or both in one; and the
    number of points, where that alone differs.
    """
    last, best, word = metric.last, metric.best, metric.direction
    if best is None or word is None:
        shown = [("last", last)]
    elif json_text(best.values) == json_text(last.values):
        shown = [(f"{word}, last", best)]
    else:
        both = [(word, best), ("last", last)]
        shown = both if look.everything else [told for told in both if _differ(told[1])] or both[:1]
    if not any(_differ(numbers) for _, numbers in shown) and len(set(metric.counts)) > 1:
        nothing: list[Any] = [None] * len(metric.counts)
        shown.append(("points", Numbers(values=metric.counts, steps=nothing, deltas=nothing)))
    return shown


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
    if base is not None and is_rounding(base, base + delta):
        return number(delta), "rounding"
    part = f"{delta / abs(base):+.1%}" if base and abs(delta) < PART_MAX * abs(base) else ""
    return f"{'+' if delta > 0 else ''}{number(delta)}", part


# Named values.


def values(section: ValueSection, found: Comparison, look: Look) -> list[str]:
    """Return a table of what is short, and below it what is long, one run a line."""
    texts = [(row, _texts(row, section.recorded)) for row in section.rows]
    short = [(r, t) for r, t in texts if max(map(display_width, t)) <= CELL_WIDTH_MAX]
    table = _fitting(_value_tables(short, found), look.out) if short else None
    lines = table or []
    kept = {row.name for row, _ in short} if table else set()
    for row, cells in texts:
        if row.name not in kept:
            lines += _stacked(row, cells, look.out)
    return lines


def _value_tables(rows: Sequence[tuple[ValueRow, list[str]]], found: Comparison) -> Iterator[Table]:
    has_remarks = any(row.remark for row, _ in rows)
    for names in (heads(found), list(LETTERS[: len(found.runs)])):
        columns = [Column("  ", shrinks=True), *(Column(name) for name in names)]
        columns += [Column("", shrinks=True)] if has_remarks else []
        cells = []
        for row, texts in rows:
            line = [Cell(text, _style(row)) for text in (f"  {row.name}", *texts)]
            cells.append(line + ([Cell(row.remark, "dim")] if has_remarks else []))
        yield columns, cells


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

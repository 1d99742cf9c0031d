"""Text tables: aligned with spaces, right for numbers, escaped, and cut only on a terminal.

Columns are given most important first. Where the width is limited, texts are shortened first, then
columns are left out from the right, and the caller is told how many.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from peira.cli.format import MISSING
from peira.cli.terminal import Terminal
from peira.core.text import printable

GAP = "  "
TEXT_WIDTH_MIN = 16  # a text column is not shortened below this


@dataclass(frozen=True)
class Column:
    """One column: its title, and how its cells stand.

    Args:
        title: as printed; escaped like the cells.
        right: whether cells stand at the right, as numbers do.
        shrinks: whether its texts may be shortened when the terminal is narrow.
    """

    title: str
    right: bool = False
    shrinks: bool = False


@dataclass(frozen=True)
class Cell:
    """A text and its style (a name that `Terminal.paint` knows, or nothing)."""

    text: str
    style: str = ""


@dataclass(frozen=True)
class Layout:
    """The lines of a table, and how many columns did not fit."""

    lines: list[str]
    left_out: int


def layout(
    columns: Sequence[Column], rows: Sequence[Sequence[Cell | str]], terminal: Terminal
) -> Layout:
    """Return the table's lines, the titles first, none wider than the terminal."""
    cells = [[_cell(item) for item in row] for row in rows]
    titles = [printable(column.title) for column in columns]
    widths = [
        max([display_width(titles[i]), *(display_width(row[i].text) for row in cells)])
        for i in range(len(columns))
    ]
    kept = len(columns)
    if terminal.width is not None:
        kept, widths = _fit(columns, widths, terminal.width)
    lines = [
        terminal.paint(
            _join(_pad(titles[i], widths[i], columns[i].right) for i in range(kept)), "bold"
        )
    ]
    for row in cells:
        parts = []
        for i in range(kept):
            text = _pad(row[i].text, widths[i], columns[i].right)
            # The padding stays unpainted, so that the end of a line can be trimmed.
            bare = text.strip()
            style = row[i].style or ("dim" if bare == MISSING else "")
            parts.append(text.replace(bare, terminal.paint(bare, style), 1) if bare else text)
        lines.append(_join(parts))
    return Layout(lines, len(columns) - kept)


def pairs(items: Sequence[tuple[str, str]], terminal: Terminal, indent: str = "  ") -> list[str]:
    """Return `name  value` lines with the values under each other; both are escaped."""
    names = [printable(name) for name, _ in items]
    width = min(max((display_width(name) for name in names), default=0), 40)
    return [
        indent + terminal.paint(_pad(name, width, right=False, cut=False), "dim") + GAP
        + printable(value)
        for name, (_, value) in zip(names, items, strict=True)
    ]  # fmt: skip


def display_width(text: str) -> int:
    """Return how many terminal columns a text takes: wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_character_width(character) for character in text)


def shorten(text: str, width: int) -> str:
    """Return `text` in at most `width` columns; what was cut shows as `…` at the end."""
    if display_width(text) <= width:
        return text
    kept, used = [], 0
    for character in text:
        used += _character_width(character)
        if used > width - 1:
            break
        kept.append(character)
    return "".join(kept) + "…"


def _character_width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Me", "Mn"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _cell(item: Cell | str) -> Cell:
    if isinstance(item, str):
        return Cell(printable(item))
    return Cell(printable(item.text), item.style)


def _fit(columns: Sequence[Column], widths: list[int], room: int) -> tuple[int, list[int]]:
    widths = list(widths)

    def total(count: int) -> int:
        return sum(widths[:count]) + len(GAP) * (count - 1)

    # Long names give way before any column goes, but not below what still tells runs apart.
    for i in sorted(range(len(columns)), key=lambda i: -widths[i]):
        if columns[i].shrinks and total(len(columns)) > room:
            spare = total(len(columns)) - room
            widths[i] = max(min(TEXT_WIDTH_MIN, widths[i]), widths[i] - spare)
    kept = len(columns)
    while kept > 1 and total(kept) > room:
        kept -= 1
    return kept, widths


def _pad(text: str, width: int, right: bool, *, cut: bool = True) -> str:
    if cut:
        text = shorten(text, width)
    space = " " * max(0, width - display_width(text))
    return space + text if right else text + space


def _join(parts: Iterable[str]) -> str:
    return GAP.join(parts).rstrip()

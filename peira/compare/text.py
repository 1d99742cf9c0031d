"""A comparison as a notebook and an interpreter show it."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

from peira.compare.comparison import (
    LETTERS,
    Comparison,
    FileRow,
    MetricRow,
    Row,
    Section,
    ValueRow,
    is_difference,
)
from peira.compare.glance import COSMETIC, glance
from peira.core.text import printable
from peira.lab.runs import short

ROWS_MAX = 5
"""Rows of a section in the text form."""
HTML_ROWS_MAX = 200
HTML_LINES_MAX = 1_000
"""Lines of all hunks together."""


def as_text(found: Comparison) -> str:
    """Return who is compared, the three lists, and the first differences of each section."""
    lines = [
        f"{letter} {printable(side.name)} {side.id} {side.state}"
        for letter, side in zip(LETTERS, found.runs, strict=False)
    ]
    told = glance(found)
    for title, items in zip(("different", "the same", "not known"), told, strict=True):
        if items:
            lines.append(f"{title}: {', '.join(items)}")
    for section in found.sections:
        rows = _shown(section)
        lines += [f"  {section.name}  {_line(row)}" for row in rows[:ROWS_MAX]]
        if len(rows) > ROWS_MAX:
            lines.append(f"  {section.name}  … {len(rows) - ROWS_MAX:,} more")
    return "\n".join(lines)


def _shown(section: Section) -> list[Any]:
    return [row for row in section.rows if section.is_known and is_difference(row)]


def _line(row: Row) -> str:
    if isinstance(row, FileRow):
        return f"{printable(row.name)}: {_file(row)}"
    cells = " -> ".join(_cells(row))
    return f"{printable(row.name)}{_word(row)}: {cells}"


def _word(row: MetricRow | ValueRow) -> str:
    if isinstance(row, ValueRow):
        return ""
    return f".{row.direction}" if row.direction is not None else ""


def _cells(row: MetricRow | ValueRow) -> list[str]:
    if isinstance(row, MetricRow):
        return [short(value) for value in (row.best or row.last).values]
    values = _without_start(row.values)
    return [short(v) if has else "-" for v, has in zip(values, row.has, strict=True)]


def _without_start(values: list[Any]) -> list[Any]:
    """Leave out how long texts begin alike, so that where they differ is seen."""
    if not all(isinstance(value, str) for value in values) or max(map(len, values)) <= 40:
        return values
    alike = 0
    while len({value[alike : alike + 1] for value in values}) == 1 and values[0][alike:]:
        alike += 1
    start = max(0, alike - 20)
    return [f"…{value[start:]}" if start else value for value in values]


def _file(row: FileRow) -> str:
    there = [LETTERS[i] for i, version in enumerate(row.versions) if version is not None]
    parts = [] if len(there) == len(row.versions) else [f"only in {', '.join(there)}"]
    for change in row.changes:
        runs = ", ".join(LETTERS[i] for i in change.to)
        counts = f"+{change.added:,} -{change.removed:,}" if change.added or change.removed else ""
        why = COSMETIC if change.is_cosmetic else change.reason
        texts = [counts, f"({printable(why)})" if why else ""]
        parts.append(" ".join([f"{runs}", *filter(None, texts)]))
    return ", ".join(parts) or ("differs" if row.differs else "not known")


def as_html(found: Comparison) -> str:
    """Return tables of what differs, code unfolding; all foreign text in it is escaped."""
    heads = "".join(
        f"<th>{letter} {_escape(side.name)}</th>"
        for letter, side in zip(LETTERS, found.runs, strict=False)
    )
    told = glance(found)
    parts = [
        f"<p><b>{title}</b> {_escape(', '.join(items))}</p>"
        for title, items in zip(("different", "the same", "not known"), told, strict=True)
        if items
    ]
    budget = [HTML_LINES_MAX]
    for section in found.sections:
        rows = _shown(section)
        if rows:
            body = "".join(_html_row(row, len(found.runs), budget) for row in rows[:HTML_ROWS_MAX])
            more = len(rows) - HTML_ROWS_MAX
            note = f"<p>… {more:,} more</p>" if more > 0 else ""
            parts.append(
                f"<table><caption>{section.name}</caption><tr><th></th>{heads}</tr>{body}"
                f"</table>{note}"
            )
    return "<div>" + "".join(parts) + "</div>"


def _html_row(row: Row, runs: int, budget: list[int]) -> str:
    if isinstance(row, FileRow):
        lines = "\n".join(_html_lines(row, budget))
        body = f"<pre>{lines}</pre>" if lines else ""
        about = f"<summary>{_escape(_file(row))}</summary>"
        return (
            f"<tr><th>{_escape(row.name)}</th><td colspan={runs}>"
            f"<details>{about}{body}</details></td></tr>"
        )
    cells = "".join(f"<td>{_escape(text)}</td>" for text in _cells(row))
    return f"<tr><th>{_escape(row.name + _word(row))}</th>{cells}</tr>"


def _html_lines(row: FileRow, budget: list[int]) -> Iterator[str]:
    for change in row.changes:
        for hunk in change.hunks:
            budget[0] -= len(hunk.lines)
            if budget[0] < 0:
                return
            yield _escape(f"@@ -{hunk.old_start} +{hunk.new_start} @@ {hunk.heading}")
            yield from (_escape(line) for line in hunk.lines)


def _escape(text: str) -> str:
    return html.escape(printable(text))

"""What differs between two runs and could be why their results do: one factor a thing.

Results (metrics, outputs, logs) and what was said about runs are no factors.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from peira.compare.comparison import (
    Comparison,
    FileRow,
    FileSection,
    Hunk,
    MetricSection,
    SectionName,
    ValueRow,
)

FACTOR_SECTIONS: tuple[SectionName, ...] = (
    "params",
    "code",
    "data",
    "packages",
    "environment",
    "command",
    "system",
)
"""Likeliest first: what people change on purpose, then what changed around them."""


class Factor(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that differs.

    A changed file of code is one factor for each of its hunks when its lines are known, else one.
    """

    section: SectionName
    name: str
    """Of the value, the package or the file."""
    values: list[Any]
    """By run; of a file its digests. None where a run has none."""
    has: list[bool]
    kind: Literal["value", "file", "hunk"] = "value"
    to: list[int] = []
    """The runs that have the hunk."""
    hunk: Hunk | None = None
    is_cosmetic: bool = False
    """Comments, docstrings and layout: it cannot change a result."""

    @property
    def title(self) -> str:
        """The thing as a page calls it: `lr`, `train.py:12`, `numpy`."""
        if self.hunk is None:
            return self.name
        return f"{self.name}:{self.hunk.line}"


def factors(found: Comparison) -> list[Factor]:
    """Return what differs and may matter, the likeliest first, what cannot matter last.

    Needs a comparison with all of `FACTOR_SECTIONS`; sections that are missing give none. What was
    not recorded is no factor: look at `recorded` of the sections.
    """
    told: list[Factor] = []
    sections = {section.name: section for section in found.sections}
    for name in FACTOR_SECTIONS:
        section = sections.get(name)
        if section is None or isinstance(section, MetricSection) or not section.is_known:
            continue
        for row in section.rows:
            if row.differs and not row.is_incidental:
                told += _of(name, row, is_code=isinstance(section, FileSection) and name == "code")
    return sorted(told, key=lambda factor: factor.is_cosmetic)  # stable


def _of(section: SectionName, row: ValueRow | FileRow, *, is_code: bool) -> Iterator[Factor]:
    if isinstance(row, ValueRow):
        yield Factor(section=section, name=row.name, values=row.values, has=row.has)
        return
    digests = [None if version is None else version.digest for version in row.versions]
    has = [version is not None for version in row.versions]
    hunks = [(change, hunk) for change in row.changes for hunk in change.hunks]
    if is_code and hunks and all(change.hunks for change in row.changes) and all(has):
        for change, hunk in hunks:
            yield Factor(
                section=section, name=row.name, values=digests, has=has, kind="hunk",
                to=change.to, hunk=hunk, is_cosmetic=change.is_cosmetic,
            )  # fmt: skip
        return
    is_cosmetic = bool(row.changes) and all(change.is_cosmetic for change in row.changes)
    yield Factor(
        section=section, name=row.name, values=digests, has=has, kind="file",
        is_cosmetic=is_cosmetic,
    )  # fmt: skip

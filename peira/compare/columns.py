"""A comparison as one flat table: a line for each named thing, a column for each run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from peira.compare.comparison import Comparison, FileRow, MetricRow, Row


def to_columns(found: Comparison) -> dict[str, list[Any]]:
    """Return the columns `section`, `name`, `what`, `differs`, then one for each run.

    `what` is the summary of a metric (`last`, `max`, `min`), `value`, or `digest` of a file.
    """
    lines = [
        (section.name, row.name, what, row.differs, *values)
        for section in found.sections
        for row in section.rows
        for what, values in _values(row)
    ]
    names = ["section", "name", "what", "differs"]
    names += [f"{side.name} {side.id}" for side in found.runs]
    return {name: [line[i] for line in lines] for i, name in enumerate(names)}


def _values(row: Row) -> Iterator[tuple[str, list[Any]]]:
    if isinstance(row, FileRow):
        yield "digest", [None if v is None else v.digest or v.reason for v in row.versions]
    elif isinstance(row, MetricRow):
        if row.best is not None and row.direction is not None:
            yield row.direction, row.best.values
        yield "last", row.last.values
    else:
        yield "value", row.values

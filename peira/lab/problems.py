"""Damage that was found while reading: told once, with its place."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, select

from peira.lab.index import schema


class Problem(msgspec.Struct, frozen=True):
    """A place that could not be read. What is around it stands."""

    run: str
    """Run id; empty for the journal."""
    file: str
    offset: int
    length: int
    reason: str


def problems(connection: Connection, run: str | None = None) -> list[Problem]:
    """Return the problems of a run, or of the whole lab, by run, file and offset."""
    table = schema.problem
    question = select(
        table.c.run, table.c.file, table.c.offset, table.c.length, table.c.reason
    ).order_by(table.c.run, table.c.file, table.c.offset)
    if run is not None:
        question = question.where(table.c.run == run)
    return [Problem(*row) for row in connection.execute(question)]

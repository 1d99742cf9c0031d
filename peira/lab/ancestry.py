"""What a resumed run inherits: the points of the runs it goes on from, up to each fork."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, select

from peira.lab.index import schema
from peira.record.events import Birth, Origin

GENERATIONS_MAX = 50


class Inherited(msgspec.Struct, frozen=True, kw_only=True):
    """An earlier run, and the step up to which its points belong to the later one, too."""

    run: str
    name: str
    step: int


def inherited(connection: Connection, run: str) -> list[Inherited]:
    """Return the runs that a run goes on from, nearest first; empty unless it was resumed.

    The chain ends where a run is not in this lab, or where no step is named.
    """
    found: list[Inherited] = []
    _, origin = _born(connection, run)
    while origin is not None and origin.how == "resume" and origin.step is not None:
        known = {run, *(one.run for one in found)}
        name, further = _born(connection, origin.run)
        if name is None or origin.run in known or len(found) >= GENERATIONS_MAX:
            break
        # What the nearer run did not inherit is none of this one's, either.
        step = min([origin.step, *(one.step for one in found)])
        found.append(Inherited(run=origin.run, name=name, step=step))
        origin = further
    return found


def _born(connection: Connection, run: str) -> tuple[str | None, Origin | None]:
    table = schema.run.c
    row = connection.execute(select(table.name, table.birth).where(table.id == run)).first()
    if row is None:
        return None, None
    try:
        return row.name, msgspec.json.decode(row.birth, type=Birth).origin
    except msgspec.MsgspecError:
        return row.name, None

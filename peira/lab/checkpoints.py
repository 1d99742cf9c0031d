"""The checkpoints of a run, as readers find them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, select

from peira.lab.index import schema
from peira.lab.query.several import among
from peira.record.checkpoints import standing
from peira.record.events import Checkpoint, Dropped

_decoder = msgspec.json.Decoder(Checkpoint | Dropped)


def read_checkpoints(connection: Connection, numbers: Sequence[int]) -> dict[int, list[Checkpoint]]:
    """Return the checkpoints that stand, by run number, each in order of step.

    When several writers of a run made one of the same step, that of the latest stands.
    """
    event = schema.event.c
    question = (
        select(event.run, event.writer, event.data)
        .where(among(event.run, numbers), event.kind.in_(("checkpoint", "dropped")))
        .order_by(event.run, event.writer, event.n)
    )
    told: dict[int, dict[str, list[tuple[None, Checkpoint | Dropped]]]] = {}
    for run, writer, data in connection.execute(question):
        told.setdefault(run, {}).setdefault(writer, []).append((None, _decoder.decode(data)))
    found = {}
    for run, writers in told.items():
        kept = [made for lines in writers.values() for _, made in standing(lines)]
        by_step = {made.step: made for made in sorted(kept, key=lambda made: made.time)}
        found[run] = [by_step[step] for step in sorted(by_step)]
    return found

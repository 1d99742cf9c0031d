"""Events of a run -> attributes, tags, events, and fields of the run."""

from __future__ import annotations

import math
from typing import Any

import msgspec
from sqlalchemy import delete, select

from peira.lab import journal
from peira.lab.attribute import attribute_row
from peira.lab.index import schema
from peira.lab.index.upsert import insert_new
from peira.lab.ingest_facts import Facts, Row
from peira.record import events
from peira.record.events import AnyEvent

LINKS_MAX = 2_000
"""So many files of one record can be found by their content; the run folder names all."""


class RunFields:
    """Fields of the row of a run that its events change."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.changed: Row = {}

    def set(self, **fields: Any) -> None:
        """Change fields."""
        self.changed.update(fields)

    def add(self, name: str, amount: int) -> None:
        """Add to a count."""
        self.changed[name] = int(self.changed.get(name) or self.row[name] or 0) + amount

    @property
    def told(self) -> float:
        """The newest time in the lines read so far."""
        row = self.changed if "told" in self.changed else self.row
        return float(row["told"])

    def tell(self, time_s: float) -> None:
        """A line holds this time."""
        if math.isfinite(time_s) and time_s > self.told:
            self.changed["told"] = round(time_s, 6)


def fold(facts: Facts, fields: RunFields, writer: str, event: AnyEvent, body: bytes) -> None:
    """Write what one event says about the run of `fields`."""
    run = fields.row["n"]
    fields.tell(event.time)
    match event:
        case events.Params(values=values):
            for name, value in values.items():
                key = facts.key("param", name)
                facts.put(schema.attribute, {"key": key, "run": run} | attribute_row(value))
        case events.Tags(add=add, remove=remove):
            _fold_tags(facts, fields.row, add, remove)
        case events.End():
            if not writer:
                fields.set(end=body, ended=event.time, duration=event.duration_s)
        case events.Alive():
            pass
        case _:
            _keep(facts, fields, writer, event, body)


def _keep(facts: Facts, fields: RunFields, writer: str, event: AnyEvent, body: bytes) -> None:
    """Keep an event as it came, and count what is counted."""
    name, step = "", None
    match event:
        case events.Captured(aspect=aspect, value=value):
            name = aspect
            if aspect == "fingerprint":
                _put_fingerprint(facts, fields.row["n"], value)
            git = value.get("git") if aspect == "code" else None
            commit = git.get("commit") if isinstance(git, dict) else None
            if isinstance(commit, str) and commit:
                fields.set(commit=commit)
        case events.Media():
            name, step = event.key, event.step
        case events.Artifact():
            name = event.name
            _put_links(
                facts,
                fields.row["n"],
                event.role,
                [(f"{name}/{file.path}", file.object) for file in event.files],
            )
        case events.Files():
            name = event.role
            # What a watch saw written may be another program's work: it is listed, and no edge.
            # What it saw opened to read is told as that: the run may have read it.
            is_output = event.role == "output"
            for is_sure in (True, False):
                role = event.role if is_sure or event.role != "input" else schema.MAYBE
                seen = [
                    (file.path, file.object)
                    for file in event.files
                    if file.object and file.is_sure == is_sure and (is_sure or not is_output)
                ]
                _put_links(facts, fields.row["n"], role, seen)
        case events.Evaluation():
            name, step = event.name, event.step
            stored = [(event.name, d) for d in (event.samples, event.content) if d]
            _put_links(facts, fields.row["n"], "evaluation", stored)
        case events.Checkpoint():
            step = event.step
            kept = [(f"{step}/{file.path}", file.object) for file in event.files]
            _put_links(facts, fields.row["n"], "checkpoint", kept)
        case events.Cell():
            step = event.index
        case events.Alert():
            name = event.title
            fields.add("alerts", 1)
        case events.Lost():
            fields.add("lost_points", event.points)
        case events.Inexact():
            name, step = event.key, event.step
        case _:
            pass
    kind = str(type(event).__struct_config__.tag)
    facts.put(
        schema.event,
        {
            "run": fields.row["n"],
            "kind": kind,
            "name": name,
            "step": step if step is None or abs(step) < 1 << 63 else None,
            "time": event.time,
            "writer": writer,
            "data": body,
        },
    )


def _put_links(facts: Facts, run: int, role: str, files: list[tuple[str, str]]) -> None:
    for path, digest in files[:LINKS_MAX]:
        facts.put(schema.link, {"digest": digest, "run": run, "role": role, "path": path})


def _put_fingerprint(facts: Facts, run: int, value: dict[str, Any]) -> None:
    parts = {c.name: str(value.get(c.name) or "") for c in schema.fingerprint.c if c.name != "run"}
    facts.put(schema.fingerprint, {"run": run} | parts)


def _fold_tags(facts: Facts, row: Row, add: list[str], remove: list[str]) -> None:
    """Tags by the program. What a person said about the same tag stands above it."""
    facts.flush()
    tag, decision = schema.tag, schema.decision
    for name in add:
        said = facts.connection.execute(
            select(decision.c.time).where(
                decision.c.kind == journal.RUN_TAG, decision.c.id == f"{row['id']}/{name}"
            )
        ).first()
        if said is None:
            facts.connection.execute(insert_new(tag), {"name": name, "run": row["n"], "by": ""})
    for name in remove:
        facts.connection.execute(
            delete(tag).where(tag.c.name == name, tag.c.run == row["n"], tag.c.by == "")
        )


def end_of(data: bytes | None) -> events.End | None:
    """Return the end event kept in the row of a run."""
    return None if data is None else msgspec.json.decode(data, type=events.End)

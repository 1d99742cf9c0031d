"""Journal files -> the table `decision`, and names, reasons, notes, tags and removals of runs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec
from sqlalchemy import Connection, delete, select, update

from peira.lab import journal, verifications
from peira.lab.index import schema
from peira.lab.index.upsert import upsert
from peira.lab.ingest_facts import Facts, Row
from peira.lab.journal import Journal, Placed
from peira.record import events
from peira.record.events import Birth
from peira.record.reader import Damage

NO_RUN = 0
"""Number under which the table `file` keeps how far journal files were read."""


def sizes(book: Journal) -> dict[str, int]:
    """Return the size of each journal file."""
    found = {}
    for path in book.files():
        try:
            found[path.name] = path.stat().st_size
        except FileNotFoundError:
            continue
    return found


def fold(facts: Facts, book: Journal) -> tuple[set[str], set[str]]:
    """Read what was appended to the journal.

    Returns the runs that decisions touched, and those that were forgotten and must be read again.
    """
    connection = facts.connection
    file = schema.file
    read = select(file.c.name, file.c.offset).where(file.c.run == NO_RUN)
    offsets: dict[str, int] = {row.name: row.offset for row in connection.execute(read)}
    now = sizes(book)
    touched: set[str] = set()
    forgotten: set[str] = set()
    if any(now.get(name, -1) < offset for name, offset in offsets.items()):
        # A file was shortened or taken away: what it said no longer stands.
        # The runs it spoke of are read again, for what the program had said shows once more.
        for run_id in decided_runs(connection):
            row = connection.execute(
                select(schema.run.c.n).where(schema.run.c.id == run_id)
            ).first()
            if row is not None:
                facts.forget_run(row.n, run_id, wholly=True)
                forgotten.add(run_id)
        connection.execute(delete(schema.decision))
        connection.execute(delete(file).where(file.c.run == NO_RUN))
        offsets = {}
    for path in book.files():
        touched |= _fold_file(facts, book, path, offsets.get(path.name, 0))
    return touched, forgotten


def _fold_file(facts: Facts, book: Journal, path: Path, offset: int) -> set[str]:
    touched: set[str] = set()
    for placed, damages, read_until in book.read(path, offset):
        for damage in damages:
            facts.problem("", Damage(f"journal/{path.name}", *_place(damage)))
        for one in placed:
            if _stands(facts.connection, one):
                facts.connection.execute(upsert(schema.decision), _row(one))
                touched.update(decided_about(one.decision.kind, one.decision.id))
        facts.put(
            schema.file,
            {"run": NO_RUN, "name": path.name, "offset": read_until, "state": None},
        )
    facts.flush()
    return touched


def _place(damage: Damage) -> tuple[int, int, str]:
    return damage.offset, damage.length, damage.reason


def _stands(connection: Connection, placed: Placed) -> bool:
    """Whether a decision is later than the one that stands now."""
    table = schema.decision
    found = connection.execute(
        select(table.c.time, table.c.writer, table.c.line).where(
            table.c.kind == placed.decision.kind, table.c.id == placed.decision.id
        )
    ).first()
    return found is None or tuple(found) <= placed.order


def _row(placed: Placed) -> Row:
    value = placed.decision.value
    return {
        "kind": placed.decision.kind,
        "id": placed.decision.id,
        "time": placed.decision.time,
        "by": placed.decision.by,
        "writer": placed.writer,
        "line": placed.line,
        "value": None if value is None else msgspec.json.encode(value),
    }


def decided_about(kind: str, id: str) -> list[str]:
    """Return the ids of the runs that a decision is about; the first part of `id` and, of a
    verification, the second too.
    """
    if not kind.startswith("run."):
        return []
    return id.split("/", 1) if kind == verifications.VERIFIED else [id.split("/", 1)[0]]


def decided_runs(connection: Connection) -> set[str]:
    """Return the ids of all runs that someone decided something about."""
    table = schema.decision
    ids = connection.execute(select(table.c.id).where(table.c.kind.startswith("run.")))
    return {id.split("/", 1)[0] for (id,) in ids}


def purged_runs(connection: Connection) -> set[str]:
    """Return the ids of all runs that were deleted for good."""
    table = schema.decision
    ids = connection.execute(
        select(table.c.id).where(table.c.kind == journal.RUN_PURGED, table.c.value.is_not(None))
    )
    return {id for (id,) in ids}


def apply(facts: Facts, runs: Iterable[str]) -> set[str]:
    """Bring what people decide about runs in line with the decisions; returns the runs
    that are in the index.
    """
    facts.flush()
    found = set()
    for run_id in runs:
        row = facts.connection.execute(
            select(schema.run.c.n, schema.run.c.birth).where(schema.run.c.id == run_id)
        ).first()
        if row is not None:
            found.add(run_id)
            _apply(facts, run_id, row.n, row.birth)
    return found


def _apply(facts: Facts, run_id: str, run: int, birth: bytes) -> None:
    table, connection = schema.decision, facts.connection
    said = connection.execute(
        select(table.c.kind, table.c.id, table.c.by, table.c.value).where(
            table.c.kind.startswith("run."),
            # "0" follows "/": all ids of this run, and none of another.
            (table.c.id == run_id) | ((table.c.id > f"{run_id}/") & (table.c.id < f"{run_id}0")),
        )
    ).all()
    name = why = note = None
    is_deleted = 0
    for kind, id, by, value in said:
        meant = None if value is None else msgspec.json.decode(value)
        if kind == journal.RUN_NAME and isinstance(meant, str):
            name = meant
        elif kind == journal.RUN_WHY and isinstance(meant, str):
            why = meant
        elif kind == journal.RUN_NOTE and isinstance(meant, str):
            note = meant
        elif kind == journal.RUN_DELETED:
            is_deleted = int(meant is not None)
        elif kind == journal.RUN_TAG:
            _apply_tag(connection, run, id.split("/", 1)[1], by, gone=meant is None)
    if name is None:
        name = born_name(birth, run_id)
    if why is None:
        why = _born_why(birth)
    if note is None:
        note = _program_note(connection, run)
    now = {"name": name, "why": why, "note": note, "deleted": is_deleted, "rev": facts.rev}
    connection.execute(update(schema.run).where(schema.run.c.n == run).values(now))


def _apply_tag(connection: Connection, run: int, name: str, by: str, *, gone: bool) -> None:
    tag = schema.tag
    if gone:
        connection.execute(delete(tag).where(tag.c.name == name, tag.c.run == run))
    else:
        connection.execute(upsert(tag), {"name": name, "run": run, "by": by})


def _program_note(connection: Connection, run: int) -> str | None:
    """Return what the program noted, one note below the other."""
    table = schema.event
    rows = connection.execute(
        select(table.c.data)
        .where(table.c.run == run, table.c.kind == "note")
        .order_by(table.c.time, table.c.n)
    )
    notes = [msgspec.json.decode(data, type=events.Note).text for (data,) in rows]
    return "\n\n".join(notes) or None


def born_name(birth: bytes, run_id: str) -> str:
    """Return the name a run was born with; its id when that cannot be read."""
    born = _born(birth)
    return run_id if born is None else born.name


def _born_why(birth: bytes) -> str | None:
    """Return the reason that was given when the run began."""
    born = _born(birth)
    return None if born is None else born.why


def _born(birth: bytes) -> Birth | None:
    try:
        return msgspec.json.decode(birth, type=Birth)
    except msgspec.MsgspecError:
        return None

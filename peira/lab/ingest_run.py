"""One run folder -> the index, from where it was left.

    run.json            -> the row of the run
    events*.jsonl       -> attributes, tags, events, end
    metrics.parquet     -> metrics, unless its lines were read before
    points*.jsonl       -> metrics, from the recorded offset on
    signs of life       -> state

Everything happens inside the caller's transaction, so offsets and facts commit together. A visit
ends when the budget of bytes is used up; the next one goes on from there.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import delete, insert, select

from peira.core.clock import now_s
from peira.core.errors import DamagedError, UnsupportedError
from peira.lab import ingest_events, ingest_journal, pointlines, sealed
from peira.lab.index import schema
from peira.lab.ingest_events import RunFields
from peira.lab.ingest_facts import Facts, Row
from peira.lab.pointlines import Portion
from peira.record import liveness, points, reader
from peira.record.events import FORMAT, Birth, Note
from peira.record.folder import RunFolder, decode_birth, writer_of
from peira.record.reader import Damage, Scanned

if TYPE_CHECKING:
    from peira.lab.ingest_points import Fold

UNBORN_S = 60.0
"""A folder without run.json for longer than this is damaged, not young."""
QUIET_S = 60.0
"""A second writer's file that was not written for longer than this, of a run that has ended."""
SETTLE_NS = 2_000_000_000
"""Times of folders are as coarse as this on some file systems: a younger one proves nothing."""

_NOTHING = points.Decoded([], {}, [], [])

_Files = Mapping[str, os.stat_result]


@dataclass
class Budget:
    """What a transaction may still read."""

    bytes_left: int

    @property
    def is_spent(self) -> bool:
        """Whether it is time to commit."""
        return self.bytes_left <= 0


@dataclass
class Visited:
    """What a visit found."""

    has_more: bool = False
    rows: int = 0
    points: int = 0
    changed: bool = False


@dataclass
class _Visit:
    """A visit under way."""

    facts: Facts
    folder: RunFolder
    files: _Files
    budget: Budget
    fields: RunFields
    offsets: dict[str, int]
    states: dict[str, points.KeySets]
    is_over: bool
    """Whether the main writer has ended, so that its torn tail will not be completed."""
    found: Visited = field(default_factory=Visited)
    notes: bool = False
    seal: sealed.Seal | None = None

    @property
    def run(self) -> int:
        return int(self.fields.row["n"])

    def is_final(self, name: str) -> bool:
        """Whether nobody will write to a file again."""
        if not self.is_over:
            return False
        return not writer_of(name) or now_s() - self.files[name].st_mtime > QUIET_S


def visit(facts: Facts, folder: RunFolder, budget: Budget, *, has_decisions: bool) -> Visited:
    """Bring one run up to date, as far as the budget goes.

    Raises:
        OSError: a file is there and cannot be read.
    """
    try:
        folder_ns = folder.path.stat().st_mtime_ns
        files = list_files(folder.path)
    except FileNotFoundError:
        return Visited()
    row = _row(facts, folder)
    if row is not None and _has_shrunk(facts, row["n"], files):
        facts.forget_run(row["n"], folder.id, wholly=True)
        row = None
    is_new = row is None
    if row is None:
        row = _bear(facts, folder, files)
        if row is None:
            return Visited()
    seen = last_write(files, row["seen"])
    state = _state(row["birth"], row["end"], seen)
    fields = RunFields(row)
    offsets, states = ({}, {}) if is_new else _load_files(facts, row["n"])
    this = _Visit(
        facts, folder, files, budget, fields, offsets, states,
        is_over=state in ("killed", "finished", "failed"),
    )  # fmt: skip
    _read_events(this)
    if "end" in fields.changed:
        this.is_over = True
    if not this.found.has_more:
        _read_points(this, is_new=is_new)
    _close(this, seen, folder_ns, is_new=is_new, has_decisions=has_decisions)
    return this.found


def stat_files(run_id: str, names: Iterable[str], runs: int) -> dict[str, os.stat_result]:
    """Return these files of a run, as far as they are there.

    Args:
        runs: handle of the folder of all runs.
    """
    found = {}
    for name in names:
        try:
            found[name] = os.stat(f"{run_id}/{name}", dir_fd=runs)
        except FileNotFoundError:
            continue
    return found


def last_write(files: _Files, default: float) -> float:
    """Return when a run last wrote to one of its files; sealing is no sign of its life."""
    times = (found.st_mtime for name, found in files.items() if name != "metrics.parquet")
    return max(times, default=default)


def list_files(path: Path) -> dict[str, os.stat_result]:
    """Return the files of a run folder that tell something, with their sizes and times."""
    found = {}
    with os.scandir(path) as entries:
        for entry in entries:
            name = entry.name
            is_lines = name.endswith(".jsonl") and writer_of(name) is not None
            if is_lines or name in ("run.json", "metrics.parquet", "console.log"):
                try:
                    found[name] = entry.stat()
                except FileNotFoundError:
                    continue
    return found


def _row(facts: Facts, folder: RunFolder) -> Row | None:
    found = facts.connection.execute(select(schema.run).where(schema.run.c.id == folder.id)).first()
    return None if found is None else dict(found._mapping)


def _load_files(facts: Facts, run: int) -> tuple[dict[str, int], dict[str, points.KeySets]]:
    table = schema.file
    offsets, states = {}, {}
    for name, offset, state in facts.connection.execute(
        select(table.c.name, table.c.offset, table.c.state).where(table.c.run == run)
    ):
        offsets[name] = offset
        if state is not None:
            states[name] = msgspec.json.decode(state, type=dict[int, tuple[str, ...]])
    return offsets, states


def _has_shrunk(facts: Facts, run: int, files: _Files) -> bool:
    """Whether bytes that were read are no longer there."""
    table = schema.file
    for name, offset in facts.connection.execute(
        select(table.c.name, table.c.offset).where(table.c.run == run)
    ):
        if name.startswith("points") and "metrics.parquet" in files:
            continue  # what the sealed file covers is judged with it
        base = name.split("@", 1)[0]
        if base not in files or files[base].st_size < offset:
            return True
    return False


def _bear(facts: Facts, folder: RunFolder, files: _Files) -> Row | None:
    """Insert the row of a run; None when it is still being born."""
    data = b""
    if "run.json" in files:
        data = folder.birth.read_bytes()
        try:
            birth = decode_birth(data, folder.id)
        except (DamagedError, UnsupportedError) as error:
            facts.problem(folder.id, Damage("run.json", 0, len(data), error.message))
            birth = _foundling(folder, files)
            data = msgspec.json.encode(birth)
    else:
        youngest = max((found.st_mtime for found in files.values()), default=now_s())
        if now_s() - youngest < UNBORN_S:
            return None
        facts.problem(folder.id, Damage("run.json", 0, 0, "missing"))
        birth = _foundling(folder, files)
        data = msgspec.json.encode(birth)
    row: Row = {
        "id": folder.id,
        "project": birth.project,
        "name": birth.name,
        "group": birth.group,
        "why": birth.why,
        "parent": birth.parent,
        "origin": birth.origin.run if birth.origin else None,
        "origin_how": birth.origin.how if birth.origin else None,
        "sweep": birth.sweep,
        "trial": birth.trial,
        "user": birth.user,
        "host": birth.host,
        "state": "running",
        "created": birth.created,
        "ended": None,
        "duration": None,
        "seen": birth.created,
        "told": birth.created,
        "command": " ".join(birth.command),
        "commit": None,
        "note": None,
        "deleted": 0,
        "sealed": 0,
        "lost_points": 0,
        "alerts": 0,
        "rev": facts.rev,
        "birth": data,
        "end": None,
        "folder_ns": 0,
    }
    done = facts.connection.execute(insert(schema.run), row)
    assert done.inserted_primary_key is not None
    row["n"] = done.inserted_primary_key[0]
    return row


def _foundling(folder: RunFolder, files: _Files) -> Birth:
    """Return a birth for a run whose own cannot be read: what it logged is still true."""
    oldest = min((found.st_mtime for found in files.values()), default=now_s())
    return Birth(
        format=FORMAT, id=folder.id, name=folder.id, project="unknown", created=round(oldest, 6)
    )


def _state(birth: bytes, end: bytes | None, seen: float) -> liveness.State:
    born = msgspec.json.decode(birth, type=Birth)
    return liveness.state(born, ingest_events.end_of(end), seen)


def _read_events(this: _Visit) -> None:
    for name in sorted(this.files):
        if not name.startswith("events") or this.found.has_more:
            continue
        offset = this.offsets.get(name, 0)
        if offset >= this.files[name].st_size and name in this.offsets:
            continue
        writer = writer_of(name) or ""
        path = this.folder.path / name
        for scanned in reader.chunks(path, offset, is_final=this.is_final(name)):
            _fold_events(this, writer, scanned)
            read = scanned.base_offset + scanned.consumed
            _read_until(
                this,
                name,
                Portion(_NOTHING, read, scanned.consumed, len(scanned.bodies), []),
                None,
            )
            if this.budget.is_spent:
                this.found.has_more = True
                break


def _fold_events(this: _Visit, writer: str, scanned: Scanned) -> None:
    found = reader.events(scanned)
    bodies = dict(zip(scanned.offsets, scanned.bodies, strict=True))
    for damage in (*scanned.damages, *found.damages):
        this.facts.problem(this.folder.id, damage)
    for offset, event in found.records:
        ingest_events.fold(this.facts, this.fields, writer, event, bodies[offset])
        this.notes = this.notes or isinstance(event, Note)


def _read_until(this: _Visit, name: str, portion: Portion, key_sets: points.KeySets | None) -> None:
    """Record how far a file was read."""
    this.offsets[name] = portion.read_until
    this.budget.bytes_left -= portion.consumed
    this.found.rows += portion.lines
    this.found.changed = True
    this.facts.put(
        schema.file,
        {
            "run": this.run,
            "name": name,
            "offset": portion.read_until,
            "state": None if key_sets is None else msgspec.json.encode(key_sets),
        },
    )


def _read_points(this: _Visit, *, is_new: bool) -> None:
    from peira.lab.ingest_points import Fold  # loads NumPy, which most looks do not need

    fold = Fold(this.facts, this.run, is_new=is_new)
    if "metrics.parquet" in this.files:
        fold = _read_sealed(this, fold)
    for name in sorted(this.files):
        if name.startswith("points") and not this.found.has_more:
            _read_points_file(this, fold, name)
    fold.finish()


def _read_points_file(this: _Visit, fold: Fold, name: str) -> None:
    path, size = this.folder.path / name, this.files[name].st_size
    place = name
    if this.seal is not None and name in this.seal.covers and not sealed.covers(this.seal, path):
        # Another file than the sealed one, under its name: it is told apart by its beginning.
        place = f"{name}@{pointlines.mark(path):08x}"
    offset = this.offsets.get(place, 0)
    if offset >= size:
        return
    writer = writer_of(name) or ""
    key_sets = this.states.get(place) if offset else {}
    for portion in pointlines.portions(path, offset, key_sets, is_final=this.is_final(name)):
        for damage in portion.damages:
            this.facts.problem(this.folder.id, damage)
        this.found.points += fold.add(writer, portion.decoded.blocks)
        for block in portion.decoded.blocks:
            if block.keys and len(block.times):  # a row without values is not sealed
                this.fields.tell(float(block.times.max()))
        _read_until(this, place, portion, portion.decoded.key_sets)
        if this.budget.is_spent:
            this.found.has_more = portion.read_until < size
            return


def _read_sealed(this: _Visit, fold: Fold) -> Fold:
    """Take the sealed points, unless the lines they were made from have been read."""
    try:
        seal = sealed.read_seal(this.folder.sealed)
    except (DamagedError, UnsupportedError) as error:
        size = this.files["metrics.parquet"].st_size
        this.facts.problem(this.folder.id, Damage("metrics.parquet", 0, size, error.message))
        return fold
    this.seal = seal
    for damage in seal.damages:
        this.facts.problem(this.folder.id, damage)
    known = {name: this.offsets[name] for name in this.offsets if name.startswith("points")}
    is_known = all(
        max(known.get(name, 0), known.get(f"{name}@{cover.mark:08x}", 0)) >= cover.until
        for name, cover in seal.covers.items()
    )
    if not is_known:
        from peira.lab.ingest_points import Fold

        this.facts.forget_points(this.run)
        for name in known:
            del this.offsets[name]
        fold = Fold(this.facts, this.run, is_new=True)
        try:
            for piece in sealed.pieces(this.folder.sealed, seal):
                fold.add_series(piece.writer, piece.key, (piece.steps, piece.times, piece.values))
                this.found.points += len(piece.values)
                this.fields.tell(float(piece.times.max()))
        except DamagedError as error:
            size = this.files["metrics.parquet"].st_size
            this.facts.problem(this.folder.id, Damage("metrics.parquet", 0, size, error.message))
        this.budget.bytes_left -= this.files["metrics.parquet"].st_size
        this.found.changed = True
        for name, cover in seal.covers.items():
            this.offsets[name] = cover.until
            this.facts.put(
                schema.file,
                {"run": this.run, "name": name, "offset": cover.until, "state": None},
            )
    return fold


def _close(this: _Visit, seen: float, folder_ns: int, *, is_new: bool, has_decisions: bool) -> None:
    """Write the fields of the run that changed."""
    row, fields = this.fields.row, this.fields
    end = fields.changed.get("end", row["end"])
    state = _state(row["birth"], end, seen)
    if state != "running":
        # Times of files change when they are sealed or copied; those in the lines do not.
        seen = fields.told
    now = {
        "state": state,
        # A run that logged nothing has nothing to seal.
        "sealed": int(
            not any(name.startswith("points") for name in this.files)
            and ("metrics.parquet" in this.files or state in ("finished", "failed", "killed"))
        ),
        "seen": round(seen, 6),
        # A folder that changed just now may change again within the same tick of its clock.
        "folder_ns": folder_ns if now_s() * 1e9 - folder_ns > SETTLE_NS else 0,
    }
    if end is None:
        now["duration"] = round(max(0.0, seen - row["created"]), 6)
    if this.found.has_more:
        now["folder_ns"] = 0
    fields.set(**{name: value for name, value in now.items() if row[name] != value})
    only_folder = set(fields.changed) <= {"folder_ns"}
    if (fields.changed and not only_folder) or this.found.changed or is_new:
        this.found.changed = True
        this.facts.change(this.run, **fields.changed)
    elif fields.changed:
        # Nothing that anyone asks for: the revision stays.
        this.facts.connection.execute(
            schema.run.update().where(schema.run.c.n == this.run).values(fields.changed)
        )
    if (is_new and has_decisions) or this.notes:
        ingest_journal.apply(this.facts, [this.folder.id])


def forget(facts: Facts, run_id: str) -> bool:
    """Remove a run whose folder is gone; returns whether it was there."""
    row = facts.connection.execute(select(schema.run.c.n).where(schema.run.c.id == run_id)).first()
    if row is None:
        facts.connection.execute(delete(schema.problem).where(schema.problem.c.run == run_id))
        return False
    facts.forget_run(row.n, run_id, wholly=True)
    return True

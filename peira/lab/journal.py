"""What people decided: names, notes, tags, goals, views, removals. See `docs/formats/journal.md`.

A journal is a set of records `{kind, id, time, by, value | null}`, one framed line each, in one
file a writer (`journal/<user>@<host>.jsonl`). The last record of a (kind, id) stands, by time, then
writer, then line; all of them stay readable as history. Labs merge by the union of their files.
"""

from __future__ import annotations

import getpass
import os
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from peira.core.clock import now_s
from peira.core.errors import LabError, UsageError
from peira.lab import journal_memory
from peira.lab.place import FILE_MODE, FOLDER_MODE
from peira.record import lines
from peira.record.reader import Damage, chunks

FOLDER = "journal"
RECORD_BYTES_MAX = 1 << 20

# The kinds that the index folds into its own tables. Others stand in the table `decision` only.
RUN_NAME = "run.name"
RUN_NOTE = "run.note"
RUN_WHY = "run.why"
RUN_TAG = "run.tag"  # id: <run>/<tag>
RUN_DELETED = "run.deleted"
RUN_PURGED = "run.purged"
DATASET_PURGED = "dataset.purged"  # id: <name>/v<number>
GOAL = "goal"  # id: project
VIEW = "view"  # id: <project>/<view>


class Decision(msgspec.Struct, frozen=True):
    """One record of the journal. `value` None takes the earlier ones back."""

    kind: str
    id: str
    time: float
    by: str
    value: Any = None


class Placed(NamedTuple):
    """A decision and where it stands; `order` sorts the standing one last."""

    decision: Decision
    writer: str
    line: int
    """Byte offset of the line in its file: rises with the line number."""

    @property
    def order(self) -> tuple[float, str, int]:
        return (self.decision.time, self.writer, self.line)


_decoder = msgspec.json.Decoder(Decision)


def _line(body: bytes, offset: int) -> journal_memory.Line | None:
    try:
        decision = _decoder.decode(body)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return None
    return journal_memory.Line(decision.kind, decision.id, offset, bytes(body))


class Journal:
    """The journal of one lab.

    Appending is one `write(2)` and one `fsync(2)`: what returned is on disk. Any number of threads
    and processes may append and read.
    """

    def __init__(self, root: Path) -> None:
        self.folder = root / FOLDER
        self.by = user_name()
        self.writer = f"{_file_part(self.by)}@{_file_part(socket.gethostname())}"
        self._lock = threading.Lock()

    @property
    def path(self) -> Path:
        """The file this process appends to."""
        return self.folder / f"{self.writer}.jsonl"

    def append(self, kind: str, id: str, value: Any = None) -> Decision:
        """Record a decision; it is on disk when this returns.

        Raises:
            UsageError: the value is no JSON, or larger than 1 MiB.
            LabError: the journal cannot be written.
        """
        decision = Decision(kind, id, now_s(), self.by, value)
        try:
            line = lines.encode(decision)
        except (TypeError, ValueError, msgspec.MsgspecError) as error:
            raise UsageError(
                f"The value of {kind} {id!r} cannot be written as JSON: {error}."
            ) from error
        if len(line) > RECORD_BYTES_MAX:
            raise UsageError(
                f"The value of {kind} {id!r} has {len(line):,} bytes; a decision may have 1 MiB."
            )
        try:
            with self._lock:
                self._write(line)
        except OSError as error:
            raise LabError(f"Cannot write the journal {self.path}: {error.strerror}.") from error
        return decision

    def _write(self, line: bytes) -> None:
        self.folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        try:
            size = os.fstat(handle).st_size
            # A line torn by a crash is ended first, so that it cannot swallow this one.
            if size and os.pread(handle, 1, size - 1) != b"\n":
                line = b"\n" + line
            written = os.write(handle, line)
            if written != len(line):
                raise OSError(28, "only a part could be written: no space left")
            os.fsync(handle)
        finally:
            os.close(handle)

    def files(self) -> list[Path]:
        """Return the journal files of all writers, by name."""
        try:
            return sorted(path for path in self.folder.iterdir() if path.suffix == ".jsonl")
        except FileNotFoundError:
            return []

    def read(self, path: Path, offset: int = 0) -> Iterator[tuple[list[Placed], list[Damage], int]]:
        """Yield what `path` holds from `offset` on, in pieces: records, damages, and the offset to
        go on from.
        """
        for scanned in chunks(path, offset):
            placed, damages = [], list(scanned.damages)
            for number, body in enumerate(scanned.bodies):
                try:
                    decision = _decoder.decode(body)
                except (msgspec.MsgspecError, RecursionError, ValueError):
                    damages.append(scanned.damage(number, "not a decision"))
                    continue
                placed.append(Placed(decision, path.stem, scanned.offsets[number]))
            yield placed, damages, scanned.base_offset + scanned.consumed

    def history(self, kind: str | None = None, id: str | None = None) -> list[Decision]:
        """Return every decision of a kind and id, oldest first; the last one stands.

        None means any. Of each file a process reads only what was appended since it read it last.
        """
        found = [
            Placed(_decoder.decode(line.body), path.stem, line.offset)
            for path in self.files()
            for line in journal_memory.lines(path, kind, _line)
            if id in (None, line.id)
        ]
        return [placed.decision for placed in sorted(found, key=lambda placed: placed.order)]

    def standing(self, kind: str) -> dict[str, Decision]:
        """Return the standing decision of each id of a kind, without those taken back."""
        last = {decision.id: decision for decision in self.history(kind)}
        return {id: decision for id, decision in last.items() if decision.value is not None}


def user_name() -> str:
    """Return who decides: `PEIRA_USER`, else the name of the operating system's user."""
    given = os.environ.get("PEIRA_USER", "").strip()
    if given:
        return given[:64]
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # no entry for this uid, as in many containers
        return f"uid{os.getuid()}"


def _file_part(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", text)[:64].lstrip(".") or "_"

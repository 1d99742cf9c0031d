"""What goes for good: removed runs that a person purges, and objects that nothing names any more.

Removing a run only hides it. Purging writes a tombstone into the journal first, then renames the
folder away, then deletes it: killed in between, the run is gone for every reader, and the next
collection finishes the rest. A tombstone also keeps the run away when labs are merged.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec
from sqlalchemy import select

from peira.core import ids
from peira.core.errors import LabError, NotFoundError, UsageError
from peira.lab import journal as journals
from peira.lab.index import Index, schema
from peira.lab.journal import Journal
from peira.objects._base import Stored
from peira.objects.folder import FolderObjects
from peira.record import reader
from peira.record.checkpoints import standing
from peira.record.events import Checkpoint, Dropped
from peira.record.folder import run_folder, run_folders

GRACE_S = 3_600.0
"""An object is stored before the line that names it is written: a younger one is kept."""
LISTING_BYTES_MAX = 16 << 20
PIECE_BYTES = 8 << 20
PURGED = ".purged-"
DATASETS = "datasets"
"""The folder of data versions below a lab; `peira.data.catalog` has its records."""

_DIGEST = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_DIGEST_LENGTH = 64

_CHECKPOINT_KINDS = (b'{"kind":"checkpoint"', b'{"kind":"dropped"')
_checkpoint_decoder = msgspec.json.Decoder(Checkpoint | Dropped)


class Span(NamedTuple):
    """A part of a file, in bytes; `end` is the first behind it."""

    start: int
    end: int


class GcReport(msgspec.Struct, frozen=True):
    """What a collection removed, or would remove."""

    objects: int = 0
    bytes: int = 0
    kept: int = 0
    """Objects that something names."""
    young: int = 0
    """Objects that nothing names, but too young to be sure."""
    runs: int = 0
    """Folders of purged runs that were still there."""


def collect(
    root: Path,
    journal: Journal,
    objects: FolderObjects,
    *,
    dry_run: bool = False,
    grace_s: float = GRACE_S,
    without: Collection[str] = (),
) -> GcReport:
    """Delete objects that no run and no decision names, and what is left of purged runs.

    Args:
        without: data versions (`<name>/v<number>`) that name nothing, besides the purged ones.

    Every run folder and the journal are read, also of removed runs: what can be undeleted keeps its
    objects. A digest counts wherever it stands, even in a damaged line, but for whole lines of
    checkpoints that a whole line below them drops or replaces.

    Raises:
        LabError: something cannot be read, so that nothing can be told to be unused.
    """
    try:
        leftovers = _leftovers(root, journal)
        if not dry_run:
            for path in leftovers:
                _delete(path)
        # Objects are listed before their names are read: what is stored later is not judged.
        present = list(objects.iterate())
        named = _named(root, journal, objects, without)
        return _sweep(objects, present, named, len(leftovers), dry_run=dry_run, grace_s=grace_s)
    except OSError as error:
        raise LabError(
            f"Cannot look through the lab {root}: {error.strerror or error} ({error.filename})."
        ) from error


def _sweep(
    objects: FolderObjects,
    present: list[Stored],
    named: set[str],
    runs: int,
    *,
    dry_run: bool,
    grace_s: float,
) -> GcReport:
    count = size = kept = young = 0
    old = time.time() - grace_s
    for stored in present:
        if stored.digest in named:
            kept += 1
            continue
        try:
            is_young = objects.path(stored.digest).stat().st_mtime > old
        except FileNotFoundError:
            continue
        if is_young:
            young += 1
            continue
        if dry_run or objects.delete(stored.digest):
            count += 1
            size += stored.size
    return GcReport(count, size, kept, young, runs)


def _named(
    root: Path, journal: Journal, objects: FolderObjects, without: Collection[str]
) -> set[str]:
    """Return every digest that a run, a decision or a listing in a named object mentions."""
    found: set[str] = set()
    for folder in run_folders(root):
        found |= _digests(folder.birth)
        for path in folder.events_files():
            found |= _digests(path, _lapsed(path))
    gone = {*without, *journal.standing(journals.DATASET_PURGED)}
    for path in journal.files():
        found |= _digests(path)
    for path in (root / DATASETS).rglob("*.json"):  # versions, splits, looks
        if path.relative_to(root / DATASETS).with_suffix("").as_posix() not in gone:
            found |= _digests(path)
    todo = list(found)
    while todo:
        digest = todo.pop()
        new = _listed(objects, digest) - found
        found |= new
        todo.extend(new)
    return found


def _lapsed(path: Path) -> list[Span]:
    """Return where the lines of checkpoints stand that were dropped or replaced.

    Only lines whose checksum fits and that decode say so: when in doubt, a checkpoint is kept.
    """
    told: list[tuple[Span, Checkpoint | Dropped]] = []
    for scanned in reader.chunks(path):
        for start, body in zip(scanned.offsets, scanned.bodies, strict=True):
            if body.startswith(_CHECKPOINT_KINDS):
                try:
                    event = _checkpoint_decoder.decode(body)
                except (msgspec.MsgspecError, RecursionError, ValueError):
                    continue
                told.append((Span(start, start + len(body)), event))
    kept = {span for span, _ in standing(told)}
    return [span for span, event in told if isinstance(event, Checkpoint) and span not in kept]


def _digests(path: Path, lapsed: Sequence[Span] = ()) -> set[str]:
    """Return everything in a file that looks like a digest, outside of the lapsed lines."""
    found: set[str] = set()
    try:
        with path.open("rb") as stream:
            start = 0
            for span in lapsed:
                found |= _digests_between(stream, start, span.start)
                start = span.end
            found |= _digests_between(stream, start, None)
    except FileNotFoundError:
        pass  # purged meanwhile
    return found


def _digests_between(stream: BinaryIO, start: int, end: int | None) -> set[str]:
    found: set[str] = set()
    stream.seek(start)
    tail = b""
    while end is None or start < end:
        data = stream.read(PIECE_BYTES if end is None else min(PIECE_BYTES, end - start))
        if not data:
            break
        start += len(data)
        text = tail + data
        found.update(match.decode("ascii") for match in _DIGEST.findall(text))
        tail = text[-_DIGEST_LENGTH - 1 :]
    return found


def _listed(objects: FolderObjects, digest: str) -> set[str]:
    """Return the digests inside an object that is a listing in JSON, such as a table of images."""
    path = objects.path(digest)
    try:
        if path.stat().st_size > LISTING_BYTES_MAX:
            return set()
        with path.open("rb") as stream:
            if stream.read(1) not in (b"{", b"["):
                return set()
    except FileNotFoundError:
        return set()
    return _digests(path)


def _leftovers(root: Path, journal: Journal) -> list[Path]:
    """Return the folders of purged runs that are still there."""
    runs = root / "runs"
    purged = {id for id in journal.standing(journals.RUN_PURGED) if ids.is_run_id(id)}
    if not runs.is_dir():
        return []
    return sorted(
        path for path in runs.iterdir() if path.name in purged or path.name.startswith(PURGED)
    )


def purge(root: Path, index: Index, journal: Journal, run: str) -> None:
    """Delete a removed run for good.

    Raises:
        NotFoundError: there is no such run.
        UsageError: it was not removed before, or still runs.
        LabError: its folder cannot be deleted.
    """
    table = schema.run
    with index.read() as connection:
        found = connection.execute(
            select(table.c.deleted, table.c.state, table.c.name).where(table.c.id == run)
        ).first()
    if found is None:
        raise NotFoundError(f"There is no run {run} in {root}.")
    if not found.deleted:
        raise UsageError(f"Run {run} ({found.name}) was not removed.", hint="Remove it first.")
    if found.state == "running":
        raise UsageError(f"Run {run} ({found.name}) still runs.", hint="Stop it first.")
    journal.append(journals.RUN_PURGED, run, True)
    path = run_folder(root, run).path
    try:
        aside = path.with_name(f"{PURGED}{run}")
        path.rename(aside)
        _delete(aside)
    except OSError as error:
        raise LabError(
            f"The folder of run {run} cannot be deleted: {error.strerror} ({error.filename}).",
            hint="It is hidden already; gc deletes it when it can.",
        ) from error


def _delete(path: Path) -> None:
    if path.is_symlink():
        path.unlink()
    else:
        shutil.rmtree(path)

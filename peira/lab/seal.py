"""Sealing: the lines of an ended run become `metrics.parquet`. Done by readers, never by training.

    lock       one sealer a lab; where there are no locks, nothing is sealed
    gather     sealed points of before, then lines above what they cover, section by section
    write      beside, by DuckDB, which spills to disk what does not fit in memory
    verify     every value is read back and compared with what the lines said
    rename     fsync, rename, fsync the folder
    remove     the lines, when they are no longer than what was gathered

A kill at any moment leaves either the lines, or the sealed file and lines that it covers: readers
take points below the covered offset from the sealed file only. The bytes:
`docs/formats/metrics-parquet.md`.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from zlib import crc32

import msgspec
import numpy as np
from sqlalchemy import select

from peira.core.clock import now_s
from peira.core.errors import LabError, NotFoundError, PeiraError, UsageError
from peira.lab import duck, pointlines, sealed
from peira.lab.index import Index, schema
from peira.lab.index.upsert import insert_new
from peira.lab.ingest import ENDED
from peira.lab.ingest_points import columns_by_key
from peira.lab.ingest_run import QUIET_S
from peira.lab.sealed import SEAL_KEY, Cover, Seal
from peira.record.folder import RunFolder, run_folder, sync_folder, writer_of
from peira.record.reader import Damage

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

    from peira.lab.ingest_points import Columns

_NO_COLUMNS = (np.empty(0, np.int64), np.empty(0), np.empty(0))

DAMAGES_MAX = 1_000
STALE_S = 3_600.0
ROWS_IN_MEMORY = 4_000_000
TEMPORARY = ".metrics.parquet."

_WRITE = """
COPY (
  SELECT '{run}' AS run, key, step, make_timestamp(time) AS time,
    coalesce(value, 'NaN'::DOUBLE) AS value, -- DuckDB takes NaN in a NumPy array for NULL
    writer
  FROM point JOIN section USING (section)
  ORDER BY place, n
) TO '{path}' (
  FORMAT parquet, PARQUET_VERSION V2, COMPRESSION zstd, USE_TMP_FILE false,
  DICTIONARY_SIZE_LIMIT 2000, KV_METADATA {{ '{seal_key}': '{seal}' }}
)
"""


class _RefusedError(PeiraError):
    """This run cannot be sealed; its lines stay what they are."""

    code = "seal-refused"


class Sealer:
    """Seals runs of one lab; a context manager, for one thread."""

    def __init__(self, root: Path, index: Index) -> None:
        self.root = root
        self._index = index

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def seal(self, run: str | None = None, *, budget_s: float | None = None) -> list[str]:
        """Seal one run, or all ended runs that are not sealed; returns the ids of those sealed now.

        Args:
            run: None means all.
            budget_s: begin no further run after so many seconds, and do not wait for another
                sealer.

        Raises:
            UsageError: the run has not ended.
            LabError: the lab cannot be locked or written.
        """
        begun = time.monotonic()
        done: list[str] = []
        with _lock(self.root, waits=budget_s is None) as is_mine:
            if not is_mine:
                return done
            for run_id in self._candidates(run):
                if budget_s is not None and done and time.monotonic() - begun > budget_s:
                    break
                try:
                    if seal_run(run_folder(self.root, run_id)):
                        done.append(run_id)
                except _RefusedError as refusal:
                    self._tell(run_id, refusal.message)
                except FileNotFoundError:
                    continue  # the run was purged meanwhile
        return done

    def _candidates(self, wanted: str | None) -> list[str]:
        run, problem = schema.run, schema.problem
        refused = select(problem.c.run).where(
            problem.c.file == "metrics.parquet", problem.c.reason.startswith("not sealed")
        )
        question = select(run.c.id, run.c.state, run.c.sealed).order_by(run.c.id)
        if wanted is None:
            question = question.where(
                run.c.sealed == 0, run.c.state.in_(ENDED), run.c.id.not_in(refused)
            )
        else:
            question = question.where(run.c.id == wanted)
        with self._index.read() as connection:
            found = connection.execute(question).all()
        if wanted is not None:
            if not found:
                raise NotFoundError(f"There is no run {wanted} in {self.root}.")
            if found[0].state not in ENDED:
                raise UsageError(
                    f"Run {wanted} is {found[0].state}; only runs that have ended are sealed."
                )
        return [row.id for row in found if not row.sealed]

    def _tell(self, run: str, reason: str) -> None:
        row = {"run": run, "file": "metrics.parquet", "offset": 0, "length": 0}
        with self._index.write() as connection:
            connection.execute(
                insert_new(schema.problem), row | {"reason": f"not sealed: {reason}"}
            )


@dataclass
class _Check:
    """Checksums of one section: the points as they came, apart from NaN's payload."""

    count: int = 0
    steps: int = 0
    times: int = 0
    values: int = 0
    first_time: float = 0.0

    def add(self, columns: Columns) -> None:
        steps, times, values = columns
        if self.count == 0 and len(times):
            self.first_time = float(times[0])
        self.count += len(values)
        self.steps = crc32(np.ascontiguousarray(steps).data, self.steps)
        self.times = crc32(np.ascontiguousarray(times).data, self.times)
        self.values = crc32(np.where(np.isnan(values), np.nan, values).data, self.values)


class _Gathered:
    """The points of a run on their way into the table `point`, and what is known of them.

    Up to `ROWS_IN_MEMORY` they stay NumPy arrays, which is fast for small runs; more go to a table
    of DuckDB, which spills them to disk.
    """

    def __init__(self, cursor: DuckDBPyConnection) -> None:
        self.covers: dict[str, Cover] = {}
        self.checks: dict[tuple[str, str], _Check] = {}
        self.numbers: dict[tuple[str, str], int] = {}
        self.damages: list[Damage] = []
        self._cursor = cursor
        self._parts: list[dict[str, NDArray[Any]]] = []
        self._waiting = 0
        self._count = 0
        self._has_table = False

    def add(self, writer: str, by_key: dict[str, Columns]) -> None:
        """Add points behind those of the same writer and key.

        Raises:
            _RefusedError: a time does not fit into microseconds.
        """
        for key, columns in by_key.items():
            section = self.numbers.setdefault((writer, key), len(self.numbers))
            self.checks.setdefault((writer, key), _Check()).add(columns)
            self._parts.append(self._part(section, columns))
        if self._waiting > ROWS_IN_MEMORY:
            self._spill()

    def _part(self, section: int, columns: Columns) -> dict[str, NDArray[Any]]:
        steps, times, values = columns
        count = len(values)
        if not bool((np.abs(times) < 9e12).all()):  # NaN fails, too
            raise _RefusedError("a time is out of range")
        microseconds = np.rint(times * 1e6).astype(np.int64)
        if not bool((microseconds / 1e6 == times).all()):
            raise _RefusedError("a time has more than six decimals")
        part: dict[str, NDArray[Any]] = {
            "section": np.full(count, section, np.int32),
            "n": np.arange(self._count, self._count + count),
            "step": steps,
            "time": microseconds,
            "value": values,
        }
        self._count += count
        self._waiting += count
        return part

    def finish(self) -> None:
        """Have all points in a table or view named `point`."""
        if self._has_table:
            self._spill()
        else:
            self._cursor.register("point", self._taken())

    def _spill(self) -> None:
        if not self._has_table:
            self._cursor.execute(
                "CREATE OR REPLACE TEMP TABLE point"
                " (section INTEGER, n BIGINT, step BIGINT, time BIGINT, value DOUBLE)"
            )
            self._has_table = True
        self._cursor.register("part", self._taken())
        self._cursor.execute("INSERT INTO point SELECT section, n, step, time, value FROM part")
        self._cursor.unregister("part")

    def _taken(self) -> dict[str, NDArray[Any]]:
        parts = self._parts or [self._part(0, _NO_COLUMNS)]
        whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        self._parts, self._waiting = [], 0
        return whole


def seal_run(folder: RunFolder) -> bool:
    """Seal one ended run; the caller holds the lock. Returns whether there was something to do.

    Raises:
        LabError: the disk is full, or the folder cannot be written.
    """
    _sweep(folder)
    files = folder.points_files()
    if not files or not _is_quiet(files):
        return False
    before = _identity(folder.sealed)
    temporary = folder.path / f"{TEMPORARY}{secrets.token_hex(4)}"
    try:
        with duck.cursor() as cursor:
            gathered = _gather(cursor, folder, files)
            seal = _write(cursor, folder, temporary, gathered)
        _verify(temporary, seal, gathered)
        if _identity(folder.sealed) != before:
            return False  # someone else sealed it, against the lock
        temporary.replace(folder.sealed)
        sync_folder(folder.path)
        for path in files:
            if path.stat().st_size <= gathered.covers[path.name].until:
                path.unlink()
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise LabError(f"Run {folder.id} cannot be sealed: {error.strerror or error}.") from error
    finally:
        temporary.unlink(missing_ok=True)
    return True


def _is_quiet(files: list[Path]) -> bool:
    """Whether nobody writes to these files any more.

    The main writer has ended. Another one (a fork child, a second process) may have outlived it; it
    counts as ended when it wrote nothing for a minute.
    """
    now = now_s()
    return all(not writer_of(path.name) or now - path.stat().st_mtime > QUIET_S for path in files)


def _sweep(folder: RunFolder) -> None:
    """Remove what a killed sealer left."""
    for path in folder.path.glob(f"{TEMPORARY}*"):
        if now_s() - path.stat().st_mtime > STALE_S:
            path.unlink(missing_ok=True)


def _gather(cursor: DuckDBPyConnection, folder: RunFolder, files: list[Path]) -> _Gathered:
    """Put all points of a run into the table `point`, each writer's in its order."""
    gathered = _Gathered(cursor)
    old: Seal | None = None
    if folder.sealed.exists():
        old = sealed.read_seal(folder.sealed)
        gathered.covers.update(old.covers)
        gathered.damages.extend(old.damages)
        for piece in sealed.pieces(folder.sealed, old):
            gathered.add(piece.writer, {piece.key: (piece.steps, piece.times, piece.values)})
    for path in files:
        until = covered = sealed.covers(old, path)
        for portion in pointlines.portions(path, covered, is_final=True):
            until = portion.read_until
            gathered.damages.extend(portion.damages)
            gathered.add(writer_of(path.name) or "", columns_by_key(portion.decoded.blocks))
        gathered.covers[path.name] = Cover(until, pointlines.mark(path))
    gathered.finish()
    return gathered


def _write(
    cursor: DuckDBPyConnection, folder: RunFolder, temporary: Path, gathered: _Gathered
) -> Seal:
    """Write the Parquet file; returns what it tells about itself."""
    import duckdb

    order = sorted(
        gathered.checks, key=lambda place: (place[1], gathered.checks[place].first_time, place[0])
    )
    seal = Seal(
        sealed.FORMAT,
        folder.id,
        gathered.covers,
        [(writer, key, gathered.checks[writer, key].count) for writer, key in order],
        gathered.damages[:DAMAGES_MAX],
    )
    section = {
        "section": np.array([gathered.numbers[place] for place in order], np.int32),
        "place": np.arange(len(order), dtype=np.int32),
        "writer": np.array([writer for writer, _ in order], dtype=object),
        "key": np.array([key for _, key in order], dtype=object),
    }
    if not order:
        section["writer"] = section["key"] = np.empty(0, dtype="U1")
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    cursor.register("section", section)
    text = _WRITE.format(
        run=folder.id,
        path=str(temporary).replace("'", "''"),
        seal_key=SEAL_KEY,
        seal=msgspec.json.encode(seal).decode("utf-8").replace("'", "''"),
    )
    try:
        cursor.execute(text)
    except duckdb.Error as error:
        raise LabError(f"Run {folder.id} cannot be sealed: {error!s:.300}") from error
    finally:
        cursor.unregister("section")
    handle = os.open(temporary, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return seal


def _verify(temporary: Path, seal: Seal, gathered: _Gathered) -> None:
    """Read every point back and compare it with what was gathered."""
    told = sealed.read_seal(temporary)
    found = {place: _Check() for place in gathered.checks}
    for piece in sealed.pieces(temporary, told):
        found[piece.writer, piece.key].add((piece.steps, piece.times, piece.values))
    if told != seal or found != gathered.checks:
        raise _RefusedError("the Parquet file did not read back as it was written")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


@contextmanager
def _lock(root: Path, *, waits: bool) -> Iterator[bool]:
    """Hold the lab's lock for sealing; yields whether it was got."""
    try:
        handle = os.open(root / "seal.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise LabError(f"The lab {root} cannot be sealed: {error.strerror}.") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        except OSError as error:
            raise LabError(
                f"The lab {root} cannot be sealed: its file system has no locks.",
                hint="Seal on the machine that holds the disk.",
            ) from error
        yield True
    finally:
        os.close(handle)

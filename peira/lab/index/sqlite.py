"""The index in one SQLite file: write-ahead log, so that readers and the one writer never wait for
each other.

    open      lock (shared) -> file there, right version, right tables?   yes -> connection
                                                                          no  -> replace
    replace   lock (exclusive) -> still the same bad file? -> a new one is made beside and renamed

The lock file makes sure that of many processes that find a bad file, one replaces it. Each
connection remembers the inode it was opened on: when the file is deleted or swapped under a running
process, its pooled connections are dropped instead of answering from a ghost.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, DBAPIError, DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from peira.core.errors import LabError
from peira.lab.index._base import Index, IndexBusyError, IndexDamagedError, IndexFullError
from peira.lab.index.schema import SCHEMA_VERSION, metadata

APPLICATION_ID = 0x70656972  # "peir"
OPEN_ATTEMPTS_MAX = 5
CACHE_KIB = 32 * 1024
READ_WAIT_MS = 5_000  # only openings and checkpoints ever make a reader wait

# Primary result codes of SQLite that mean: these bytes are not to be trusted.
_DAMAGE_CODES = {
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,  # its file was moved away
    sqlite3.SQLITE_CONSTRAINT,  # our rows fit, so what they clash with does not
    sqlite3.SQLITE_FORMAT,
    sqlite3.SQLITE_SCHEMA,
    sqlite3.SQLITE_MISMATCH,
}
_FULL_NUMBERS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
ROOM_MIN = 1 << 20
"""Bytes free; with less, what SQLite calls a failure of the disk is a full one."""
_BUSY_CODES = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class _UnusableError(Exception):
    """The file cannot be used as it is; `inode` is the one that was looked at."""

    def __init__(self, reason: str, inode: int | None) -> None:
        super().__init__(reason)
        self.inode = inode


class SqliteIndex(Index):
    """See `Index`. `path` is the database file; SQLite keeps `-wal` and `-shm` beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine = create_engine(
            "sqlite+pysqlite://",
            creator=self._connect,
            poolclass=QueuePool,
            pool_size=8,
            max_overflow=64,
            pool_reset_on_return="rollback",
        )
        event.listen(self._engine, "begin", _begin)
        event.listen(self._engine, "checkout", self._check_out)

    @property
    def engine(self) -> Engine:
        return self._engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self._guarded(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self, *, wait_s: float = 5.0) -> Iterator[Connection]:
        with self._guarded(), self._engine.connect() as connection:
            wait_ms = max(0, int(wait_s * 1000))
            raw: Any = connection.connection.dbapi_connection
            raw.execute(f"PRAGMA busy_timeout={wait_ms}")
            try:
                with connection.execution_options(peira_write=True).begin():
                    yield connection
            finally:
                raw.execute(f"PRAGMA busy_timeout={READ_WAIT_MS}")

    def replace(self) -> None:
        self._replace(_inode(self.path))

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Turn errors of SQLite into ours; on damage, put an empty index in place."""
        inode = _inode(self.path)
        try:
            yield
        except DBAPIError as error:
            code = _code(error.orig)
            if code in _BUSY_CODES:
                raise IndexBusyError(
                    f"Another process has been writing to {self.path} for too long.",
                    hint="Try again; if it stays so, look for a stopped peira process.",
                ) from error
            if is_full(error.orig, self.path):
                raise _full(self.path) from error
            if code not in _DAMAGE_CODES and not _says_damage(error):
                raise
            self._engine.dispose()
            if inode is not None:
                self._replace(inode)
            raise IndexDamagedError(
                f"The index {self.path} was damaged ({error.orig}); it is filled again."
            ) from error

    # Opening and replacing.

    def _connect(self) -> sqlite3.Connection:
        """Return a checked connection; called by the pool."""
        for _ in range(OPEN_ATTEMPTS_MAX):
            try:
                with _lock(self.path, fcntl.LOCK_SH):
                    return _open(self.path)
            except OSError as error:
                if is_full(error, self.path):
                    raise _full(self.path) from error
                raise
            except _UnusableError as unusable:
                self._replace(unusable.inode)
        raise LabError(
            f"The index {self.path} cannot be opened, nor replaced by a new one.",
            hint="Is the disk full, or the folder not writable?",
        )

    def _check_out(self, raw: Any, entry: ConnectionPoolEntry, proxy: Any) -> None:
        """Refuse a pooled connection whose file is no longer the one at the path."""
        if raw.inode != _inode(self.path):
            raise DisconnectionError("the index was replaced")

    def _replace(self, seen_inode: int | None) -> None:
        """Put a new, empty file in the place of the one with `seen_inode`, unless someone has."""
        try:
            with _lock(self.path, fcntl.LOCK_EX):
                if _inode(self.path) == seen_inode:
                    _make(self.path)
        except (OSError, sqlite3.Error) as error:
            if is_full(error, self.path):
                raise _full(self.path) from error
            raise LabError(
                f"The index {self.path} cannot be made: {error}.",
                hint="Is the disk full, or the folder not writable?",
            ) from error


class _Raw(sqlite3.Connection):
    """A connection that knows which file it was opened on."""

    inode: int | None = None


def _begin(connection: Connection) -> None:
    is_write = connection.get_execution_options().get("peira_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_write else "BEGIN")


def _open(path: Path) -> sqlite3.Connection:
    """Open the file if it can be trusted, else raise `_UnusableError`."""
    inode = _inode(path)
    if inode is None:
        raise _UnusableError("there is none", None)
    try:
        raw = sqlite3.connect(
            f"{path.as_uri()}?mode=rw",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=READ_WAIT_MS / 1000,
            factory=_Raw,
        )
    except sqlite3.Error as error:
        raise _UnusableError(str(error), inode) from error
    try:
        _set_up(raw)
        reason = _distrust(raw, path, inode)
    except sqlite3.Error as error:
        raw.close()
        if _code(error) in _BUSY_CODES:
            raise
        raise _UnusableError(str(error), inode) from error
    if reason:
        raw.close()
        raise _UnusableError(reason, inode)
    raw.inode = inode
    return raw


def _set_up(raw: sqlite3.Connection) -> None:
    for pragma in (
        "trusted_schema=OFF",
        "cell_size_check=ON",
        "synchronous=NORMAL",
        "temp_store=MEMORY",
        f"cache_size=-{CACHE_KIB}",
        f"busy_timeout={READ_WAIT_MS}",
    ):
        raw.execute(f"PRAGMA {pragma}")


def _distrust(raw: sqlite3.Connection, path: Path, inode: int) -> str:
    """Return why the file must be replaced, or an empty text."""
    if raw.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        return "not an index"
    if raw.execute("PRAGMA user_version").fetchone()[0] != SCHEMA_VERSION:
        return "another version"
    if _tables(raw) != _expected_tables():
        return "foreign tables, views or triggers"
    if raw.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        return "no write-ahead log"
    told = raw.execute("SELECT value FROM meta WHERE name = 'inode'").fetchone()
    if told is None:
        return "no birth mark"
    if told[0] != str(inode):
        if _size(path.with_name(path.name + "-wal")) > 0:
            # A copy beside the write-ahead log of another file: SQLite would mix the two.
            return "a copy beside a log that may not be its own"
        _adopt(raw, told[0], str(inode))
    return ""


def _adopt(raw: sqlite3.Connection, told: str, inode: str) -> None:
    """Make a copy an index of its own: nobody's memory of the original is good for it."""
    raw.execute("BEGIN IMMEDIATE")
    mine = raw.execute(
        "UPDATE meta SET value = ? WHERE name = 'inode' AND value = ?", (inode, told)
    )
    if mine.rowcount == 1:
        raw.execute("UPDATE meta SET value = ? WHERE name = 'birth'", (secrets.token_hex(16),))
    raw.execute("COMMIT")


def _make(path: Path) -> None:
    """Make a new file beside and rename it over `path`. The caller holds the exclusive lock."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        raw = sqlite3.connect(fresh, isolation_level=None)
        try:
            raw.execute("PRAGMA page_size=8192")
            raw.execute(f"PRAGMA application_id={APPLICATION_ID}")
            raw.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
            raw.execute("PRAGMA journal_mode=WAL")
            raw.execute("BEGIN")
            for statement in _statements():
                raw.execute(statement)
            raw.execute("INSERT INTO meta VALUES ('inode', ?)", (str(_inode(fresh)),))
            raw.execute("INSERT INTO meta VALUES ('birth', ?)", (secrets.token_hex(16),))
            raw.execute("INSERT INTO meta VALUES ('rev', '0')")
            raw.execute("COMMIT")
        finally:
            raw.close()
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        fresh.replace(path)
    finally:
        for suffix in ("", "-wal", "-shm"):
            fresh.with_name(fresh.name + suffix).unlink(missing_ok=True)


@cache
def _statements() -> tuple[str, ...]:
    from sqlalchemy.dialects.sqlite import dialect
    from sqlalchemy.schema import CreateIndex, CreateTable

    statements = []
    for table in metadata.sorted_tables:
        statements.append(str(CreateTable(table).compile(dialect=dialect())).strip())
        statements.extend(
            str(CreateIndex(index).compile(dialect=dialect())).strip()
            for index in sorted(table.indexes, key=lambda index: str(index.name))
        )
    return tuple(statements)


@cache
def _expected_tables() -> frozenset[tuple[str, str, str | None]]:
    raw = sqlite3.connect(":memory:", isolation_level=None)
    try:
        for statement in _statements():
            raw.execute(statement)
        return _tables(raw)
    finally:
        raw.close()


def _tables(raw: sqlite3.Connection) -> frozenset[tuple[str, str, str | None]]:
    found = raw.execute("SELECT type, name, sql FROM sqlite_master")
    return frozenset(row for row in found if not str(row[1]).startswith("sqlite_stat"))


def _code(error: BaseException | None) -> int:
    """Return the primary result code of an error of SQLite; 0 when it has none."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def is_full(error: BaseException | None, path: Path) -> bool:
    """Whether an error means that there is no room left on the disk of `path`."""
    if isinstance(error, OSError):
        return error.errno in _FULL_NUMBERS
    code = _code(error)
    if code != sqlite3.SQLITE_IOERR:
        return code == sqlite3.SQLITE_FULL
    try:
        room = os.statvfs(path.parent)
    except OSError:
        return False
    return room.f_bavail * room.f_frsize < ROOM_MIN


def _full(path: Path) -> IndexFullError:
    return IndexFullError(
        f"There is no room on the disk for the index {path}.",
        hint="Free some, or name a folder on another disk with XDG_CACHE_HOME.",
    )


def _says_damage(error: DBAPIError) -> bool:
    """Whether an error without a telling code is one that our own statements cannot cause."""
    text = str(error.orig)
    signs = ("no such table", "no such column", "Could not decode to UTF-8")
    return isinstance(error, DatabaseError) and any(sign in text for sign in signs)


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


@contextmanager
def _lock(path: Path, kind: int) -> Iterator[None]:
    """Hold the lock file of an index. Where the file system has no locks, go on without."""
    handle = os.open(
        path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
    )
    try:
        try:
            fcntl.flock(handle, kind)
        except OSError:
            pass  # no locks here: renaming is still atomic, the worst is a second rebuild
        yield
    finally:
        os.close(handle)

"""One writer at a time, also over a shared folder, and never held up by a dead one.

    <path>.lock            hard link to the file of its holder: host, boot, pid, start
    <path>.holder.<token>  the file of one process that writes; touched each time it takes the lock
    <path>.break.<…>       claims of who takes a dead holder's lock away

The lock is made by `link(2)`, which fails when it exists, on NFS too. Its holder is dead when its
process is gone (same boot of the same host), else when its file was not touched for 60 s.

Taking a dead holder's lock away must not take away the lock of one who came after it. So it is
claimed first: `break.<token>.<time>.<n>` is made exclusively; claim n counts only when the makers
of all claims before it are dead. At most one living process thus removes that lock, and while it
stands nobody makes another.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from peira.core.clock import now_s
from peira.core.errors import LabError
from peira.core.ids import new_writer_id
from peira.record import liveness

STALE_AFTER_S = liveness.SILENT_AFTER_S
_WAIT_FIRST_S = 0.0005
_WAIT_LAST_S = 0.02
_BREAKS_MAX = 100


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """The process that a file of the lock belongs to."""

    token: str
    host: str
    boot: str
    pid: int
    started: float

    def is_dead(self, touched: float) -> bool:
        """Whether the process is gone, as far as can be told from here.

        Args:
            touched: when its file was last touched, seconds since the epoch.
        """
        if self.host == liveness.host() and self.boot == liveness.boot_id():
            return not liveness.is_alive(self.pid, self.started)
        return now_s() - touched > STALE_AFTER_S


class FolderLock:
    """A lock beside the file `path`. Usable from any thread and after a fork; not re-entrant.

    >>> with FolderLock(path).held():                                         # doctest: +SKIP
    ...     append(path)
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = threading.Lock()
        self._mine: tuple[int, Path] | None = None  # (pid, its file): a fork needs its own

    @property
    def _lock(self) -> Path:
        return self._path.with_name(f"{self._path.name}.lock")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock.

        Raises:
            LabError: the folder cannot be written.
        """
        with self._thread:
            try:
                self._acquire()
            except OSError as error:
                raise LabError(
                    f"{self._path.parent} cannot be locked for writing: {error.strerror}.",
                    hint="Check that the folder is there and writable.",
                ) from error
            try:
                yield
            finally:
                self._lock.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove this process's file."""
        with self._thread:
            if self._mine is not None and self._mine[0] == os.getpid():
                self._mine[1].unlink(missing_ok=True)
            self._mine = None

    def __getstate__(self) -> Path:
        return self._path

    def __setstate__(self, path: Path) -> None:
        self._path = path
        self._thread = threading.Lock()
        self._mine = None

    def _acquire(self) -> None:
        wait_s = _WAIT_FIRST_S
        while True:
            mine = self._holder_file()
            os.utime(mine)
            try:
                os.link(mine, self._lock)
                return
            except FileExistsError:
                self._break_if_dead()
            except FileNotFoundError:  # somebody tidied up this process's file
                self._mine = None
                self._path.parent.mkdir(parents=True, exist_ok=True)
            time.sleep(wait_s)
            wait_s = min(wait_s * 2, _WAIT_LAST_S)

    def _holder_file(self) -> Path:
        pid = os.getpid()
        if self._mine is None or self._mine[0] != pid:
            holder = Holder(
                token=new_writer_id(),
                host=liveness.host(),
                boot=liveness.boot_id(),
                pid=pid,
                started=liveness.process_started(pid),
            )
            path = self._path.with_name(f"{self._path.name}.holder.{holder.token}")
            _write_new(path, holder)
            self._mine = (pid, path)
        return self._mine[1]

    def _break_if_dead(self) -> None:
        """Take the lock away from its holder, when that is dead and nobody else is at it."""
        found = _read(self._lock)
        if found is None or not found[0].is_dead(found[1] / 1e9):
            return
        holder, touched_ns = found
        stem = f"{self._path.name}.break.{holder.token}.{touched_ns}"
        claims = []
        for number in range(1, _BREAKS_MAX):
            claim = self._path.with_name(f"{stem}.{number}")
            claims.append(claim)
            try:
                os.link(self._holder_file(), claim)
            except FileExistsError:
                other = _read(claim)
                if other is not None and not other[0].is_dead(other[1] / 1e9):
                    return  # somebody living is at it
                continue
            now = _read(self._lock)
            if now is not None and now[0].token == holder.token and now[1] == touched_ns:
                self._lock.unlink(missing_ok=True)
                self._path.with_name(f"{self._path.name}.holder.{holder.token}").unlink(
                    missing_ok=True
                )
            for old in claims:
                old.unlink(missing_ok=True)
            return


def _write_new(path: Path, holder: Holder) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, msgspec.json.encode(holder) + b"\n")
    finally:
        os.close(descriptor)


def _read(path: Path) -> tuple[Holder, int] | None:
    """Return who a file belongs to and when it was touched, in ns; None when it is gone."""
    try:
        touched = path.stat().st_mtime_ns
        return msgspec.json.decode(path.read_bytes(), type=Holder), touched
    except (OSError, msgspec.MsgspecError):
        return None

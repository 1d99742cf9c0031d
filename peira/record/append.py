"""One file, appended by one process, one `write(2)` a record.

A record whose write failed, wholly or in part, is not in the file; the next record starts with a
line feed, which ends the torn line. Nothing is ever truncated or written over.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from threading import RLock

_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
_CLOSE_TIMEOUT_S = 0.2
_STALE = frozenset({errno.EBADF, errno.ESTALE, errno.ENOENT, errno.ENODEV, errno.ENXIO})


class AppendFile:
    """A file of framed lines, opened at its first record.

    Safe from any thread; the lock may be taken again by its own thread, because a signal handler
    may have to write while the code that it interrupted was writing.
    """

    def __init__(self, path: Path, on_open: Callable[[], None] = lambda: None) -> None:
        self.path = path
        self._on_open = on_open
        self.lock = RLock()
        self.fd = -1
        self.size = 0
        """Bytes written by this object."""
        self._synced = 0
        """Value of `size` that an fsync has covered."""
        self.is_torn = False
        """Whether the file may end with a part of a record."""

    @property
    def is_dirty(self) -> bool:
        """Whether something was written that no fsync has covered."""
        return self.size != self._synced

    def append(self, line: bytes) -> None:
        """Write one framed line; it survives the death of the process when this returns.

        Raises:
            OSError: it is not in the file.
        """
        with self.lock:
            if self.fd < 0:
                self._open()
            if self.is_torn:
                line = b"\n" + line
            self.write_rest(line)
            self.size += len(line)

    def write_rest(self, line: bytes) -> None:
        """Write what remains of a line; the lock is held, the file is open.

        Raises:
            OSError: a part may be in the file; the next record will end it.
        """
        self.is_torn = True
        try:
            while line:
                line = line[os.write(self.fd, line) :]
        except OSError as error:
            if error.errno in _STALE:
                self._close()
            raise
        self.is_torn = False

    def _open(self) -> None:
        self.fd = os.open(self.path, _FLAGS, 0o600)
        if os.fstat(self.fd).st_size:
            self.is_torn = True  # opened again after a fault: how it ends is not known
        else:
            self._begin()
        self._on_open()

    def _begin(self) -> None:
        """Forget what an earlier file at this path held; the lock is held."""

    def sync(self) -> None:
        """Make everything written durable. Does not hold the lock while the disk works, so nobody
        waits.

        Raises:
            OSError: what was written since the last sync may be lost in a crash of the system, for
                ever: the kernel may have dropped the pages, and a second try would only seem to
                succeed.
        """
        size = self.size
        if size == self._synced or self.fd < 0:
            return
        try:
            os.fsync(self.fd)
        except OSError:
            self._synced = size
            raise
        self._synced = size  # only now: another thread's flush() must not trust half an fsync

    def is_deleted(self) -> bool:
        """Whether the open file has no name any more: someone removed it, and what goes into it is
        lost.
        """
        if self.fd < 0:
            return False
        try:
            return os.fstat(self.fd).st_nlink == 0
        except OSError:
            return False

    def close(self) -> None:
        """Close the file; a later record opens it again.

        It stays open when another thread is stuck in a write.
        """
        if self.lock.acquire(timeout=_CLOSE_TIMEOUT_S):
            self._close()
            self.lock.release()

    def _close(self) -> None:
        if self.fd >= 0:
            descriptor, self.fd = self.fd, -1
            try:
                os.close(descriptor)
            except OSError:
                return  # it is closed all the same

    def start_over(self, path: Path) -> None:
        """Write to `path` from now on, as a new object would. Safe in a fork child: the old lock
        is not touched.
        """
        self.lock = RLock()
        self._close()
        self.path = path
        self.size = self._synced = 0
        self.is_torn = False

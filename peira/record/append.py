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
        self.is_torn = False
        """Whether the file may end with a part of a record."""
        self.is_dirty = False
        """Whether something was written since the last fsync."""

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
            self.size += len(line)
            self.write_rest(line)
            self.is_dirty = True

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
        self._on_open()

    def sync(self) -> None:
        """Make everything written durable. Does not hold the lock while the disk works, so nobody
        waits.

        Raises:
            OSError: what was written since the last sync may be lost in a crash of the system, for
                ever: the kernel may have
                dropped the pages, and a second try would only seem to succeed.
        """
        if not self.is_dirty or self.fd < 0:
            return
        self.is_dirty = False
        os.fsync(self.fd)

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
        """Close the file; a later record opens it again."""
        with self.lock:
            self._close()

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
        self.size = 0
        self.is_torn = self.is_dirty = False

r"""The console of a run: `console.log`, in which progress bars stand as their last state.

What is copied into it comes from this process's own streams (`Tee`, in tee.py) or from those of a
launched program (`peira/launch/streams.py`).
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from pathlib import Path

from peira.capture.screen import Screen

LIMIT_BYTES = 64 * 1024 * 1024
_STATE_INTERVAL_S = 1.0
# A block of bars that has not been redrawn for so long is at rest; rich and tqdm redraw several
# times a second.
_SETTLE_AFTER_S = 2.0


class Stream:
    """One stream of text on its way into a console."""

    def __init__(self) -> None:
        self.screen = Screen()
        self.shown_s = 0.0
        self.redrawn_s = 0.0


class Console:
    r"""Writes what a program prints into a file, by appends, with progress bars as their last
    state.

    Finished lines are written at once, one `write(2)` each call; the state of a line without its
    end at most once a second, and by `flush()`, which a background thread may call. An error of the
    file never reaches the program: what could not be written is counted in `lost_bytes`. Safe from
    threads, signal handlers and after `fork()` (a child appends to the same file).

    Args:
        path: the file to append to; made with mode 0600.
        limit_bytes: when the file has reached this size one line says so, and the rest is only
            counted.
    """

    def __init__(self, path: str | os.PathLike[str], *, limit_bytes: int = LIMIT_BYTES) -> None:
        self.path = Path(path)
        self.limit_bytes = limit_bytes
        self.lost_bytes = 0
        self.error: OSError | None = None
        """The last error of the file, None when there was none."""
        self._descriptor = -1
        self._size_bytes = 0
        self._is_full = False
        self._lock = threading.RLock()
        self._is_busy = False
        self._waiting: list[tuple[Stream, str]] = []
        self._streams: list[Stream] = []
        self._open_stream: Stream | None = None

    def open(self) -> None:
        """Open the file. An error is kept in `error`; nothing is raised."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            self._descriptor = os.open(self.path, flags, 0o600)
            self._size_bytes = os.fstat(self._descriptor).st_size
        except OSError as error:
            self.error = error
            return
        _consoles.add(self)

    @property
    def is_open(self) -> bool:
        """Whether what is recorded reaches the file."""
        return self._descriptor >= 0

    def stream(self) -> Stream:
        """Return a new stream into this console."""
        stream = Stream()
        self._streams.append(stream)
        return stream

    def close(self) -> None:
        """Write what is pending and close the file."""
        with self._lock:
            for stream in self._streams:
                stream.screen.feed("")
                stream.screen.settle()
                self._append(stream, stream.screen.take())
                self._append(stream, stream.screen.state())
            self._streams = []
            self._open_stream = None
            if self._descriptor >= 0:
                try:
                    os.close(self._descriptor)
                except OSError as error:
                    self.error = error
                self._descriptor = -1
        _consoles.discard(self)

    def flush(self) -> None:
        """Write the present state of lines that have no end yet. Meant for a background thread,
        about once a second.
        """
        with self._lock:
            if self._is_busy:
                return
            for stream in self._streams:
                self._write_state(stream, time.monotonic(), force=True)

    def record(self, stream: Stream, text: str) -> None:
        """Take what was written to a stream. Text that arrives while text is being taken (a signal
        handler that prints) waits for its turn.
        """
        with self._lock:
            if self._descriptor < 0:
                return
            if self._is_full:  # no need to follow what is not written
                self.lost_bytes += len(text.encode("utf-8", "backslashreplace"))
                return
            self._waiting.append((stream, text))
            if self._is_busy:
                return
            self._is_busy = True
            try:
                while self._waiting:
                    self._follow(*self._waiting.pop(0))
            finally:
                self._is_busy = False

    def _follow(self, stream: Stream, text: str) -> None:
        now_s = time.monotonic()
        screen = stream.screen
        if screen.is_held and now_s - stream.redrawn_s > _SETTLE_AFTER_S:
            screen.settle()
        screen.feed(text)
        if screen.is_held and "\x1b[" in text:
            stream.redrawn_s = now_s
        self._append(stream, screen.take())
        self._write_state(stream, now_s, force=False)

    def _write_state(self, stream: Stream, now_s: float, *, force: bool) -> None:
        if stream.screen.is_held and force and now_s - stream.redrawn_s > _SETTLE_AFTER_S:
            stream.screen.settle()
            self._append(stream, stream.screen.take())
        if force or now_s - stream.shown_s >= _STATE_INTERVAL_S:
            stream.shown_s = now_s
            self._append(stream, stream.screen.state())

    def _append(self, stream: Stream, text: str) -> None:
        if not text:
            return
        if self._open_stream is not None and self._open_stream is not stream:
            self._open_stream.screen.interrupt()
            text = "\n" + text
        self._open_stream = None if text.endswith("\n") else stream
        data = text.encode("utf-8", "backslashreplace")
        if self._is_full or self._descriptor < 0:
            self.lost_bytes += len(data)
            return
        if self._size_bytes + len(data) > self.limit_bytes:
            self._is_full = True
            self.lost_bytes += len(data)
            limit = f"{self.limit_bytes:,} bytes"
            data = (
                f"\n[peira] {self.path.name} is full ({limit}); the rest is not recorded\n".encode()
            )
        self._write(data)

    def _write(self, data: bytes) -> None:
        self._size_bytes += len(data)
        while data:
            try:
                written = os.write(self._descriptor, data)
            except (
                OSError
            ) as error:  # a full disk must not end the program's print; counted and kept
                self.error = error
                self.lost_bytes += len(data)
                self._size_bytes -= len(data)
                return
            data = data[written:]

    def _after_fork(self) -> None:
        """In a child: another thread may have held the lock; open lines are the parent's."""
        self._lock = threading.RLock()
        self._is_busy = False
        self._waiting = []
        self._open_stream = None
        for stream in self._streams:
            stream.screen = Screen()


_consoles: weakref.WeakSet[Console] = weakref.WeakSet()


def _after_fork() -> None:
    for console in list(_consoles):
        console._after_fork()


os.register_at_fork(after_in_child=_after_fork)

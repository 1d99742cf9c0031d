r"""The console of a run: what the program prints goes to the terminal unchanged, and into
`console.log`.

The `write` of the present `sys.stdout` and `sys.stderr` objects is covered, and the objects stay
what they are: their `isatty`, `encoding`, `buffer` and identity, and the handlers of `logging` that
already hold them. What C code or child processes write to the file descriptors, and bytes written
to `sys.stdout.buffer`, are not seen here.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import weakref
from pathlib import Path
from types import TracebackType
from typing import Any

from peira.capture.screen import Screen

LIMIT_BYTES = 64 * 1024 * 1024
_STATE_INTERVAL_S = 1.0
# A block of bars that has not been redrawn for so long is at rest; rich and tqdm redraw several
# times a second.
_SETTLE_AFTER_S = 2.0

_tees: weakref.WeakSet[Tee]


class Tee:
    r"""Copies what the program prints into a file, by appends, with progress bars as their last
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
        self._waiting: list[tuple[_Stream, str]] = []
        self._streams: list[_Stream] = []
        self._open_stream: _Stream | None = None

    def start(self) -> None:
        """Begin to copy. An error of the file is kept in `error`; nothing is raised."""
        if self._streams:
            return
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            self._descriptor = os.open(self.path, flags, 0o600)
            self._size_bytes = os.fstat(self._descriptor).st_size
        except OSError as error:
            self.error = error
            return
        for name in ("stdout", "stderr"):
            target = getattr(sys, name)
            # Both names may stand for one object; a program without a console has None.
            if target is not None and all(s.target is not target for s in self._streams):
                self._streams.append(_Stream(self, name, target))
        for stream in self._streams:
            stream.cover()
        _tees.add(self)

    def stop(self) -> None:
        """Write what is pending and give the streams back, each only where it is still covered by
        this tee.
        """
        for stream in self._streams:
            stream.uncover()
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
        _tees.discard(self)

    def flush(self) -> None:
        """Write the present state of lines that have no end yet. Meant for a background thread,
        about once a second.
        """
        with self._lock:
            if self._is_busy:
                return
            for stream in self._streams:
                self._write_state(stream, time.monotonic(), force=True)

    def __enter__(self) -> Tee:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def record(self, stream: _Stream, text: str) -> None:
        """Take what was written to a stream. Text that arrives while text is being taken (a signal
        handler that prints) waits for its turn.
        """
        with self._lock:
            if self._descriptor < 0:
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

    def _follow(self, stream: _Stream, text: str) -> None:
        now_s = time.monotonic()
        screen = stream.screen
        if screen.is_held and now_s - stream.redrawn_s > _SETTLE_AFTER_S:
            screen.settle()
        screen.feed(text)
        if screen.is_held and "\x1b[" in text:
            stream.redrawn_s = now_s
        self._append(stream, screen.take())
        self._write_state(stream, now_s, force=False)

    def _write_state(self, stream: _Stream, now_s: float, *, force: bool) -> None:
        if stream.screen.is_held and force and now_s - stream.redrawn_s > _SETTLE_AFTER_S:
            stream.screen.settle()
            self._append(stream, stream.screen.take())
        if force or now_s - stream.shown_s >= _STATE_INTERVAL_S:
            stream.shown_s = now_s
            self._append(stream, stream.screen.state())

    def _append(self, stream: _Stream, text: str) -> None:
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


class _Stream:
    """One of the program's streams, its `write` covered."""

    def __init__(self, tee: Tee, name: str, target: Any) -> None:
        self.tee = tee
        self.name = name
        self.target: Any = target
        self.screen = Screen()
        self.shown_s = 0.0
        self.redrawn_s = 0.0
        self._original = target.write
        self._is_active = False
        self._proxy: _Proxy | None = None

    def cover(self) -> None:
        self._is_active = True
        try:
            self.target.write = self.write
        except (AttributeError, TypeError):  # an object without room for attributes
            self._proxy = _Proxy(self.target, self.write)
            setattr(sys, self.name, self._proxy)

    def uncover(self) -> None:
        """Take the cover off, unless somebody has put another on top: then it only passes on."""
        self._is_active = False
        if self._proxy is not None:
            if getattr(sys, self.name) is self._proxy:
                setattr(sys, self.name, self.target)
            return
        covered = getattr(self.target, "__dict__", {})
        if covered.get("write") == self.write:
            is_own = getattr(self._original, "__self__", None) is self.target
            if is_own:
                del self.target.write
            else:  # somebody had covered it before
                self.target.write = self._original

    def write(self, text: str) -> Any:
        """Write to the stream, then record."""
        result = self._original(text)
        if self._is_active and isinstance(text, str):
            self.tee.record(self, text)
        return result


class _Proxy:
    """Stands in for a stream that takes no attribute: all but `write` is the stream's own."""

    def __init__(self, target: Any, write: Any) -> None:
        self._target = target
        self.write = write

    def writelines(self, lines: Any) -> None:
        """Write each of `lines`, none gets an end added."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target, name)

    def __iter__(self) -> Any:
        return iter(self._target)


def _after_fork() -> None:
    for tee in list(_tees):
        tee._after_fork()


_tees = weakref.WeakSet()
os.register_at_fork(after_in_child=_after_fork)

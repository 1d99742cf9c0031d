"""What a launched program prints: passed on byte by byte, and copied to the run's console.

    program ──write──► pty | pipe ──► Channel's thread ──► the stream that this process was given
                                                      └──► listener: as text

A stream that is a terminal stays one: the program gets a pseudo-terminal of the same size and
modes, which passes bytes on unchanged. It is not the program's controlling terminal: Ctrl-C, Ctrl-Z
and the keyboard come from the real one, without a detour. Standard output and error that are one
file are one channel, so that their order stays what it is.
"""

from __future__ import annotations

import codecs
import os
import select
import stat
import termios
from collections.abc import Callable
from threading import Thread
from typing import Any

from peira.record.keeper import THREAD_PREFIX

_READ_BYTES = 65_536
STDOUT, STDERR = 1, 2

Listener = Callable[[str], None]
"""Takes text that the program printed. Must not raise."""


class Channel:
    """One way out of the program: `entry` is for the program to write to, `target` where it goes.

    Args:
        target: the file descriptor to pass on to; None when nobody looks on.
        listener: takes the same as text.
    """

    def __init__(self, target: int | None, listener: Listener) -> None:
        self._target = target
        self._listener = listener
        self._size: tuple[int, int] | None = None
        self.is_terminal = target is not None and os.isatty(target)
        self._source, self.entry = os.openpty() if self.is_terminal else os.pipe()
        if target is not None and self.is_terminal:
            _make_transparent(self.entry, like=target)
            self.fit()
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._wake, self._waker = os.pipe()
        self.is_open = True
        """Whether the program, or one that it started, may still write."""
        self._thread = Thread(target=self._run, name=f"{THREAD_PREFIX}console", daemon=True)

    def start(self) -> None:
        """Begin to pass on; the program has its own copy of `entry` by now."""
        os.close(self.entry)
        self._thread.start()

    def fit(self) -> bool:
        """Give the program's terminal the size of the real one; return whether that changed it."""
        if self._target is None or not self.is_terminal:
            return False
        try:
            size = termios.tcgetwinsize(self._target)
            if size == self._size:
                return False
            termios.tcsetwinsize(self._source, size)
        except (OSError, termios.error):  # the terminal is gone
            return False
        self._size = size
        return True

    def finish(self) -> None:
        """The program has ended: pass on what it wrote, and stop."""
        os.write(self._waker, b".")
        self._thread.join()
        self._listen(b"", is_last=True)

    def close(self) -> None:
        """Let go of what is still held of it."""
        if self._thread.ident is None:
            os.close(self.entry)
        self._close_source()
        os.close(self._wake)
        os.close(self._waker)

    def leave(self) -> None:
        """Let a process of its own pass on what programs in the background still write, until the
        last of them has ended: they go on as they would without Peira.
        """
        if self.is_open and self._target is not None:
            actions: list[tuple[Any, ...]] = [
                (os.POSIX_SPAWN_DUP2, self._source, 0),
                (os.POSIX_SPAWN_DUP2, self._target, 1),
                (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
            ]
            try:
                os.posix_spawnp("cat", ["cat"], os.environ, file_actions=actions)
            except FileNotFoundError:
                pass  # then nobody reads it any more, and they learn that by SIGPIPE
        self.close()

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._source, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        is_last = False
        while self.is_open:
            ready = {descriptor for descriptor, _ in poll.poll(0 if is_last else None)}
            if self._source in ready:
                data = self._read()
                self._pass_on(data)
                self._listen(data)
            elif is_last:
                return
            is_last = is_last or self._wake in ready

    def _read(self) -> bytes:
        try:
            data = os.read(self._source, _READ_BYTES)
        except OSError:  # EIO: nobody has the other side of the pseudo-terminal any more
            data = b""
        if not data:
            self._close_source()
        return data

    def _close_source(self) -> None:
        if self.is_open:
            self.is_open = False
            os.close(self._source)

    def _pass_on(self, data: bytes) -> None:
        while data and self._target is not None:
            try:
                data = data[os.write(self._target, data) :]
            except BlockingIOError:  # somebody made the stream so; wait for it all the same
                select.select([], [self._target], [])
            except OSError:
                # The reader went away. The program learns it as it would without Peira: by SIGPIPE
                # or an error at its next write.
                self._close_source()
                return

    def _listen(self, data: bytes, *, is_last: bool = False) -> None:
        text = self._decoder.decode(data, is_last)
        if text:
            self._listener(text)


def channels(
    listener: Callable[[], Listener], *, is_shown: bool
) -> tuple[Channel | None, Channel | None]:
    """Return the ways out for standard output and error; one and the same when they lead to one
    file, None for one that this process was started without.

    Args:
        listener: makes a listener for each.
        is_shown: whether what is printed is passed on to this process's own streams.
    """
    if not is_shown:
        both = Channel(None, listener())
        return both, both
    out, err = _identity(STDOUT), _identity(STDERR)
    first = Channel(STDOUT, listener()) if out else None
    if first is not None and out == err:
        return first, first
    return first, Channel(STDERR, listener()) if err else None


def _identity(descriptor: int) -> tuple[int, ...] | None:
    """Return what two descriptors of one file, pipe or terminal have in common; None when it is
    closed.
    """
    try:
        found = os.fstat(descriptor)
    except OSError:
        return None
    if stat.S_ISCHR(found.st_mode):
        return (found.st_rdev,)
    return (found.st_dev, found.st_ino)


def _make_transparent(entry: int, *, like: int) -> None:
    """Give a pseudo-terminal the modes of a real one, and let it pass on bytes as they are: it is
    the real one that adds the carriage returns.
    """
    try:
        modes = termios.tcgetattr(like)
    except termios.error:
        modes = termios.tcgetattr(entry)
    modes[1] &= ~termios.OPOST
    termios.tcsetattr(entry, termios.TCSANOW, modes)

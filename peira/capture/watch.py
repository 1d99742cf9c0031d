"""A watch on folders: tells which files in them somebody opens or writes, on Linux.

It sees what Python's audit events do not: files that libraries open in C, and those that other
programs open. Who opened a file it cannot tell. It needs no privilege, only a descriptor and one
watch a folder; what happens waits in the kernel until it is asked for.

Source: inotify(7).
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Thread
from typing import Literal, NamedTuple

FOLDERS_MAX = 1_000
"""The kernel gives a user some thousands, and an editor wants some, too."""
DEPTH_MAX = 8
ENTRIES_MAX = 20_000
"""So many names are looked at in search of folders to watch."""
EVENTS_MAX = 40_000
"""A folder with more events is watched no longer: each costs training a microsecond."""

_OPEN, _CLOSE_READ, _CLOSE_WRITE, _MOVED_TO, _CREATE = 0x20, 0x10, 0x8, 0x80, 0x100
_Q_OVERFLOW, _IGNORED, _ISDIR = 0x4000, 0x8000, 0x40000000
_EXCL_UNLINK, _ONLYDIR = 0x04000000, 0x01000000
_MASK = _OPEN | _CLOSE_READ | _CLOSE_WRITE | _MOVED_TO | _CREATE | _EXCL_UNLINK | _ONLYDIR
_HEAD = struct.Struct("iIII")
_BUFFER_BYTES = 256 * 1024
_PASSED_OVER = frozenset(("node_modules", "__pycache__", "site-packages", "dist-packages"))


class Sight(NamedTuple):
    """Somebody opened a file, closed it after reading only, or wrote it."""

    path: str
    what: Literal["opened", "read", "written"]


class FolderWatch:
    """Watches folders, each with those below it when asked so; nothing, where there is no inotify.

    Not safe from several threads at once.
    """

    def __init__(self) -> None:
        self._libc: ctypes.CDLL | None = None
        self._fd = -1
        self._paths: dict[int, str] = {}
        self._folders: dict[str, int] = {}
        self._counts: dict[int, int] = {}
        self._deep: set[str] = set()
        """Folders whose new folders are watched, too."""
        self.trouble = ""
        """Why something is not watched, when that is so."""

    def open(self) -> bool:
        """Begin; return whether there is anything to watch with."""
        if not sys.platform.startswith("linux"):
            self.trouble = f"no inotify on {sys.platform}"
            return False
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            self.trouble = f"inotify: {os.strerror(ctypes.get_errno())}"
        return self._fd >= 0

    def close(self) -> None:
        """End. The kernel takes about 15 ms for it, for which nobody needs to wait."""
        if self._fd < 0:
            return
        descriptor, self._fd = self._fd, -1
        try:
            Thread(target=os.close, args=(descriptor,), name="peira-watch", daemon=True).start()
        except RuntimeError:  # the interpreter ends, or no more threads are allowed
            os.close(descriptor)

    def add(self, folder: str) -> bool:
        """Watch a folder; return whether it is watched now, and was not."""
        if self._fd < 0 or folder in self._folders:
            return False
        if len(self._folders) >= FOLDERS_MAX:
            self.trouble = self.trouble or f"only {FOLDERS_MAX} folders are watched"
            return False
        assert self._libc is not None
        number = self._libc.inotify_add_watch(self._fd, os.fsencode(folder), _MASK)
        if number < 0:
            code = ctypes.get_errno()
            if code == errno.ENOSPC:
                self.trouble = "the system allows no more watches (fs.inotify.max_user_watches)"
            return False
        self._folders[folder] = number
        self._paths[number] = folder
        return True

    def add_tree(self, folder: str) -> None:
        """Watch a folder and those below it, the nearest first, as far as the limits go. Hidden
        folders, virtual environments and installed packages are passed over.
        """
        queue = [(folder, 0)]
        looked_at = 0
        while queue:
            place, depth = queue.pop(0)
            if not self.add(place) and place not in self._folders:
                continue
            self._deep.add(place)
            if depth == DEPTH_MAX or looked_at > ENTRIES_MAX:
                continue
            try:
                with os.scandir(place) as entries:
                    for entry in entries:
                        looked_at += 1
                        if looked_at > ENTRIES_MAX:
                            break
                        if entry.is_dir(follow_symlinks=False) and not is_passed_over(entry.path):
                            queue.append((entry.path, depth + 1))
            except OSError:
                continue  # removed meanwhile, or not ours to read

    def sights(self) -> Iterator[Sight]:
        """Yield what happened since the last call. A file may come several times."""
        while self._fd >= 0:
            try:
                data = os.read(self._fd, _BUFFER_BYTES)
            except BlockingIOError:
                return
            yield from self._parsed(data)

    def _parsed(self, data: bytes) -> Iterator[Sight]:
        position = 0
        while position < len(data):
            number, mask, _, length = _HEAD.unpack_from(data, position)
            position += _HEAD.size
            name = data[position : position + length].rstrip(b"\0")
            position += length
            if mask & _Q_OVERFLOW:
                self.trouble = "so much happened at once that some of it was not seen"
            elif mask & _IGNORED:
                self._folders.pop(self._paths.pop(number, ""), None)
            elif number in self._paths:
                yield from self._sight(number, mask, os.fsdecode(name))

    def _sight(self, number: int, mask: int, name: str) -> Iterator[Sight]:
        folder = self._paths[number]
        path = os.path.join(folder, name)  # noqa: PTH118 - a microsecond counts here
        if mask & _ISDIR:
            if mask & (_CREATE | _MOVED_TO) and folder in self._deep and not is_passed_over(path):
                self.add_tree(path)
            return
        count = self._counts[number] = self._counts.get(number, 0) + 1
        if count > EVENTS_MAX:
            self._drop(number)
        elif mask & (_CLOSE_WRITE | _MOVED_TO):
            yield Sight(path, "written")
        elif mask & _CLOSE_READ:
            yield Sight(path, "read")
        elif mask & _OPEN:
            yield Sight(path, "opened")

    def _drop(self, number: int) -> None:
        assert self._libc is not None
        self._libc.inotify_rm_watch(self._fd, number)
        self.trouble = f"{self._paths.pop(number)} was too busy to be watched to the end"


def is_passed_over(path: str) -> bool:
    """Whether a folder holds nothing that a run reads as its data: hidden, installed, a virtual
    environment.
    """
    name = os.path.basename(path)  # noqa: PTH119 - called for every folder
    return (
        name.startswith(".")
        or name in _PASSED_OVER
        or os.path.exists(os.path.join(path, "pyvenv.cfg"))  # noqa: PTH110, PTH118 - likewise
    )


def folders_of(words: Iterable[str], directory: str) -> list[str]:
    """Return the folders that a command line names, and those of the files that it names."""
    found = []
    for word in words:
        for text in (word, word.partition("=")[2]):
            path = Path(directory, text) if text else None
            try:
                if path is not None and path.is_dir():
                    found.append(os.path.normpath(path))
                elif path is not None and path.is_file():
                    found.append(os.path.normpath(path.parent))
            except (OSError, ValueError):
                continue  # too long to be a name, or it holds a zero
    return list(dict.fromkeys(found))

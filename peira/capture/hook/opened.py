"""The files that a process opens, each told once, by a hook on Python's audit events.

Each file is looked at in the moment of its opening (size, time of change, inode): so its content
can be read later, and it is known whether it was still the same. Nothing is slowed down in loops: a
file that was told costs one look into a set.
"""

from __future__ import annotations

import os
import stat
import sys
from _thread import get_ident

from . import libraries
from .border import harmless
from .ignored import is_ignored

TYPE_CHECKING = False  # as typing has it, whose import costs 5 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .spool import Tell

PATHS_MAX = 200_000
"""So many files a process are told one by one; further opens are counted."""

_ACCESS = getattr(os, "O_ACCMODE", 3)
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_CACHE = os.sep + "__pycache__" + os.sep

before_exec: list[Callable[[], None]] = []
"""What is to be done before another program takes the place of this one."""


class Opened:
    """What was opened in this process. `tell` gets `open` facts, and `omitted` at the end."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        # As the program named them: a name that was met needs no look at the disk.
        self._read: set[Any] = set()
        self._written: set[Any] = set()
        self._told: set[tuple[str, str]] = set()
        self.busy: set[int] = set()
        """Threads whose opens are not the program's."""
        self.is_on = True
        self.omitted = 0

    def audit(self, event: str, args: tuple[Any, ...]) -> None:
        """The audit hook. Called for everything that Python audits, so the order of its questions
        is its speed.
        """
        if event == "open":
            try:
                name, mode, flags = args
                if name not in (self._written if flags & _WRITES else self._read):
                    self._meet(name, flags, is_plain=mode is None, is_code=is_import(1))
            except (TypeError, ValueError):
                return  # somebody else's event of this name
        elif event in _OTHERS:
            harmless(self._other, event, args)

    def _other(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "os.chdir":  # relative names mean other files from now on
            self._forget()
        elif event == "os.rename":
            self._rename(args[0], args[1])
        elif event == "os.exec":
            for action in before_exec:
                action()
        else:
            self._meet(_database(args[0]), os.O_RDWR)

    def _meet(
        self, name: Any, flags: int, *, is_plain: bool = False, is_code: bool = False
    ) -> None:
        thread = get_ident()
        if name.__class__ is int or thread in self.busy or not self.is_on:
            return
        self.busy.add(thread)  # what is opened in here is not the program's
        try:
            harmless(self._note, name, flags, is_plain, is_code)
        finally:
            self.busy.discard(thread)

    def _note(self, named: Any, flags: int, is_plain: bool, is_code: bool) -> None:
        name = os.fsdecode(named)
        path = absolute(name)
        if _CACHE in path:
            if flags & _WRITES:  # bytecode, beside and then renamed: its source is not written
                self._remember(named, flags)
                return
            if path.endswith(".pyc"):
                path = _source_of(path)
        if is_ignored(path) or flags & getattr(os, "O_DIRECTORY", 0):
            self._remember(named, flags)
            return
        found = _look(path)
        marks: dict[str, Any] = {"code": True} if is_code else {}
        if found is None and is_plain and not os.path.isabs(name):
            path, found, is_guess = _below_a_descriptor(name, path)
            if is_guess:
                marks["sure"] = False
        access = flags & _ACCESS
        if access != os.O_WRONLY and found is not None and not flags & os.O_TRUNC:
            self._remember(named, flags)
            marks["stat"] = [found.st_size, found.st_mtime_ns, found.st_ino]
            self._tell_once(path, "r", marks)
        if flags & _WRITES and access != os.O_RDONLY:
            self._remember(named, flags)
            self._tell_once(path, "w", {})

    def _remember(self, named: Any, flags: int) -> None:
        seen = self._written if flags & _WRITES else self._read
        if len(seen) < PATHS_MAX:
            seen.add(named)

    def _tell_once(self, path: str, mode: str, marks: dict[str, Any]) -> None:
        if (path, mode) in self._told:
            return
        if len(self._told) >= PATHS_MAX:
            self.omitted += 1
            return
        self._told.add((path, mode))
        self._tell("open", path=path, mode=mode, **marks)

    def meet(self, name: str, flags: int) -> None:
        """A library is about to open a file where Python does not see it."""
        if name not in (self._written if flags & _WRITES else self._read):
            self._meet(name, flags)

    def _rename(self, source: Any, target: Any) -> None:
        """A file that was written under another name first is written, too."""
        if (absolute(os.fsdecode(source)), "w") in self._told:
            self._meet(target, os.O_WRONLY)

    def tell_omitted(self) -> None:
        """Tell how many opens were not told."""
        if self.omitted:
            self._tell("omitted", opens=self.omitted)

    def begin(self) -> None:
        """Tell everything again that is opened from now on."""
        self.is_on = True
        self._told = set()
        self._forget()

    def _forget(self) -> None:
        self._read = set()
        self._written = set()


_RUNPY = os.path.join(os.path.dirname(os.__file__), "runpy.py")
_OTHERS = frozenset(("os.chdir", "os.exec", "os.rename", "sqlite3.connect"))


def absolute(name: str) -> str:
    """Return a path from the root. `..` may stand behind a link: then the links are followed."""
    return os.path.realpath(name) if ".." in name else os.path.abspath(name)


def is_import(depth: int) -> bool:
    """Whether the caller of the caller opens code to run it: the import system, `runpy`, or
    Python itself, which looks first whether its script is an archive.
    """
    try:
        file = sys._getframe(depth + 1).f_code.co_filename
    except ValueError:
        return True
    return file.startswith("<frozen ") or file == _RUNPY


def _look(path: str) -> os.stat_result | None:
    """Return the facts of a regular file; None when there is none."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def _below_a_descriptor(name: str, path: str) -> tuple[str, os.stat_result | None, bool]:
    """`os.open(name, dir_fd=…)` tells the name only: look in the folders that are open."""
    places = []
    for descriptor in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else ():
        try:
            folder = os.readlink("/proc/self/fd/" + descriptor)
        except OSError:
            continue  # the one of this very listing
        found = _look(os.path.join(folder, name)) if os.path.isabs(folder) else None
        if found is not None:
            places.append((os.path.join(folder, name), found))
    if not places:
        return path, None, False
    return (*places[0], len(places) > 1)


def _source_of(path: str) -> str:
    """`…/__pycache__/name.cpython-311.pyc` -> `…/name.py`, when that is there."""
    folder, _, name = path.rpartition(_CACHE)
    source = os.path.join(folder, name.split(".")[0] + ".py")
    return source if os.path.isfile(source) else path


def _database(name: Any) -> Any:
    """The file of an SQLite database; a URI is taken apart."""
    text = os.fsdecode(name)
    if text.startswith("file:"):
        from urllib.parse import unquote, urlsplit

        return unquote(urlsplit(text).path)
    return -1 if text in ("", ":memory:") else text


def install(tell: Tell) -> Opened:
    """Begin to tell what this process opens."""
    import atexit

    opened = Opened(tell)
    sys.addaudithook(opened.audit)
    libraries.watch(opened.meet)
    atexit.register(opened.tell_omitted)
    return opened

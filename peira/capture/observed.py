"""What the processes of a run told, put together: its files by role, modules, seeds, params.

opened to read, a file of code        source
opened to read, anything else         input, unless the run wrote it first
opened to write, or renamed to        output, when it is still there at the end
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any, NamedTuple

from peira.capture.spool import AnyFact, Modules, Omitted, Open, Params, Process, Seed, Told
from peira.record.events import FileRole

SCRIPTS = frozenset(
    {".r", ".rmd", ".jl", ".sh", ".bash", ".zsh", ".pl", ".rb", ".lua", ".m", ".js"}
)
"""Endings of the names of files that other programs run, for want of a better sign."""
PATHS_MAX = 200_000
"""So many files a role are remembered."""


class Stat(NamedTuple):
    """A file's state: equal while nobody has written to it."""

    size: int
    mtime_ns: int
    inode: int


class Met(NamedTuple):
    """A file as it was met."""

    path: str
    stat: Stat | None = None
    """As it was opened; None when that is not known."""
    is_sure: bool = True


class Observed:
    """Takes in facts, in any order of processes; what is asked for is what is known so far."""

    def __init__(self) -> None:
        self.processes: dict[str, Process] = {}
        """By the name of their file in the spool, in the order of their first line."""
        self.modules: dict[str, str] = {}
        """Modules of the project, and their files."""
        self.packages: dict[str, str] = {}
        """Top-level modules outside of the standard library, and their files."""
        self.params: list[Params] = []
        self.seeds: dict[str, list[Any]] = {}
        """Different seeds by library, in the order in which they were set."""
        self.met: dict[FileRole, dict[str, Met]] = {"source": {}, "input": {}, "output": {}}
        """Files by role and path, in the order in which they were met."""
        self.fresh: deque[tuple[FileRole, str]] = deque()
        """What of it is new or changed, for whoever takes it out."""
        self.rest: list[AnyFact] = []
        """Facts that others make something of."""
        self.omitted = 0
        """Opens that are not in `met`."""

    def add(self, told: Iterable[Told]) -> None:
        """Take in what was told."""
        for process, fact in told:
            match fact:
                case Process():
                    self.processes[process] = fact
                case Open():
                    self._opened(fact)
                case Modules():
                    self.modules |= fact.files
                    self.packages |= fact.packages
                    for file in fact.files.values():
                        self.run(file)
                case Params():
                    self.params.append(fact)
                case Seed():
                    values = self.seeds.setdefault(fact.library, [])
                    if fact.value not in values:
                        values.append(fact.value)
                case Omitted():
                    self.omitted += fact.opens
                case _:
                    self.rest.append(fact)

    def run(self, path: str) -> None:
        """A file was run or imported; perhaps after it was opened like any other."""
        self._meet("source", self.met["input"].pop(path, Met(path)))

    def _opened(self, fact: Open) -> None:
        if fact.mode == "w":
            self._meet("output", Met(fact.path))
            return
        met = Met(fact.path, None if fact.stat is None else Stat(*fact.stat), fact.sure)
        if fact.code:
            self._meet("source", met)
        elif fact.path not in self.met["source"] and not self._is_own(fact.path):
            self._meet("input", met)

    def suspect(self, path: str, *, is_sure: bool = False) -> None:
        """A watch saw that somebody opened a file; it counts when nobody told of it."""
        if any(path in met for met in self.met.values()):
            return
        self._meet("source" if is_script(path) else "input", Met(path, is_sure=is_sure))

    def suspect_written(self, path: str) -> None:
        """A watch saw that somebody wrote a file."""
        known = self.met["input"].get(path)
        if known is not None and not known.is_sure:
            del self.met["input"][path]  # it was opened to be written
        if path not in self.met["output"]:
            self._meet("output", Met(path, is_sure=False))

    def _is_own(self, path: str) -> bool:
        """Whether the run wrote a file before it read it."""
        return path in self.met["output"] and path not in self.met["input"]

    def _meet(self, role: FileRole, met: Met) -> None:
        """Remember a file; what is sure and newer stands."""
        files = self.met[role]
        known = files.get(met.path)
        if known is None and len(files) >= PATHS_MAX:
            self.omitted += 1
        elif known is None or (
            met != known and met.is_sure and (met.stat is not None or not known.is_sure)
        ):
            files[met.path] = met
            self.fresh.append((role, met.path))


def is_script(path: str) -> bool:
    """Whether the name is that of a script in another language than Python."""
    return PurePath(path).suffix.lower() in SCRIPTS

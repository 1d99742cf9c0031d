"""The reading side of a spool: what the hook told in the processes of a run.

Each process appends to a file of its own; see `peira/capture/hook/spool.py` for the writing side
and `docs/formats/spool.md` for the lines.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

LINE_BYTES_MAX = 4 << 20
"""A longer line is passed over."""
_PIECE_BYTES = 1 << 20


class Fact(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """Base of the lines of a spool, told apart by `kind`."""


class Process(Fact, frozen=True, kw_only=True, tag="process"):
    """The first line of each file: which process tells. Secrets are taken out of `argv`."""

    pid: int
    ppid: int
    argv: list[str]
    executable: str
    version: str
    prefix: str
    path: list[str]
    cwd: str


class Open(Fact, frozen=True, kw_only=True, tag="open"):
    """A file was opened, told once a process for reading and once for writing."""

    path: str
    """Absolute."""
    mode: Literal["r", "w"]
    stat: tuple[int, int, int] | None = None
    """Size, time of change in ns, and inode, as it was opened to read."""
    sure: bool = True
    """False when only its name was known, not its folder."""
    code: bool = False
    """Whether Python opened it to run it."""


class Modules(Fact, frozen=True, kw_only=True, tag="modules"):
    """What a process had imported at its end: modules of the project, and packages by their
    top-level modules, each with its file.
    """

    files: dict[str, str]
    packages: dict[str, str] = msgspec.field(default_factory=dict)


class Params(Fact, frozen=True, kw_only=True, tag="params"):
    """Options that the program parsed, or values that its script sets."""

    source: str
    values: dict[str, Any]


class Seed(Fact, frozen=True, kw_only=True, tag="seed"):
    """A seed that was set."""

    library: str
    value: int | float | str | list[Any]


class Omitted(Fact, frozen=True, kw_only=True, tag="omitted"):
    """So many opens were too many to be told."""

    opens: int


class Surrounding(Fact, frozen=True, kw_only=True, tag="captured"):
    """What only the process knows of its surroundings, as a `Captured` event holds it."""

    aspect: Literal["python", "numerics"]
    value: dict[str, Any]


class Failed(Fact, frozen=True, kw_only=True, tag="failure"):
    """An exception ended the process. Secrets are taken out."""

    type: str
    message: str
    traceback: str


AnyFact = Process | Open | Modules | Params | Seed | Omitted | Surrounding | Failed


class Told(NamedTuple):
    """A fact, and the process that told it: the name of its file, `<pid>-<16 hex digits>`."""

    process: str
    fact: AnyFact


class SpoolReader:
    """Reads a spool while it grows. Lines that are not whole yet wait; what cannot be understood is
    passed over and counted.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.damaged = 0
        self._offsets: dict[str, int] = {}

    def catch_up(self) -> Iterator[Told]:
        """Yield what was told since the last call, by process, in the order of each.

        Raises:
            OSError: the spool cannot be read.
        """
        try:
            names = sorted(entry.name for entry in self.folder.iterdir())
        except FileNotFoundError:
            return
        for name in names:
            if name.endswith(".jsonl"):
                for line in self._lines(name):
                    fact = _decode(line)
                    if fact is None:
                        self.damaged += 1
                    else:
                        yield Told(name.removesuffix(".jsonl"), fact)

    def unseen(self) -> AbstractContextManager[None]:
        """Nothing that this process opens is told in the spool."""
        return nullcontext()

    def close(self) -> None:
        """Remove the spool."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _lines(self, name: str) -> Iterator[bytes]:
        offset = self._offsets.get(name, 0)
        with (self.folder / name).open("rb") as stream:
            stream.seek(offset)
            tail = b""
            while piece := stream.read(_PIECE_BYTES):
                *lines, tail = (tail + piece).split(b"\n")
                for line in lines:
                    offset += len(line) + 1
                    self._offsets[name] = offset
                    if len(line) <= LINE_BYTES_MAX:
                        yield line


def _decode(line: bytes) -> AnyFact | None:
    # Not msgspec's own decoder: names of files may hold lone surrogates.
    try:
        fact: AnyFact = msgspec.convert(json.loads(line), AnyFact)
    except (ValueError, RecursionError):
        return None
    return fact

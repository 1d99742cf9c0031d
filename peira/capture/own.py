"""Facts of this process, from the hook in its memory: so a run of the SDK learns what it does."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from peira.capture.birth import SCRIPT
from peira.capture.hook.imported import imported
from peira.capture.hook.memory import MEMORY, Memory, Period
from peira.capture.spool import AnyFact, Modules, SpoolReader, Told


class OwnFacts:
    """What this process did before its first run, between runs, and in this one; what its fork
    children did in this one. What it did in the time of an earlier run belongs to that.

    Args:
        period: of the run, from `memory.begin`.
        memory: that of this process.
    """

    def __init__(self, period: Period, memory: Memory = MEMORY) -> None:
        self._period = period
        self._memory = memory
        self._next = 0
        self._modules = 0
        self._name = f"{os.getpid()}-own"
        self._reader = SpoolReader(Path(period.spool.folder))

    def catch_up(self) -> Iterator[Told]:
        """Yield what is new."""
        facts = self._memory.facts
        while self._next < len(facts):
            number = self._next
            self._next += 1
            kind, fields = facts[number]
            if number < self._period.begin and (
                fields.get("mode") == "w"  # made before the run: not its output
                or any(begin <= number < end for begin, end in self._period.earlier)
            ):
                continue
            fact: AnyFact = msgspec.convert(fields | {"kind": kind}, AnyFact)
            yield Told(self._name, fact)
        if len(sys.modules) != self._modules:
            self._modules = len(sys.modules)
            found = imported()
            if SCRIPT:
                found["files"].setdefault("__main__", SCRIPT)
            yield Told(self._name, Modules(**found))
        yield from self._reader.catch_up()

    @contextmanager
    def unseen(self) -> Iterator[None]:
        """What this thread opens meanwhile is not the program's."""
        self._memory.close_eyes()
        try:
            yield
        finally:
            self._memory.open_eyes()

    def close(self) -> None:
        """The run has ended."""
        self._memory.end(self._period)
        self._reader.close()

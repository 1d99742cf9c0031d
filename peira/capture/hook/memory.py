"""What this very process does, kept for the runs that it records: the hook of the SDK.

It begins when `peira` is imported, for data is often loaded before the run is made. A fork child
cannot add to its parent's memory: it tells into the spool of the run that is open.
"""

from __future__ import annotations

import os
import sys
from _thread import get_ident

from . import opened, seeds
from .border import harmless
from .spool import Spool

TYPE_CHECKING = False  # as typing has it, whose import costs 5 ms
if TYPE_CHECKING:
    from typing import Any


FACTS_MAX = 400_000


class Period:
    """The time of one run: from which fact on it lasts, and where fork children tell meanwhile."""

    def __init__(self, begin: int, spool: Spool, earlier: list[tuple[int, int]]) -> None:
        self.begin = begin
        self.spool = spool
        self.earlier = earlier
        """Of runs that had ended: what was read in their time is theirs."""


class Memory:
    """Facts in the order in which they were told, as (kind, fields)."""

    def __init__(self) -> None:
        self.facts: list[tuple[str, dict[str, Any]]] = []
        self.opened: opened.Opened | None = None
        self.seeds: seeds.Seeds | None = None
        self.spool: Spool | None = None
        """Where facts go, too: this process is one of several below `peira run`."""
        self._pid = os.getpid()
        self._open: list[Period] = []
        self._ended: list[tuple[int, int]] = []

    def tell(self, kind: str, **fields: Any) -> None:
        """Keep a fact; in a fork child, tell it to the run."""
        if self.spool is not None:
            self.spool.tell(kind, **fields)
        if os.getpid() == self._pid:
            if len(self.facts) < FACTS_MAX:
                self.facts.append((kind, fields))
        elif self._open and self.spool is None:
            self._open[-1].spool.tell(kind, **fields)

    def install(self) -> None:
        """Begin to observe this process, unless that is done or not wanted."""
        if self.opened is not None or os.environ.get("PEIRA_OFF", "0").lower() not in _NOT_OFF:
            return
        self.opened = harmless(opened.install, self.tell)
        self.seeds = harmless(seeds.install, self.tell)

    def begin(self, folder: str) -> Period:
        """A run begins: what is done again is told again, and fork children tell into the spool
        `folder`.
        """
        self.install()
        if os.getpid() != self._pid:  # a fork child makes a run of its own
            self._pid = os.getpid()
            self._open.clear()
        for part in (self.opened, self.seeds):
            if part is not None:
                part.begin()
        harmless(os.mkdir, folder, 0o700)
        period = Period(len(self.facts), Spool(folder), list(self._ended))
        self._open.append(period)
        return period

    def end(self, period: Period) -> None:
        """The run of that period has ended. What no later run can ask for is forgotten."""
        if period not in self._open:
            return
        self._open.remove(period)
        if self._open:
            self._ended.append((period.begin, len(self.facts)))
        else:
            first = min((begin for begin, _ in self._ended), default=period.begin)
            del self.facts[min(first, period.begin) :]
            self._ended.clear()

    def stop(self) -> None:
        """Observe no more: this is no program that trains. A run begins it again."""
        if self.opened is not None:
            self.opened.is_on = False

    def close_eyes(self) -> None:
        """What this thread opens from now on is not the program's."""
        if self.opened is not None:
            self.opened.busy.add(get_ident())

    def open_eyes(self) -> None:
        """What this thread opens from now on is the program's again."""
        if self.opened is not None:
            self.opened.busy.discard(get_ident())


_NOT_OFF = ("", "0", "false", "no", "off")
_MODULE = "peira_capture.hook.memory"
# Below `peira run` the hook is there already, under its other name.
MEMORY: Memory = getattr(sys.modules.get(_MODULE), "MEMORY", None) or Memory()
"""That of this process."""

"""Everything that one process writes into a run folder.

    Writer ── PointsFile   points[.<writer>].jsonl
           ├─ EventsFile   events[.<writer>].jsonl
           └─ Losses       what could not be written, counted

The main writer is the process that made the run. A fork child, or a process that joins the run, is
another writer with its own files. A child opens them at its first record; nothing is buffered, so
nothing can be written twice.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from time import time_ns
from typing import Any
from weakref import WeakSet

from peira.core import ids
from peira.core.clock import now_s
from peira.core.errors import LabError
from peira.record.events import Event, Inexact, Lost
from peira.record.eventsfile import EventsFile
from peira.record.folder import RunFolder, make_lab, sync_folder
from peira.record.losses import Losses, reason_of
from peira.record.pointsfile import PointsFile
from peira.record.voice import Voice

_INEXACT_MAX = 1_000
"""So many rounded values are told one by one; a run that logs hashes as metrics must not drown its
events.
"""


class Writer:
    """Appends the records of one process to one run.

    Args:
        writer: id of this writer; the empty text for the main one.
        on_rejected: called with key and reason when a metric value is not a number; may raise.
        on_open: called when a file was opened.
        on_deleted: called when the run's files were removed under it, after the folder was made
            again.
    """

    def __init__(
        self,
        folder: RunFolder,
        *,
        writer: str = "",
        voice: Voice,
        on_rejected: Callable[[str, str], None],
        on_deleted: Callable[[], None] = lambda: None,
        on_open: Callable[[], None] = lambda: None,
        clock: Callable[[], int] = time_ns,
    ) -> None:
        self.folder = folder
        self.id = writer
        self.losses = Losses(voice)
        self.events = EventsFile(folder.events(writer), self.losses, on_open=on_open)
        self.points = PointsFile(
            folder.points(writer),
            losses=self.losses,
            on_inexact=self._tell_inexact,
            on_rejected=on_rejected,
            on_open=on_open,
            clock=clock,
        )
        self._voice = voice
        self._on_deleted = on_deleted
        self._inexact = 0
        self._names_synced = 0
        self.is_child = False
        """Whether this is the copy of a writer in a fork child."""
        _writers.add(self)

    def log(self, values: Mapping[str, Any], step: Any = None) -> None:
        """Write one metric row; see `PointsFile.append_row`."""
        self.points.append_row(values, step)

    def record(self, event: Event) -> None:
        """Write one event; see `EventsFile.add`."""
        self.events.add(event)

    def upkeep(self) -> None:
        """Do what is due every few seconds: `mend`, then `sync`. Never raises OSError."""
        self.mend()
        self.sync()

    def mend(self) -> None:
        """Make again what was removed, write the events that wait, tell what was lost."""
        if self.points.is_deleted() or self.events.is_deleted() or self._is_folder_gone():
            self._make_again()
        if self.events.catch_up():
            self.tell_losses()

    def _is_folder_gone(self) -> bool:
        try:
            self.folder.path.stat()
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return False

    def tell_losses(self) -> None:
        """Write what was lost since the last time."""
        lost = self.losses.take()
        if lost is not None:
            self.record(lost)

    def sync(self) -> bool:
        """Make all that was written durable; return whether it is. Failures are told."""
        is_durable = True
        for file in (self.points, self.events):
            try:
                file.sync()
            except OSError as error:
                is_durable = False
                self._suspect(file.path.name, error)
        files = (self.points.fd >= 0) + (self.events.fd >= 0)
        if files != self._names_synced:
            try:
                sync_folder(self.folder.path)
                self._names_synced = files
            except OSError as error:
                is_durable = False
                self._suspect(self.folder.id, error)
        return is_durable

    def _suspect(self, name: str, error: OSError) -> None:
        reason = (
            f"fsync of {name} failed: {reason_of(error)}; a crash of the system may lose records"
        )
        self.events.add(Lost(time=now_s(), points=0, events=0, reason=reason))
        self._voice.say_once("fsync", reason)

    def _make_again(self) -> None:
        """Go on in a new folder after someone removed the run's files while it lives."""
        with self.points.lock, self.events.lock:
            points = self.points.points if self.points.is_deleted() else 0
            self.losses.add(points=points, reason="the run's files were removed")
            try:
                make_lab(self.folder.path.parent.parent)
                self.folder.path.mkdir(mode=0o700, exist_ok=True)
            except LabError as error:
                self.losses.outage(OSError(str(error)), "the run folder")
                return
            except OSError as error:
                self.losses.outage(error, "the run folder")
                return
            for file in (self.points, self.events):
                if file.is_deleted():
                    file.close()
                    file.start_over(file.path)
            self._names_synced = 0
        self._voice.say_once(
            "deleted", f"the files of run {self.folder.id} were removed; going on."
        )
        self._on_deleted()

    def close(self) -> None:
        """Count what the disk still refuses as lost, and close the files. `sync` comes before."""
        self.events.give_up()
        self.tell_losses()
        self.points.close()
        self.events.close()

    def _tell_inexact(self, key: str, step: int, given: str) -> None:
        self._inexact += 1
        if self._inexact <= _INEXACT_MAX:
            self.record(Inexact(time=now_s(), key=key, step=step, given=given[:100]))
        self._voice.say_once(
            ("inexact", key), f"{key} = {given[:40]} does not fit float64 and is recorded rounded."
        )

    def become_child(self) -> None:
        """Turn the inherited copy in a fork child into a writer of its own. Touches no lock of the
        parent.
        """
        self.id = ids.new_writer_id()
        self.is_child = True
        self.losses = Losses(self._voice)
        self._inexact = self._names_synced = 0
        self.points.start_over(self.folder.points(self.id))
        self.points.losses = self.events.losses = self.losses
        self.events.start_over(self.folder.events(self.id))


_writers: WeakSet[Writer] = WeakSet()


def _after_fork_in_child() -> None:
    for writer in list(_writers):
        writer.become_child()


os.register_at_fork(after_in_child=_after_fork_in_child)

"""The observation of a program while its run is recorded: prepared where the run is made, and put
to work in the thread beside it, which imports what that needs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from peira.capture.hook.memory import MEMORY
from peira.core.forks import whole
from peira.record import events
from peira.record.folder import RunFolder

if TYPE_CHECKING:
    from peira.capture.files import FileKeeper
    from peira.capture.settings import CaptureSettings


class Observation:
    """Observes this process and its fork children, or the processes that tell into the spool of a
    launched program.

    Args:
        folder: the run's. Its spool is used for the time of the observation.
        record: takes the events.
    """

    def __init__(
        self,
        folder: RunFolder,
        birth: events.Birth,
        settings: CaptureSettings,
        record: Callable[[events.Event], None],
        *,
        is_launcher: bool,
    ) -> None:
        self._folder = folder
        self._birth = birth
        self._settings = settings
        self._record = record
        self._own = None if is_launcher else MEMORY.begin(str(folder.spool))
        self._files: FileKeeper | None = None
        self._lock = Lock()

    @property
    def files(self) -> FileKeeper:
        """The files of the run. Watches their folders from the first time that it is asked for."""
        with self._lock:
            if self._files is None:
                self._files = self._begin()
            return self._files

    def _begin(self) -> FileKeeper:
        with whole():
            from peira.capture.files import FactSource, FileKeeper, Place
            from peira.capture.own import OwnFacts
            from peira.capture.spool import SpoolReader

        facts: FactSource = SpoolReader(self._folder.spool)
        if self._own is not None:
            facts = OwnFacts(self._own)
        lab: Path = self._folder.path.parent.parent
        place = Place(lab, self._birth.directory, self._birth.command)
        files = FileKeeper(place, facts, self._record, settings=self._settings)
        files.start()
        return files

    def tell_again(self) -> None:
        """The events that were told are gone."""
        if self._files is not None:
            self._files.tell_again()

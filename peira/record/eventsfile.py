"""The writing side of `events.jsonl`. Events are few and precious: those that cannot be written
wait in memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path

from peira.core.errors import UsageError
from peira.record import lines
from peira.record.append import AppendFile
from peira.record.events import Event
from peira.record.losses import Losses

WAITING_MAX = 10_000
WAITING_BYTES_MAX = 8 << 20


class EventsFile(AppendFile):
    """Events of one writer, in the order in which they happened."""

    def __init__(
        self, path: Path, losses: Losses, on_open: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(path, on_open)
        self.losses = losses
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0

    def add(self, event: Event) -> None:
        """Write one event, or keep it for later when the disk refuses; what is too much is counted
        as lost.

        Raises:
            UsageError: it is too large for a reader.
        """
        line = lines.encode(event)
        if len(line) > lines.BYTES_MAX:
            raise UsageError(
                f"A record of {len(line)} bytes is too large; {lines.BYTES_MAX} are the limit.",
                hint="Log it as an artifact.",
            )
        with self.lock:
            if len(self._waiting) >= WAITING_MAX or self._waiting_bytes > WAITING_BYTES_MAX:
                self.losses.add(events=1, reason="too many events waited for the disk")
            else:
                self._waiting.append(line)
                self._waiting_bytes += len(line)
            self.catch_up()

    def catch_up(self) -> bool:
        """Write what waits; return whether all is written."""
        with self.lock:
            while self._waiting:
                # Taken out first: a signal handler may come in between and write what waits, too.
                line = self._waiting.popleft()
                try:
                    self.append(line)
                except OSError as error:
                    self._waiting.appendleft(line)
                    self.losses.outage(error, "events")
                    return False
                self._waiting_bytes -= len(line)
            if self.losses.is_outage:
                self.losses.recovered()
        return True

    def give_up(self) -> None:
        """Count what still waits as lost."""
        with self.lock:
            if self._waiting:
                self.losses.add(
                    events=len(self._waiting), reason="the run ended before the disk came back"
                )
                self._waiting.clear()
                self._waiting_bytes = 0

    def start_over(self, path: Path) -> None:
        super().start_over(path)
        self._waiting = deque()  # in a fork child: they are the parent's to write
        self._waiting_bytes = 0

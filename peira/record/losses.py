"""Counts what could not be written, so that a gap is known by its size.

The count is written as a `Lost` event as soon as writing works again; until then it is kept here.
The person is told when an outage begins and when it ends, the first time; later ones only count.
"""

from __future__ import annotations

import os
from threading import RLock

from peira.core.clock import now_s
from peira.record.events import Lost
from peira.record.voice import Voice

_REASONS_MAX = 5


class Losses:
    """Thread-safe counts of lost points and events since the last `Lost` event, and in all."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._lock = RLock()  # a signal handler may interrupt its holder and count, too
        self._points = 0
        self._events = 0
        self._reasons: list[str] = []
        self.points_total = 0
        self.events_total = 0
        self.is_outage = False
        """Whether the last write failed."""

    def add(self, *, points: int = 0, events: int = 0, reason: str) -> None:
        """Count a loss."""
        with self._lock:
            self._points += points
            self._events += events
            self.points_total += points
            self.events_total += events
            if reason not in self._reasons and len(self._reasons) < _REASONS_MAX:
                self._reasons.append(reason)

    def outage(self, error: OSError, what: str) -> None:
        """Note that a write failed; training goes on, and so does every later attempt to write."""
        self.is_outage = True
        self._voice.say_once(
            "outage",
            f"cannot write {what}: {reason_of(error)}. Training goes on; what is lost is counted, "
            "and recording resumes by itself.",
        )

    def recovered(self) -> None:
        """Note that a write worked after an outage."""
        if self.is_outage:
            self.is_outage = False
            self._voice.say_once(
                "recovered", f"recording again; {self.points_total} points were lost."
            )

    def take(self) -> Lost | None:
        """Return the event that tells what was lost since the last one, and begin to count anew."""
        with self._lock:
            if not (self._points or self._events or self._reasons):
                return None
            event = Lost(
                time=now_s(),
                points=self._points,
                events=self._events,
                reason="; ".join(self._reasons),
            )
            self._points = self._events = 0
            self._reasons = []
            return event


def reason_of(error: OSError) -> str:
    """Return the system's words for an error, such as `No space left on device`."""
    return os.strerror(error.errno) if error.errno else str(error)

"""What a fork must not cut in two.

A fork child has only the thread that forked. A lock that another thread held stays locked there for
ever: that of a module which was half imported, for one, so that the child hangs in its own import
of it. Work beside training that imports is therefore done in `whole()`, for which a fork waits.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

FORK_WAIT_S = 2.0
"""So long a fork waits at most: it may itself be what the work is waiting for."""


class _Gate:
    """One lock for all of it, taken by whoever forks."""

    def __init__(self) -> None:
        self.lock = RLock()
        self._is_held = False

    def close(self) -> None:
        self._is_held = self.lock.acquire(timeout=FORK_WAIT_S)

    def open(self) -> None:
        if self._is_held:
            self.lock.release()

    def start_over(self) -> None:
        self.lock = RLock()


_gate = _Gate()
os.register_at_fork(before=_gate.close, after_in_parent=_gate.open, after_in_child=_gate.start_over)


@contextmanager
def whole() -> Iterator[None]:
    """Let no fork happen meanwhile. For milliseconds only."""
    with _gate.lock:
        yield

"""The thread beside training: durability every 5 s, signs of life, what is slow at the start and
at the end.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from threading import Event, Thread
from typing import NamedTuple

THREAD_PREFIX = "peira-"
"""Threads of Peira have names that start with this."""


class Task(NamedTuple):
    """Something to do again and again.

    Args:
        period_s: seconds between two starts.
        first_s: seconds until the first.
        work: what to do; must not raise.
    """

    period_s: float
    first_s: float
    work: Callable[[], None]


class Keeper:
    """Runs tasks in one daemon thread; at the end, one last piece of work with a limit to the wait
    for it.

    Python 3.12 starts no thread during the exit of the interpreter, so the last work is done by
    the thread that is there.
    """

    def __init__(self, tasks: list[Task], last: Callable[[], None]) -> None:
        self._tasks = tasks
        self._last = last
        self._is_stopping = False
        self._wake = Event()
        self._done = Event()
        self._jobs: list[tuple[Callable[[], None], Event]] = []
        self._thread: Thread | None = None
        self._pid = 0

    def is_mine(self) -> bool:
        """Whether the thread was started in this process: a fork child has none."""
        return self._pid == os.getpid()

    def start(self) -> None:
        """Start the thread, unless it runs already in this process."""
        if self.is_mine():
            return
        self._pid = os.getpid()
        self._wake, self._done, self._jobs = Event(), Event(), []
        self._thread = Thread(target=self._run, name=f"{THREAD_PREFIX}keeper", daemon=True)
        self._thread.start()

    def do(self, work: Callable[[], None], timeout_s: float) -> bool:
        """Have the thread do something now; return whether it was done within `timeout_s`.

        Without a live thread (a fork child, a failed start) the caller does the work itself.
        """
        if not self._is_alive():
            work()
            return True
        done = Event()
        self._jobs.append((work, done))
        self._wake.set()
        return done.wait(timeout_s)

    def stop(self, timeout_s: float) -> bool:
        """Do the last work and stop; return whether it was done within `timeout_s`. As `do`."""
        if not self._is_alive():
            self._last()
            return True
        self._is_stopping = True
        self._wake.set()
        return self._done.wait(timeout_s)

    def _is_alive(self) -> bool:
        return self.is_mine() and self._thread is not None and self._thread.is_alive()

    def _run(self) -> None:
        now = time.monotonic()
        due = [now + task.first_s for task in self._tasks]
        wake, done, jobs = self._wake, self._done, self._jobs
        while not self._is_stopping:
            if wake.wait(max(0.0, min(due) - time.monotonic())):
                wake.clear()
                while jobs:
                    work, is_done = jobs.pop(0)
                    work()
                    is_done.set()
                continue
            now = time.monotonic()
            for index, task in enumerate(self._tasks):
                if due[index] <= now:
                    task.work()
                    due[index] = max(due[index] + task.period_s, now)
        self._last()
        done.set()

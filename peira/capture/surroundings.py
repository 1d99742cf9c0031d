"""All aspects of a run's surroundings, collected one after the other."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

from peira.capture.settings import ASPECTS, CaptureSettings
from peira.capture.subject import Subject, this_process
from peira.core.forks import whole

Keep = Callable[[bytes], str]
"""Stores bytes as an object; returns its digest."""


class Surroundings:
    """What surrounds a process, aspect by aspect, as `Captured` events hold it.

    Values are plain JSON with secrets taken out. Made for a daemon thread beside training: it only
    reads, starts no program but git, and an aspect that fails yields `{"error": "…"}` and does not
    end the others.

    Args:
        subject: the process; this one when None.
        keep: where a diff goes that is too large for an event; None leaves it out, and says so.
    """

    def __init__(
        self,
        settings: CaptureSettings | None = None,
        subject: Subject | None = None,
        *,
        keep: Keep | None = None,
    ) -> None:
        self._settings = settings or CaptureSettings()
        self.subject = subject or this_process()
        self._keep = keep
        self._packages: Callable[[], dict[str, Any]] | None = None
        self._told: dict[str, dict[str, Any]] = {}
        self._is_collected = False
        self._modules = 0
        """Modules that were loaded when the process was last looked at."""
        self._is_shared = False

    def share(self) -> Surroundings:
        """Serve several runs of one process, one after the other (trials of a sweep): the first
        collects; the others are told the same at once, and look again only when modules were
        loaded in the meantime.
        """
        self._is_shared = True
        return self

    @property
    def is_known(self) -> bool:
        """Whether `collect` tells only what was collected for an earlier run of this process."""
        return self._is_shared and self._is_collected

    def collect(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield `(aspect, value)`, cheap ones first. The whole takes up to a few seconds in a large
        repository.
        """
        if self.is_known:
            yield from list(self._told.items())
            return
        # Imported here, in the thread that collects: `import peira` does not pay for it.
        with whole():
            from peira.capture.code import code
            from peira.capture.environment import environment
            from peira.capture.host import host
            from peira.capture.process import process

        settings, subject = self._settings, self.subject
        yield from self._tell(
            {
                "process": lambda: process(subject),
                "host": lambda: host(subject.variables),
                "environment": lambda: environment(settings.variables, subject.variables),
                "code": lambda: code(settings, subject, self._keep),
            }
            | self._own()
        )
        self._is_collected = True

    def collect_again(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield what has changed since it was told: packages that were imported later, libraries
        that were loaded, switches that were set. Takes about 15 ms.
        """
        if self._is_collected and not (self._is_shared and self._modules == len(sys.modules)):
            yield from self._tell(self._own())

    def _own(self) -> dict[str, Callable[[], dict[str, Any]]]:
        """What can only be seen from inside the process."""
        if not self.subject.is_own:
            return {}
        self._modules = len(sys.modules)
        with whole():
            from peira.capture.hook.interpreter import interpreter
            from peira.capture.hook.numerics import numerics

        return {"python": interpreter, "numerics": numerics, "packages": self._own_packages}

    def _own_packages(self) -> dict[str, Any]:
        from peira.capture.hook.imported import imported
        from peira.capture.packages import packages

        if self._packages is None:
            found = packages(sys.path, sys.prefix)
            self._packages = lambda: found.told(imported()["packages"])
        return self._packages()

    def _tell(
        self, sources: dict[str, Callable[[], dict[str, Any]]]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        for aspect in ASPECTS:
            source = sources.get(aspect)
            if source is None or not self._settings.has(aspect):
                continue
            try:
                value = source()
            except Exception as error:  # noqa: BLE001 - what one aspect meets on a strange machine must not cost the others
                value = {"error": f"{type(error).__name__}: {error}"}
            if value != self._told.get(aspect):
                self._told[aspect] = value
                yield aspect, value

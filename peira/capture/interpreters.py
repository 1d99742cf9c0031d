"""The Python processes of a launched run, and what surrounds them: interpreter, numerical
libraries, packages. The parent learns it from their spool, for they may be of another interpreter
than its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from peira.capture.packages import Packages
from peira.capture.spool import Modules, Process, Surrounding, Told


class _Seen(msgspec.Struct):
    """What one process told."""

    process: Process
    modules: dict[str, str] = msgspec.field(default_factory=dict)
    aspects: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)


class Interpreters:
    """Gathers what the processes of a run told.

    A run may start several: the one that had imported the most packages speaks for it, and
    `imported` counts the modules of all that share its environment.
    """

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}

    def take(self, told: Told) -> None:
        """Take a fact from the spool; those of other kinds are passed over."""
        match told.fact:
            case Process():
                self._seen.setdefault(told.process, _Seen(told.fact))
            case Modules(packages=packages) if told.process in self._seen:
                self._seen[told.process].modules |= packages
            case Surrounding(aspect=aspect, value=value) if told.process in self._seen:
                self._seen[told.process].aspects[aspect] = value
            case _:
                return

    def aspects(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield `(aspect, value)` of what is known now: `python`, `numerics`, `packages`.

        A process that died without its end has told where its packages are, not which it imported.
        """
        if not self._seen:
            return
        chosen = max(self._seen.values(), key=lambda seen: len(seen.modules))
        process = chosen.process
        yield (
            "python",
            chosen.aspects.get("python")
            or {
                "version": process.version,
                "executable": process.executable,
                "prefix": process.prefix,
            },
        )
        if chosen.aspects.get("numerics"):
            yield "numerics", chosen.aspects["numerics"]
        modules: dict[str, str] = {}
        for seen in self._seen.values():
            if seen.process.prefix == process.prefix:
                modules |= seen.modules
        yield "packages", Packages(process.path, process.prefix).told(modules)

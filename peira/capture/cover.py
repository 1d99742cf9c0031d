"""Listens to what this process prints.

The `write` of the present `sys.stdout` and `sys.stderr` objects is covered, and the objects stay
what they are: their `isatty`, `encoding`, `buffer` and identity, and the handlers of `logging` that
already hold them. What C code or child processes write to the file descriptors, and bytes written
to `sys.stdout.buffer`, are not seen here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

Listen = Callable[[str], None]
"""Takes a piece of the text that was written."""


def covers(listener: Callable[[str], Listen]) -> list[Cover]:
    """Cover both streams.

    Args:
        listener: returns what takes the text of the stream of that name.
    """
    found: list[Cover] = []
    for name in ("stdout", "stderr"):
        target = getattr(sys, name)
        # Both names may stand for one object; a program without a console has None.
        if target is not None and all(cover.target is not target for cover in found):
            found.append(Cover(name, target, listener(name)))
    for cover in found:
        cover.put()
    return found


class Cover:
    """Over the `write` of one of the streams of this process."""

    def __init__(self, name: str, target: Any, listen: Listen) -> None:
        self.name = name
        self.target: Any = target
        self._listen = listen
        self._original = target.write
        self._is_active = False
        self._is_reached = False
        self._proxy: _Proxy | None = None

    def put(self) -> None:
        """Begin to listen."""
        self._is_active = True
        try:
            self.target.write = self.write
        except (AttributeError, TypeError):  # an object without room for attributes
            self._proxy = _Proxy(self.target, self.write)
            setattr(sys, self.name, self._proxy)

    def renew(self) -> None:
        """Put the cover on again when somebody has taken it off: IPython gives the streams back
        after each cell as it found them before.
        """
        if self._proxy is not None or not self._is_active:
            return
        self._is_reached = False
        self.target.write("")  # there may be others above; then it still comes down to here
        if not self._is_reached:
            self._original = self.target.write
            self.put()

    def take(self) -> None:
        """Take the cover off, unless somebody has put another on top: then it only passes on."""
        self._is_active = False
        if self._proxy is not None:
            if getattr(sys, self.name) is self._proxy:
                setattr(sys, self.name, self.target)
            return
        covered = getattr(self.target, "__dict__", {})
        if covered.get("write") == self.write:
            is_own = getattr(self._original, "__self__", None) is self.target
            if is_own:
                del self.target.write
            else:  # somebody had covered it before
                self.target.write = self._original

    def write(self, text: str) -> Any:
        """Write to the stream, then tell."""
        self._is_reached = True
        result = self._original(text)
        if self._is_active and isinstance(text, str):
            self._listen(text)
        return result


class _Proxy:
    """Stands in for a stream that takes no attribute: all but `write` is the stream's own."""

    def __init__(self, target: Any, write: Any) -> None:
        self._target = target
        self.write = write

    def writelines(self, lines: Any) -> None:
        """Write each of `lines`, none gets an end added."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target, name)

    def __iter__(self) -> Any:
        return iter(self._target)

r"""What this process prints goes to the terminal unchanged, and into the run's console.

The `write` of the present `sys.stdout` and `sys.stderr` objects is covered, and the objects stay
what they are: their `isatty`, `encoding`, `buffer` and identity, and the handlers of `logging` that
already hold them. What C code or child processes write to the file descriptors, and bytes written
to `sys.stdout.buffer`, are not seen here.
"""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import Any

from peira.capture.console import LIMIT_BYTES, Console, Stream


class Tee(Console):
    """Copies what this process prints into a file; see `Console`."""

    def __init__(self, path: str | os.PathLike[str], *, limit_bytes: int = LIMIT_BYTES) -> None:
        super().__init__(path, limit_bytes=limit_bytes)
        self._covers: list[_Cover] = []

    def open(self) -> None:
        """Begin to copy. An error of the file is kept in `error`; nothing is raised."""
        if self._covers:
            return
        super().open()
        if not self.is_open:
            return
        for name in ("stdout", "stderr"):
            target = getattr(sys, name)
            # Both names may stand for one object; a program without a console has None.
            if target is not None and all(c.target is not target for c in self._covers):
                self._covers.append(_Cover(self, name, target))
        for cover in self._covers:
            cover.put()

    def close(self) -> None:
        """Write what is pending and give the streams back, each only where it is still covered by
        this tee.
        """
        for cover in self._covers:
            cover.take()
        self._covers = []
        super().close()

    def __enter__(self) -> Tee:
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class _Cover:
    """Over the `write` of one of the streams of this process."""

    def __init__(self, tee: Tee, name: str, target: Any) -> None:
        self.tee = tee
        self.name = name
        self.target: Any = target
        self.stream: Stream = tee.stream()
        self._original = target.write
        self._is_active = False
        self._proxy: _Proxy | None = None

    def put(self) -> None:
        self._is_active = True
        try:
            self.target.write = self.write
        except (AttributeError, TypeError):  # an object without room for attributes
            self._proxy = _Proxy(self.target, self.write)
            setattr(sys, self.name, self._proxy)

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
        """Write to the stream, then record."""
        result = self._original(text)
        if self._is_active and isinstance(text, str):
            self.tee.record(self.stream, text)
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

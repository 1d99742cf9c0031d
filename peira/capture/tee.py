"""What this process prints goes to the terminal unchanged, and into the run's console."""

from __future__ import annotations

import functools
import os
from types import TracebackType

from peira.capture.console import LIMIT_BYTES, Console
from peira.capture.cover import Cover, covers


class Tee(Console):
    """Copies what this process prints into a file; see `Console`."""

    def __init__(self, path: str | os.PathLike[str], *, limit_bytes: int = LIMIT_BYTES) -> None:
        super().__init__(path, limit_bytes=limit_bytes)
        self._covers: list[Cover] = []

    def open(self) -> None:
        """Begin to copy. An error of the file is kept in `error`; nothing is raised."""
        if self._covers:
            return
        super().open()
        if not self.is_open:
            return
        self._covers = covers(lambda name: functools.partial(self.record, self.stream()))

    def renew(self) -> None:
        """See `Cover.renew`."""
        for cover in self._covers:
            cover.renew()

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

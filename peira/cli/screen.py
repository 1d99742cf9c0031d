"""The whole terminal as one picture that is redrawn, and the keys that are pressed meanwhile."""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

_ENTER = "\x1b[?1049h\x1b[?25l"  # the alternate screen, no cursor: what was there comes back
_LEAVE = "\x1b[?25h\x1b[?1049l"
_HOME, _REST_OF_LINE, _REST_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"


class Screen:
    """Takes over the terminal; as a context manager it gives it back whatever happens."""

    def __init__(self) -> None:
        self._input = sys.stdin.fileno() if sys.stdin.isatty() else None
        self._settings: list[Any] | None = None

    def __enter__(self) -> Self:
        if self._input is not None:
            import termios
            import tty

            self._settings = termios.tcgetattr(self._input)
            tty.setcbreak(self._input)
        sys.stdout.write(_ENTER)
        sys.stdout.flush()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        sys.stdout.write(_LEAVE)
        sys.stdout.flush()
        if self._settings is not None and self._input is not None:
            import termios

            termios.tcsetattr(self._input, termios.TCSADRAIN, self._settings)

    def draw(self, lines: Sequence[str], height: int) -> None:
        """Show lines from the top; those below the screen's end are left out."""
        text = f"{_REST_OF_LINE}\n".join(lines[:height])
        sys.stdout.write(f"{_HOME}{text}{_REST_OF_LINE}{_REST_OF_SCREEN}")
        sys.stdout.flush()

    def key(self, wait_s: float) -> str:
        """Return the key pressed within `wait_s`, or an empty text."""
        if self._input is None:
            time.sleep(wait_s)
            return ""
        ready, _, _ = select.select([self._input], [], [], wait_s)
        return os.read(self._input, 64).decode("utf-8", "replace") if ready else ""

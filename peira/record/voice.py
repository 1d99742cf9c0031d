"""What Peira says to the person at the terminal: seldom, on standard error, one line at a time."""

from __future__ import annotations

import os
import sys

from peira.core.text import printable

_ONCE_MAX = 1_000


class Voice:
    """Speaks on standard error, or not at all. Never raises, and never says the same twice if
    asked so.
    """

    def __init__(self, *, is_quiet: bool = False) -> None:
        self._is_quiet = is_quiet
        self._said: set[object] = set()
        self._pid = os.getpid()

    def say(self, text: str) -> None:
        """Print one line that starts with `peira: `."""
        if self._is_quiet:
            return
        line = f"peira: {printable(text)}\n"
        try:
            if sys.stderr is None:
                return  # and file descriptor 2, if there is one, may be a file of the program
            if os.getpid() == self._pid:
                sys.stderr.write(line)
                sys.stderr.flush()
            else:  # a fork child must not wait for a lock that the parent may have held
                os.write(2, line.encode())
        except (OSError, ValueError, AttributeError, RuntimeError):
            return  # nobody listens: the stream is closed, or in the middle of a write

    def say_once(self, topic: object, text: str) -> bool:
        """Print `text` unless this topic was spoken of; return whether it was new."""
        if topic in self._said or len(self._said) >= _ONCE_MAX:
            return False
        self._said.add(topic)
        self.say(text)
        return True

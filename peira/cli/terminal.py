"""What standard output is: a terminal or a pipe, how wide, and whether it wants colours."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass

STATE_STYLE = {
    "running": "cyan",
    "finished": "green",
    "failed": "red",
    "killed": "red",
    "silent": "yellow",
}

_CODES = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}


@dataclass(frozen=True)
class Terminal:
    """How to write to standard output.

    `width` is in columns; None (a pipe, where `COLUMNS` is not set) means that nothing is cut.
    """

    is_terminal: bool
    colour: bool
    width: int | None

    def paint(self, text: str, *styles: str) -> str:
        """Return `text` in the given styles, or as it is where colours are not wanted."""
        codes = ";".join(_CODES[style] for style in styles if style)
        return f"\x1b[{codes}m{text}\x1b[0m" if self.colour and codes and text else text

    @property
    def columns(self) -> int:
        """Columns to wrap prose and draw curves in, also where there is no terminal."""
        return self.width or 80


def terminal() -> Terminal:
    """Return what this process's standard output is now.

    `NO_COLOR` (any value) and `TERM=dumb` turn colours off, `FORCE_COLOR` turns them on in a pipe;
    `COLUMNS` sets the width everywhere.
    """
    is_terminal = sys.stdout.isatty()
    colour = is_terminal and os.environ.get("TERM") != "dumb"
    if os.environ.get("FORCE_COLOR"):
        colour = True
    if os.environ.get("NO_COLOR"):
        colour = False
    width: int | None = None
    if os.environ.get("COLUMNS", "").isdigit() and int(os.environ["COLUMNS"]) > 0:
        width = int(os.environ["COLUMNS"])
    elif is_terminal:
        width = shutil.get_terminal_size((80, 24)).columns
    return Terminal(is_terminal, colour, width)

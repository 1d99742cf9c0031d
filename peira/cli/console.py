"""A run's console, made fit for this terminal: foreign control characters never act.

Colours stay when this terminal shows colours. A line that was overwritten with carriage returns, as
progress bars do, shows its last state.
"""

from __future__ import annotations

import re

from peira.cli.terminal import Terminal
from peira.core.text import printable

# "Select graphic rendition" (ECMA-48, 8.3.117) paints and does nothing else.
_COLOUR = re.compile(r"\x1b\[[0-9;:]{0,40}m")
_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_RESET = "\x1b[0m"


class ConsoleText:
    """Turns pieces of a console, as they arrive, into whole lines that are safe to print."""

    def __init__(self, out: Terminal) -> None:
        self._out = out
        self._rest = ""

    def feed(self, text: str) -> list[str]:
        """Return the lines that `text` completes."""
        *lines, self._rest = (self._rest + text).split("\n")
        return [self._clean(line) for line in lines]

    def end(self) -> list[str]:
        """Return what is left without a line feed at its end; a progress bar, most often."""
        rest, self._rest = self._rest, ""
        return [self._clean(rest)] if rest.strip("\r") else []

    @property
    def unfinished(self) -> str:
        """The last line as it stands now, not yet ended."""
        return self._clean(self._rest)

    def _clean(self, line: str) -> str:
        states = [part for part in line.replace("\t", "    ").split("\r") if part]
        last = states[-1] if states else ""
        if not self._out.colour:
            return printable(_CONTROL.sub("", last))
        kept, at, painted = [], 0, False
        for found in _CONTROL.finditer(last):
            kept.append(printable(last[at : found.start()]))
            at = found.end()
            if _COLOUR.fullmatch(found.group()):
                kept.append(found.group())
                painted = True
        kept.append(printable(last[at:]))
        return "".join(kept) + (_RESET if painted else "")

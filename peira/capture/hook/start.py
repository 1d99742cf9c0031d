"""Puts the parts of the hook into this process."""

from __future__ import annotations

import os

from . import failure, flags, imported, interrupt, opened, seeds, surroundings
from .border import harmless
from .memory import MEMORY
from .spool import Spool

PARTS = (interrupt, flags, imported, seeds, surroundings, failure)
"""Each has `install(tell)`, and one that fails costs only itself."""


def start(folder: str) -> None:
    """Tell what this process does into the spool `folder`."""
    if not os.path.isdir(folder):  # the run is over, and somebody kept its environment
        return
    MEMORY.spool = Spool(folder)
    MEMORY.spool.tell("process")
    MEMORY.opened = harmless(opened.install, MEMORY.tell)
    for part in PARTS:
        harmless(part.install, MEMORY.tell)
    if os.environ.get("PEIRA_SET"):
        from . import constants  # here: few programs need it

        harmless(constants.install, MEMORY.tell)
    if os.environ.get("PEIRA_NAMES"):
        from . import values  # likewise

        harmless(values.install, MEMORY.tell)

"""Lets Python die of SIGINT, as it does when a KeyboardInterrupt leaves the program.

CPython keeps that in a flag which any `exec` of a text resets, and sets when the text raises
KeyboardInterrupt. What the hook imports at the end executes texts (`namedtuple` does).
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # as typing has it, whose import costs 5 ms
if TYPE_CHECKING:
    from .spool import Tell


def install(tell: Tell) -> None:
    """Set the flag again after everything else at the end: what is registered first runs last."""
    import atexit

    atexit.register(_remember)


def _remember() -> None:
    if getattr(sys, "last_type", None) is not KeyboardInterrupt:
        return
    try:
        exec("raise KeyboardInterrupt")
    except KeyboardInterrupt:
        return

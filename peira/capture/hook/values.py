"""The values that names of the script have at its end, where its text does not tell them: it runs
other code in its own name space (`exec(open("configurator.py").read())`, `from settings import *`).
"""

from __future__ import annotations

import os
import sys

from .border import harmless

TYPE_CHECKING = False  # as typing has it, whose import costs 5 ms
if TYPE_CHECKING:
    from .spool import Tell

VARIABLE = "PEIRA_NAMES"
"""Holds the names, joined by `,`."""


def install(tell: Tell) -> None:
    """Tell them when the process ends."""
    import atexit

    names = os.environ.get(VARIABLE, "").split(",")

    def tell_now() -> None:
        from ..redaction import redact_value  # noqa: TID252 - this package has two names
        from .flags import plain_value

        space = vars(sys.modules["__main__"])
        found = {name: plain_value(space[name]) for name in names if name in space}
        values = {name: redact_value(name, value) for name, value in found.items()}
        tell("params", source="values", values=values)

    atexit.register(harmless, tell_now)

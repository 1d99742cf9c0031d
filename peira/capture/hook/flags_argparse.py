"""Options that `argparse` reads."""

from __future__ import annotations

import sys
from functools import wraps

from .border import harmless
from .flags import is_own

TYPE_CHECKING = False  # as typing has it, whose import costs 5 ms
if TYPE_CHECKING:
    from typing import Any

    from .flags import Report

_METHODS = ("parse_known_args", "parse_known_intermixed_args")  # the others call these
_NOT_THE_PROGRAMS = ("hydra.",)
"""Libraries that read the command line by argparse in their own way."""


def install(module: Any, report: Report) -> None:
    """Tell what the outermost call of a parser returns."""
    for name in _METHODS:
        _wrap(module.ArgumentParser, name, report)


_inside = [0]
"""How many calls deep: parsers of subcommands work inside that of the command."""


def _wrap(parser: Any, name: str, report: Report) -> None:
    parse = getattr(parser, name)

    @wraps(parse)
    def parse_and_tell(self: Any, args: Any = None, namespace: Any = None) -> Any:
        is_program = not _inside[0] and is_own(args) and _is_called_by_program()
        _inside[0] += 1
        try:
            found = parse(self, args, namespace)
        finally:
            _inside[0] -= 1
        if is_program:
            harmless(lambda: report("argparse", vars(found[0])))
        return found

    setattr(parser, name, parse_and_tell)


def _is_called_by_program() -> bool:
    frame = sys._getframe(2)
    while frame.f_back is not None and frame.f_globals.get("__name__") == "argparse":
        frame = frame.f_back
    return not str(frame.f_globals.get("__name__")).startswith(_NOT_THE_PROGRAMS)

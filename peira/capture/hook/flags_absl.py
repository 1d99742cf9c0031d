"""Flags that absl reads; its own ones (logging, debugging) are not the program's."""

from __future__ import annotations

import sys
from functools import wraps

from .border import harmless

TYPE_CHECKING = False  # as typing has it, whose import costs 5 ms
if TYPE_CHECKING:
    from typing import Any

    from .flags import Report


def install(module: Any, report: Report) -> None:
    """Tell the values of all flags once they are read."""
    values = module.FlagValues
    parse = values.__call__

    @wraps(parse)
    def parse_and_tell(self: Any, argv: Any, known_only: bool = False) -> Any:
        is_program = list(argv) == sys.argv
        rest = parse(self, argv, known_only)
        if is_program:
            harmless(_tell, self, report)
        return rest

    values.__call__ = parse_and_tell


def _tell(values: Any, report: Report) -> None:
    flags = values.flags_by_module_dict()
    report(
        "absl",
        {
            flag.name: flag.value
            for module, of_module in flags.items()
            if module != "absl" and not module.startswith("absl.")
            for flag in of_module
        },
    )

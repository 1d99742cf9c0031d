"""Arguments that Python Fire reads for the functions that it calls."""

from __future__ import annotations

from functools import wraps

from .border import harmless
from .flags import is_own

TYPE_CHECKING = False  # as typing has it, whose import costs 5 ms
if TYPE_CHECKING:
    from typing import Any

    from .flags import Report


def install(module: Any, report: Report) -> None:
    """Tell the arguments of each function that a command line calls."""
    core = module.core
    fire, make_parse = core.Fire, core._MakeParseFn
    inside = [False]

    @wraps(fire)
    def fire_and_tell(
        component: Any = None, command: Any = None, *args: Any, **options: Any
    ) -> Any:
        before, inside[0] = inside[0], not isinstance(command, str) and is_own(command)
        try:
            return fire(component, command, *args, **options)
        finally:
            inside[0] = before

    @wraps(make_parse)
    def make_and_tell(function: Any, metadata: Any) -> Any:
        parse = make_parse(function, metadata)

        def parse_and_tell(words: Any) -> Any:
            parsed = parse(words)
            if inside[0]:
                harmless(_tell, function, parsed, report)
            return parsed

        return parse_and_tell

    core._MakeParseFn = make_and_tell
    core.Fire = module.Fire = fire_and_tell


def _tell(function: Any, parsed: Any, report: Report) -> None:
    from inspect import signature

    positional, named = parsed[0]
    bound = signature(function).bind(*positional, **named)
    bound.apply_defaults()
    report("fire", dict(bound.arguments))

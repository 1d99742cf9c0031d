"""Options that click reads, and typer, which has a copy of click in it."""

from __future__ import annotations

from functools import wraps

from .border import harmless
from .flags import is_own

TYPE_CHECKING = False  # as typing has it, whose import costs 5 ms
if TYPE_CHECKING:
    from typing import Any

    from .flags import Report

_OWN = "peira_capture.own"


def install(module: Any, report: Report) -> None:
    """Tell the params of the command, and of the subcommands below it."""
    source = "typer" if module.__name__.startswith("typer") else "click"
    for name in ("BaseCommand", "Command"):
        command = vars(module).get(name)
        if command is not None and "make_context" in vars(command):
            _wrap(command, source, report)


def _wrap(command: Any, source: str, report: Report) -> None:
    make_context = command.make_context

    @wraps(make_context)
    def make_and_tell(
        self: Any, info_name: Any, args: Any, parent: Any = None, **extra: Any
    ) -> Any:
        is_program = parent is None and is_own(args)  # before: click takes out what it has read
        context = make_context(self, info_name, args, parent, **extra)
        harmless(_tell, context, is_program, source, report)
        return context

    command.make_context = make_and_tell


def _tell(context: Any, is_program: bool, source: str, report: Report) -> None:
    if is_program:
        context.meta[_OWN] = True  # subcommands share it
    if context.meta.get(_OWN) and not context.resilient_parsing:
        report(source, context.params)

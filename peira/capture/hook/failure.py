"""The exception that ended a Python program: told at its exit, where Python still has it."""

from __future__ import annotations

import sys

from .border import harmless

TYPE_CHECKING = False  # as typing has it, whose import costs 5 ms
if TYPE_CHECKING:
    from .spool import Tell

_CHARACTERS_MAX = 20_000


def install(tell: Tell) -> None:
    """Tell it at the end, without secrets; a program that ends well pays nothing."""
    import atexit

    def tell_now() -> None:
        error = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
        if error is None or isinstance(error, KeyboardInterrupt) or hasattr(sys, "ps1"):
            return
        import traceback

        from ..redaction import redact  # noqa: TID252 - this package has two names

        kind = type(error)
        text = "".join(traceback.format_exception(kind, error, error.__traceback__))
        if len(text) > _CHARACTERS_MAX:  # a RecursionError: both ends matter
            text = f"{text[: _CHARACTERS_MAX // 2]}\n…\n{text[-_CHARACTERS_MAX // 2 :]}"
        name = kind.__qualname__
        if kind.__module__ != "builtins":
            name = f"{kind.__module__}.{name}"
        tell(
            "failure",
            type=name,
            message=redact(str(error)[:_CHARACTERS_MAX]),
            traceback=redact(text),
        )

    atexit.register(harmless, tell_now)

"""The border between the hook and the program: what fails on this side stays here."""

from __future__ import annotations

TYPE_CHECKING = False  # as typing has it, whose import costs 5 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def harmless(action: Callable[..., Any], *args: Any) -> Any:
    """Call `action`; return what it returns, or None when it failed.

    There is nobody to tell: this runs inside the program's own `open()`, `import` or `exec`, in an
    interpreter and with versions of libraries that nobody has seen.
    """
    try:
        return action(*args)
    except Exception:
        return None

"""Functions of libraries that tell what they are called with, and then do what they did."""

from __future__ import annotations

import sys

from .border import harmless

TYPE_CHECKING = False  # as typing has it, whose import costs 5 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

    Note = Callable[[Any, FrameType], None]


def note_argument(owner: Any, name: str, argument: tuple[int, str], note: Note) -> None:
    """Call `note(value, caller)` with one argument, given by its place and its name, before each
    call of `owner.name`, a function of a module or a method of a class.

    The new function has name, signature and documentation of the old one, and is pickled by
    reference, as that was.
    """
    from functools import wraps

    function = getattr(owner, name)
    place, keyword = argument
    if isinstance(owner, type):
        place += 1  # self

    @wraps(function)
    def noting(*args: Any, **kwargs: Any) -> Any:
        value = args[place] if len(args) > place else kwargs.get(keyword)
        harmless(note, value, sys._getframe(1))
        return function(*args, **kwargs)

    if not isinstance(owner, type):
        noting.__module__, noting.__qualname__ = owner.__name__, name
    setattr(owner, name, noting)

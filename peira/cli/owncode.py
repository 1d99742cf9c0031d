"""Functions of the user's that a command calls: what goes wrong in them is told without the command
around it.
"""

from __future__ import annotations

import inspect
import linecache
import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from peira.core.errors import PeiraError, UsageError

LINES_MAX = 5


class OwnCodeError(PeiraError):
    """A function of the user's failed."""


def load(text: str) -> Callable[..., Any]:
    """Return the function that `file.py:name` means.

    Raises:
        UsageError: there is no such file or function.
        OwnCodeError: the file cannot be run.
    """
    from peira.data.transform import load_function

    with own_code(text):
        return load_function(text)


def refuse_arguments(function: Callable[..., Any], *plain: object, **named: object) -> None:
    """Raise UsageError unless a function can be called like this."""
    try:
        inspect.signature(function).bind(*plain, **named)
    except TypeError as error:
        signature = f"{function.__name__}{inspect.signature(function)}"
        raise UsageError(
            f"{function.__name__}() cannot be called like this: {error}.", hint=f"It is {signature}"
        ) from error


@contextmanager
def own_code(text: str) -> Iterator[None]:
    """Tell an error that comes out of the file of `file.py:name` as that, with its lines there.

    Raises:
        OwnCodeError: in place of that error, which is its cause.
    """
    file = os.path.realpath(text.rpartition(":")[0])
    try:
        yield
    except PeiraError:
        raise
    except Exception as error:
        lines = _lines_in(file, error)
        if lines:
            raise OwnCodeError(
                f"{text} failed: {type(error).__name__}: {error!s:.500}",
                hint=f"In {Path(file).name}, {'; '.join(lines[-LINES_MAX:])}",
            ) from error
        raise


def _lines_in(file: str, error: Exception) -> list[str]:
    """Return the lines of a file that an error came through."""
    frames = [(f.filename, f.lineno or 0) for f in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename is not None:
        frames.append((error.filename, error.lineno or 0))
    return [
        f"line {line}: {linecache.getline(name, line).strip():.100}"
        for name, line in frames
        if os.path.realpath(name) == file
    ]

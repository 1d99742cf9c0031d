"""Errors at the border of the command line: a message, a hint, an exit code; never a traceback for
something a user can put right.

    0    done
    1    an error: damaged bytes, a lab that cannot be opened, a file that cannot be written
    2    the command was written wrongly: an unknown option, a query that does not parse
    3    what was named is not in the lab, or fits more than one thing
    4    `peira rerun --verify`: it did not reproduce
    5    what was to run has run already (peira run --on-repeat refuse)
    126  `peira run`: the program may not be executed
    127  `peira run`: there is no such program
    130  stopped with Ctrl-C
    141  the reader of the pipe went away
"""

from __future__ import annotations

from peira.cli.table import display_width
from peira.core.errors import (
    NotFoundError,
    NotStartedError,
    PeiraError,
    QueryError,
    RepeatError,
    UsageError,
)
from peira.core.text import printable

ERROR = 1
USAGE = 2
NOT_FOUND = 3
NOT_REPRODUCED = 4
REPEAT = 5
INTERRUPTED = 130
BROKEN_PIPE = 141

SUGGESTIONS_MAX = 5

_INDENT = "  "


def exit_code(error: PeiraError) -> int:
    """Return the exit code of an error of the tree in `peira.core.errors`."""
    if isinstance(error, NotStartedError):
        return error.exit_code
    if isinstance(error, UsageError):
        return USAGE
    if isinstance(error, NotFoundError):
        return NOT_FOUND
    if isinstance(error, RepeatError):
        return REPEAT
    return ERROR


def describe(error: PeiraError, *, query: str | None = None) -> str:
    """Return what standard error shows for an error, without a last line feed.

    Args:
        error: what happened.
        query: the query text of this command, in which a `QueryError` has its position.
    """
    lines = [f"error: {printable(error.message)}"]
    if isinstance(error, QueryError) and query:
        lines += underline(query, error.position, error.length)
    suggestions = error.details().get("suggestions") or []
    if suggestions and printable(str(suggestions[0])) not in printable(error.hint):
        listed = ", ".join(printable(str(name)) for name in suggestions[:SUGGESTIONS_MAX])
        lines.append(f"hint: Did you mean {listed}?")
    if error.hint:
        lines.append(f"hint: {printable(error.hint)}")
    return "\n".join(lines)


def underline(query: str, position: int, length: int) -> list[str]:
    """Return the query and, below it, carets under the offending characters.

    A long query is cut to the neighbourhood of the place; the carets stay right for wide and for
    escaped characters.
    """
    position = max(0, min(position, len(query)))
    length = max(1, min(length, len(query) - position))
    begin = max(0, position - 50)
    end = min(len(query), position + length + 20)
    before = ("…" if begin else "") + printable(query[begin:position])
    there = printable(query[position : position + length]) or " "
    after = printable(query[position + length : end]) + ("…" if end < len(query) else "")
    space = " " * display_width(before)
    return [
        f"{_INDENT}{before}{there}{after}".rstrip(),
        f"{_INDENT}{space}{'^' * max(1, display_width(there))}",
    ]

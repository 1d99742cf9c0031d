"""The error tree.

    PeiraError                  everything Peira raises on purpose
    ├── UsageError              the caller asked for something that cannot be (a bad name, type)
    │   └── QueryError          a query does not parse or names an unknown field; knows its position
    ├── NotFoundError           a run, metric, object or project is not in this lab
    │   └── AmbiguousError      the given text fits more than one
    ├── LabError                the lab cannot be opened, made or written
    ├── DamagedError            stored bytes do not match their checksum or digest
    ├── NotRepeatableError      a recorded run cannot be run again
    ├── NotStartedError         a program cannot be started
    ├── RepeatError             what is to run has run already, and the policy refuses it
    └── UnsupportedError        a newer format, or a missing optional part

Every message says what was tried, on what, what was expected and what to do next. `code` is
stable: the command line, the server's problem+json and the docs use the same one.
"""

from __future__ import annotations

from typing import Any, ClassVar


class PeiraError(Exception):
    """Base of every error that Peira raises on purpose.

    Args:
        message: what was tried, on what, and what was expected and found.
        hint: what to do next, as one sentence; empty when there is nothing to do.
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message

    def details(self) -> dict[str, Any]:
        """Machine-readable facts besides code, message and hint (a position, suggestions)."""
        return {}


class UsageError(PeiraError):
    """The caller asked for something that cannot be."""

    code = "usage"


class QueryError(UsageError):
    """A query cannot be read.

    Args:
        position: index of the first offending character in the query text, from 0.
        length: number of offending characters, at least 1.
        suggestions: names that may have been meant.
    """

    code = "query"

    def __init__(
        self,
        message: str,
        *,
        position: int,
        length: int = 1,
        suggestions: tuple[str, ...] = (),
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.position = position
        self.length = length
        self.suggestions = suggestions

    def details(self) -> dict[str, Any]:
        return {
            "position": self.position,
            "length": self.length,
            "suggestions": list(self.suggestions),
        }


class NotFoundError(PeiraError):
    """Something named is not in this lab.

    Args:
        suggestions: near names, best first.
    """

    code = "not-found"

    def __init__(self, message: str, *, suggestions: tuple[str, ...] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.suggestions = suggestions

    def details(self) -> dict[str, Any]:
        return {"suggestions": list(self.suggestions)}


class AmbiguousError(NotFoundError):
    """The given text fits more than one thing; `suggestions` lists them."""

    code = "ambiguous"


class LabError(PeiraError):
    """The lab cannot be opened, made or written."""

    code = "lab"


class DamagedError(PeiraError):
    """Stored bytes do not match their checksum or digest."""

    code = "damaged"


class RepeatError(PeiraError):
    """What is to run has run already, and the policy is to refuse that."""

    code = "repeat"


class UnsupportedError(PeiraError):
    """A format of a newer Peira, or an optional part that is not installed."""

    code = "unsupported"


class NotRepeatableError(PeiraError):
    """A recorded run cannot be run again as it was: an input, a package, a word of its command is
    gone.

    Args:
        reasons: all of them, the first one is in the message.
    """

    code = "not-repeatable"

    def __init__(self, message: str, *, reasons: tuple[str, ...] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reasons = reasons

    def details(self) -> dict[str, Any]:
        return {"reasons": list(self.reasons)}


class NotStartedError(PeiraError):
    """The program cannot be started.

    Args:
        exit_code: what a shell says of it: 127 when there is no such program, 126 when it cannot be
            executed.
    """

    code = "not-started"

    def __init__(self, message: str, *, exit_code: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.exit_code = exit_code

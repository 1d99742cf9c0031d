"""Errors on the wire: every one is `application/problem+json` with a stable code.

The table below is the one place that says which code has which status. It is compared with
docs/reference/http-api.md by a test. No answer holds a traceback, a path of the server's machine
outside the lab, SQL, or a library's version.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from peira.core.errors import PeiraError

MEDIA_TYPE = "application/problem+json"


class Kind(NamedTuple):
    """What is the same for all errors of one code."""

    status: int
    title: str


KINDS: dict[str, Kind] = {
    "query": Kind(400, "The query cannot be read"),
    "usage": Kind(400, "What was asked cannot be done"),
    "request": Kind(400, "The request has not the right shape"),
    "session": Kind(401, "No session"),
    "origin": Kind(403, "Another site asks"),
    "not-found": Kind(404, "Not found"),
    "method": Kind(405, "The address does not know this method"),
    "ambiguous": Kind(409, "The reference fits more than one"),
    "lab": Kind(409, "The lab cannot be read or written"),
    "too-large": Kind(413, "The body is too large"),
    "long-url": Kind(414, "The address is too long"),
    "media-type": Kind(415, "The body is not plain JSON"),
    "range": Kind(416, "The range cannot be served"),
    "host": Kind(421, "The Host does not name this server"),
    "headers": Kind(431, "Too many headers"),
    "internal": Kind(500, "A fault of Peira"),
    "unsupported": Kind(501, "Not supported here"),
    "damaged": Kind(502, "Stored bytes do not match their digest"),
    "busy": Kind(503, "Too many at once"),
}


class Field(msgspec.Struct, frozen=True):
    """One part of a request that is not as it must be."""

    field: str
    where: str
    """`query`, `path`, `body` or `header`."""
    message: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """The members that every error has; see docs/reference/http-api.md for those of each code."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    hint: str = ""


class RefusedError(PeiraError):
    """The server itself says no: a code of `KINDS`, a sentence, and perhaps the fields at fault."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        hint: str = "",
        fields: tuple[Field, ...] = (),
        headers: dict[str, str] | None = None,
        more: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(detail, hint=hint)
        assert code in KINDS
        self.kind = code
        self.fields = fields
        self.headers = headers or {}
        self.more = more or {}

    def details(self) -> dict[str, Any]:
        return ({"fields": msgspec.to_builtins(self.fields)} if self.fields else {}) | self.more


def code_of(error: PeiraError) -> str:
    """Return the code of an error: its own, else that of the nearest parent in the tree that the
    table knows, else `internal`.
    """
    if isinstance(error, RefusedError):
        return error.kind
    codes = [kind.code for kind in type(error).__mro__ if issubclass(kind, PeiraError)]
    return next((code for code in codes if code in KINDS), "internal")


def problem_of(error: PeiraError, *, hidden: str = "") -> tuple[int, bytes]:
    """Return the status and the JSON body that tell of `error`.

    Args:
        hidden: a path that is told as "the lab" wherever a message holds it.
    """
    code = code_of(error)
    kind = KINDS[code]
    known = Problem(
        type=f"urn:peira:error:{code}",
        title=kind.title,
        status=kind.status,
        code=code,
        detail=error.message,
        hint=error.hint,
    )
    body = _without(hidden, msgspec.to_builtins(known) | error.details())
    try:
        return kind.status, msgspec.json.encode(body)
    except UnicodeEncodeError:  # a lone surrogate that came in somebody's text
        return kind.status, msgspec.json.encode(_without_surrogates(body))


def _without(hidden: str, body: dict[str, Any]) -> dict[str, Any]:
    if hidden:
        for name in ("detail", "hint"):
            body[name] = body[name].replace(hidden, "the lab")
    return body


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_without_surrogates(k): _without_surrogates(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(item) for item in value]
    return value

"""The session: one secret token for each start of the server.

The printed address holds the token once; a browser exchanges it for a cookie that no script can
read and no other site can send. Programs send `Authorization: Bearer <token>`. The cookie's value
is another secret, so a token that leaks from a terminal's history and a cookie that leaks from a
browser are told apart.
"""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import parse_qsl, urlencode

TOKEN_PARAMETER = "token"


class Session:
    """The secrets of one running server.

    Args:
        port: becomes part of the cookie's name, because browsers share cookies between all ports
            of a host.
        token: a token chosen by the caller; a fresh one of 256 random bits when None.
    """

    def __init__(self, port: int, token: str | None = None) -> None:
        self.token = token if token is not None else secrets.token_urlsafe(32)
        self._cookie = secrets.token_urlsafe(32)
        self.cookie_name = f"peira_{port}"

    def is_token(self, given: str) -> bool:
        """Whether `given` is the token, compared in constant time."""
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.token.encode())

    def knows(self, headers: list[tuple[bytes, bytes]]) -> bool:
        """Whether a request's headers hold the cookie or the bearer token."""
        for name, value in headers:
            if name == b"authorization":
                scheme, _, given = value.partition(b" ")
                if scheme.lower() == b"bearer" and self.is_token(given.decode("latin-1").strip()):
                    return True
            elif name == b"cookie" and self._has_cookie(value):
                return True
        return False

    def _has_cookie(self, value: bytes) -> bool:
        ours = self.cookie_name.encode() + b"="
        return any(
            hmac.compare_digest(part.strip()[len(ours) :], self._cookie.encode())
            for part in value.split(b";")
            if part.strip().startswith(ours)
        )

    def set_cookie(self) -> str:
        """Return the value of `Set-Cookie` for a browser that brought the token."""
        return f"{self.cookie_name}={self._cookie}; Path=/; HttpOnly; SameSite=Strict"


def take_token(query: str) -> tuple[str | None, str]:
    """Split a query string into (token or None, the query string without it)."""
    pairs = parse_qsl(query, keep_blank_values=True)
    tokens = [value for name, value in pairs if name == TOKEN_PARAMETER]
    rest = [(name, value) for name, value in pairs if name != TOKEN_PARAMETER]
    return (tokens[0] if tokens else None), urlencode(rest)

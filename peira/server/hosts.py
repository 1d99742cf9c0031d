"""Which `Host` and `Origin` values name this server.

A page of another site can point its own name at 127.0.0.1 and then talk to every server that does
not look at `Host` (DNS rebinding). So names are compared exactly, port and all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
# A name or an IPv4 address, or an IPv6 address in brackets; then perhaps a port.
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?)\.?(?::([0-9]{1,5}))?\Z")
_PORT_OF_HTTP = 80


class HostNames:
    """The names of one listening server.

    Args:
        port: the port that browsers address.
        extra: further names, each `name` (with our port) or `name:port`.

    >>> HostNames(8228).are_ours("LocalHost.:8228")
    True
    >>> HostNames(8228).are_ours("127.0.0.1.evil.example:8228")
    False
    """

    def __init__(self, port: int, extra: Iterable[str] = ()) -> None:
        self._ours = {(name, port) for name in LOOPBACK}
        for text in extra:
            parsed = parse(text, default_port=port)
            if parsed is None:
                raise ValueError(f"{text!r} is not a host name with an optional port")
            self._ours.add(parsed)

    def are_ours(self, host: str) -> bool:
        """Whether the value of a `Host` header names this server."""
        return parse(host, default_port=_PORT_OF_HTTP) in self._ours

    def is_same_origin(self, origin: str, host: str) -> bool:
        """Whether an `Origin` is exactly the one of a page that this server gave to this `Host`."""
        scheme, separator, rest = origin.partition("://")
        if not separator or scheme not in ("http", "https"):
            return False
        default_port = _PORT_OF_HTTP if scheme == "http" else 443
        parsed = parse(rest, default_port=default_port)
        if parsed is None:
            return False
        # Behind a TLS proxy the page is https while we are asked by http: the name decides.
        return parsed == parse(host, default_port=default_port)


def parse(host: str, *, default_port: int) -> tuple[str, int] | None:
    """Return (lower-case name without a trailing dot, port), or None when `host` is not one."""
    match = _HOST.match(host.lower())
    if match is None:
        return None
    port = int(match[2]) if match[2] else default_port
    return (match[1], port) if 0 < port < 65536 else None

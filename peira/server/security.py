"""The guard: the outermost layer, through which every request and every answer goes.

It refuses by default. Whatever is not refused here is a well-formed request of a same-origin page
or of a program, with a session, with a body of bounded size already read. Whatever leaves carries
the security headers. Routes behind it never think about any of this.

The order of the checks is the order of `Guard.refusal`: shape, host, origin, session, body.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import re
import secrets
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

import msgspec

from peira.core.text import printable
from peira.server.hosts import HostNames
from peira.server.problems import MEDIA_TYPE, Field, RefusedError, problem_of
from peira.server.session import Session, take_token

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

REQUEST_ID = "peira.request_id"
BODY_BYTES_MAX = 1024 * 1024
# A query of 10,000 ASCII characters fits, every one of them percent-encoded.
URL_BYTES_MAX = 64 * 1024
HEADERS_MAX = 100
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
# A character that stands for no text (Unicode's private use area), so no name ever holds it.
SLASH = "\ue000"
_WITH_BODY = ("POST", "PUT", "PATCH")
_JSON = re.compile(r"application/json\s*(;\s*charset=\"?utf-8\"?\s*)?\Z", re.I)

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; "
    "frame-src 'self'; manifest-src 'self'; base-uri 'self'; form-action 'none'; "
    "frame-ancestors {ancestors}"
)
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
_STYLE = "body{font:16px/1.5 system-ui,sans-serif;max-width:38em;margin:15vh auto;padding:0 1em}"
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_NO_SESSION_PAGE = f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Peira: no session</title><style>{_STYLE}</style>
<h1>This dashboard wants its key</h1>
<p>Open the address that the server printed in its terminal. It ends in <code>?token=…</code>, and
the key in it changes with every start of the server.</p>
<p>If you came from a link on another site and this browser has the key, <a href="">open the page
from here</a>.</p></html>
"""

_log = logging.getLogger("peira.server")


class Guard:
    """ASGI middleware around the whole application.

    Args:
        app: the application, which sees only requests that passed.
        hosts: the names of this server.
        session: the token and the cookie.
    """

    def __init__(self, app: App, hosts: HostNames, session: Session) -> None:
        self.app = app
        self.hosts = hosts
        self.session = session

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # WebSocket: nothing here speaks it
            await send({"type": "websocket.close", "code": 1008})
            return
        scope[REQUEST_ID] = secrets.token_hex(4)
        send = _with_security_headers(scope, send)
        headers = Headers(scope["headers"])
        try:
            self.check_shape(scope, headers)
            self.check_host(headers)
            self.check_origin(scope, headers)
            if redirect := self.exchanged_token(scope):
                await _answer(send, 303, b"", redirect)
                return
            if not self.session.knows(scope["headers"]):
                raise RefusedError(
                    "session",
                    "This needs the session of the running server.",
                    hint="Open the address it printed, or send its token as Bearer.",
                )
            body = await self.read_body(scope, headers, receive)
        except RefusedError as refusal:
            await _refuse(scope, send, refusal, wants_page=_wants_page(scope, headers))
            return
        except _GoneError:
            return
        await self.run(scope, _replay(body, receive), send)

    async def run(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application; GET serves HEAD too, the transport leaves the body out."""
        inner = {**scope, "path": routed_path(scope["raw_path"])}
        if scope["method"] == "HEAD":
            if scope["path"] == "/api/events":
                await _refuse(scope, send, RefusedError("method", "A stream has no HEAD."))
                return
            inner["method"] = "GET"
        await self.app(inner, receive, send)

    def check_shape(self, scope: Scope, headers: Headers) -> None:
        """Refuse methods, addresses and header sets that no part of Peira answers to.

        Raises:
            RefusedError: it is one of them.
        """
        if scope["method"] not in METHODS:
            raise RefusedError(
                "method",
                "This server knows GET, HEAD, POST, PUT, PATCH and DELETE.",
                headers={"Allow": ", ".join(METHODS)},
            )
        raw_path, query = scope["raw_path"], scope["query_string"]
        if len(raw_path) + len(query) > URL_BYTES_MAX:
            raise RefusedError("long-url", f"An address holds at most {URL_BYTES_MAX} bytes.")
        if len(headers) > HEADERS_MAX:
            raise RefusedError("headers", f"A request has at most {HEADERS_MAX} header lines.")
        if not is_plain_path(raw_path):
            raise RefusedError("request", "The address is not a plain path.")
        if not _is_text(query.replace(b"+", b" ")):
            raise RefusedError("request", "The query string is not UTF-8 text.")
        lengths = headers.all(b"content-length")
        if headers.all(b"transfer-encoding") and lengths:
            raise RefusedError(
                "request",
                "Content-Length and Transfer-Encoding contradict each other.",
                headers={"Connection": "close"},
            )
        if len(lengths) > 1:
            raise RefusedError(
                "request", "There is more than one Content-Length.", headers={"Connection": "close"}
            )

    def check_host(self, headers: Headers) -> None:
        """Refuse requests that were meant for another name (DNS rebinding).

        Raises:
            RefusedError: the Host is missing, doubled, or not ours.
        """
        values = headers.all(b"host")
        if len(values) != 1 or not self.hosts.are_ours(values[0]):
            raise RefusedError(
                "host",
                "The Host of the request does not name this server.",
                hint="Use the printed address, or start with --allow-host NAME.",
            )

    def check_origin(self, scope: Scope, headers: Headers) -> None:
        """Refuse what a page of another site, or of another port of this machine, sends.

        Raises:
            RefusedError: `Origin` or `Sec-Fetch-Site` says so.
        """
        host = headers.first(b"host") or ""
        origins = headers.all(b"origin")
        if any(not self.hosts.is_same_origin(origin, host) for origin in origins):
            raise RefusedError("origin", "The request comes from a page of another site.")
        site = headers.first(b"sec-fetch-site")
        if site in (None, "same-origin", "none"):
            return
        # Following a link from elsewhere to a page is what the web is for; all else is refused.
        is_link = (
            scope["method"] in ("GET", "HEAD")
            and headers.first(b"sec-fetch-mode") == "navigate"
            and headers.first(b"sec-fetch-dest") == "document"
            and not scope["path"].startswith(("/api/", "/schema"))
        )
        if not is_link:
            raise RefusedError("origin", "The request comes from a page of another site.")

    def exchanged_token(self, scope: Scope) -> dict[str, str] | None:
        """Return the headers that swap a token in the address for the cookie, or None."""
        if scope["method"] != "GET" or scope["path"].startswith(("/api/", "/schema", "/assets/")):
            return None
        token, rest = take_token(scope["query_string"].decode("ascii", "replace"))
        if token is None or not self.session.is_token(token):
            return None
        # Relative, so that it stays on this site and below a proxy's prefix. The "./" keeps a
        # colon in the last part from being read as a scheme.
        last = scope["raw_path"].rpartition(b"/")[2].decode("ascii")
        return {
            "Location": f"./{last}{'?' if rest else ''}{rest}",
            "Set-Cookie": self.session.set_cookie(),
            "Cache-Control": "no-store",
        }

    async def read_body(self, scope: Scope, headers: Headers, receive: Receive) -> bytes:
        """Return the whole body, counted as it comes.

        Raises:
            RefusedError: it is compressed, not well-formed JSON in UTF-8, or over the limit.
        """
        declared = headers.first(b"content-length", default="0")
        has_body = declared not in ("", "0") or bool(headers.all(b"transfer-encoding"))
        if not has_body and scope["method"] not in _WITH_BODY:
            return b""
        if headers.first(b"content-encoding", default="identity").lower() != "identity":
            raise RefusedError("media-type", "A compressed body is not accepted.")
        if not _JSON.match(headers.first(b"content-type", default="")):
            raise RefusedError(
                "media-type",
                "The body must be application/json.",
                hint="Send the header Content-Type: application/json.",
            )
        too_large = RefusedError("too-large", f"A body holds at most {BODY_BYTES_MAX} bytes.")
        if not declared.isdigit() or len(declared) > 12 or int(declared) > BODY_BYTES_MAX:
            raise too_large
        parts, size = [], 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _GoneError
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > BODY_BYTES_MAX:
                raise too_large
            if not message.get("more_body", False):
                break
        body = b"".join(parts)
        check_json(body)
        return body


class Headers:
    """A request's headers, by lower-case name, as text of one byte a character."""

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self._raw = [(name.lower(), value.decode("latin-1")) for name, value in raw]

    def __len__(self) -> int:
        return len(self._raw)

    def all(self, name: bytes) -> list[str]:
        """Return every value of a header."""
        return [value for known, value in self._raw if known == name]

    def first(self, name: bytes, default: Any = None) -> Any:
        """Return the first value of a header, or the default."""
        return next((value for known, value in self._raw if known == name), default)


class _GoneError(Exception):
    """The client closed the connection while its body was being read."""


def is_plain_path(raw: bytes) -> bool:
    """Whether a request's target is a path of ordinary segments, decoded once.

    No empty, `.` or `..` segment, no backslash, no control character, and valid UTF-8. Data is
    found by keys and digests, never by such a path; this only makes the answer to all spellings
    the same.
    """
    if not raw.startswith(b"/") or not _is_text(raw):
        return False
    if raw == b"/":
        return True
    segments = [unquote_to_bytes(segment).decode() for segment in raw[1:].split(b"/")]
    return not any(
        segment in ("", ".", "..") or re.search(rf"[\\\x00-\x1f\x7f{SLASH}]", segment)
        for segment in segments
    )


def routed_path(raw: bytes) -> str:
    """Return the decoded path for the router, in which only real slashes are slashes.

    An encoded one, as in the name of the project `team/digits`, becomes `SLASH` until the routes'
    parameters are read.
    """
    return "/".join(unquote(part.decode()).replace("/", SLASH) for part in raw.split(b"/"))


def check_json(body: bytes) -> None:
    """Refuse bytes that are not one JSON value: bad UTF-8, lone surrogates, NaN, numbers beyond
    float64, nesting deeper than the decoder's stack, anything after the value.

    Raises:
        RefusedError: they are not.
    """
    try:
        msgspec.json.decode(body)
    except UnicodeDecodeError:
        message = "The body is not UTF-8."
    except RecursionError:
        message = "The body is nested too deeply."
    except msgspec.MsgspecError as error:
        message = f"{error}."
    else:
        return
    raise RefusedError(
        "request", "The body is not well-formed JSON.", fields=(Field("", "body", message),)
    )


def _is_text(raw: bytes) -> bool:
    """Whether percent-encoded bytes are UTF-8 without NUL, every `%` followed by two digits."""
    if re.search(rb"%(?![0-9A-Fa-f]{2})", raw):
        return False
    try:
        return "\x00" not in unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        return False


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body in one piece, then waits for the end."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _wants_page(scope: Scope, headers: Headers) -> bool:
    return (
        scope["method"] == "GET"
        and not scope["path"].startswith("/api/")
        and "text/html" in headers.first(b"accept", default="")
    )


async def _refuse(
    scope: Scope, send: Send, refusal: RefusedError, *, wants_page: bool = False
) -> None:
    status, body = problem_of(refusal)
    headers = {"Content-Type": MEDIA_TYPE, "Cache-Control": "no-store"} | refusal.headers
    if wants_page and refusal.kind == "session":
        body = _NO_SESSION_PAGE.encode()
        headers["Content-Type"] = "text/html; charset=utf-8"
        headers["Content-Security-Policy"] = (
            f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'; "
            "base-uri 'none'; form-action 'none'"
        )
    if refusal.kind == "session":
        headers["WWW-Authenticate"] = 'Bearer realm="peira"'
    # The path only: a query string may hold a token.
    _log.debug("%s %s -> %d", scope["method"], printable(scope["path"])[:200], status)
    await _answer(send, status, body, headers)


async def _answer(send: Send, status: int, body: bytes, headers: dict[str, str]) -> None:
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    raw.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def _with_security_headers(scope: Scope, send: Send) -> Send:
    """Return a `send` that adds to each answer the headers it does not set itself."""
    is_embedded = scope["path"] == "/embed" or scope["path"].startswith("/embed/")
    csp = CSP.format(ancestors="'self'" if is_embedded else "'none'").encode()

    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", []))
            present = {name.lower() for name, _ in headers}
            wanted = [*HEADERS, (b"content-security-policy", csp)]
            wanted.append((b"x-request-id", scope[REQUEST_ID].encode()))
            if not is_embedded:
                wanted.append((b"x-frame-options", b"DENY"))
            if scope["path"].startswith("/api/"):
                wanted.append((b"cache-control", b"no-store"))
            headers += [(name, value) for name, value in wanted if name not in present]
            message = message | {"headers": headers}
        await send(message)

    return guarded

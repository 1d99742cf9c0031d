"""HTTP/1.1 connections with time and number limits.

uvicorn's h11 protocol, and three rules more: a request's head must be whole within
`HEAD_S_MAX`, its body within `BODY_S_MAX`, and at most `CONNECTIONS_MAX` connections are open. One
more pushes out the connection that has been idle for longest; when none is idle the newcomer gets
503. A connection is in one of these phases:

    head --request line and headers--> body --all of it--> answer --sent--> head
"""

from __future__ import annotations

import asyncio
import time

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from peira.server.problems import MEDIA_TYPE, RefusedError, problem_of

HEAD_S_MAX = 10.0
BODY_S_MAX = 60.0
# Below the usual limit of 1,024 open files, so that the lab's own files always open.
CONNECTIONS_MAX = 512


class GuardedProtocol(H11Protocol):
    """One connection. uvicorn makes it; every method runs on the event loop."""

    _phase: str | None = None
    _timer: asyncio.TimerHandle | None = None
    _idle_since: float = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._idle_since = time.monotonic()
        if len(self.connections) > CONNECTIONS_MAX and not self._push_out_an_idle_one():
            self._answer("busy", f"{CONNECTIONS_MAX} connections are open.", retry_after=True)
            return
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._idle_since = time.monotonic()
        if not self.transport.is_closing():
            self._watch()

    def send_400_response(self, msg: str) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            # Half an answer may be on its way: nothing can be said any more.
            self.transport.close()
            return
        self._answer("request", "This is not HTTP/1.1.")

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _push_out_an_idle_one(self) -> bool:
        others = [
            connection
            for connection in self.connections
            if isinstance(connection, GuardedProtocol)
            and connection is not self
            and connection._is_idle()
        ]
        if not others:
            return False
        oldest = min(others, key=lambda connection: connection._idle_since)
        self.connections.discard(oldest)
        oldest.transport.abort()
        return True

    def _answer(self, code: str, detail: str, *, retry_after: bool = False) -> None:
        """Answer without the application, and close."""
        status, body = problem_of(RefusedError(code, detail))
        lines = [
            f"HTTP/1.1 {status} {code}",
            f"Content-Type: {MEDIA_TYPE}",
            f"Content-Length: {len(body)}",
            "X-Content-Type-Options: nosniff",
            "Cache-Control: no-store",
            "Connection: close",
        ]
        if retry_after:
            lines.append("Retry-After: 5")
        self.transport.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        self.transport.close()

    def _watch(self) -> None:
        """Set the timer that fits the connection's phase."""
        phase = {h11.IDLE: "head", h11.SEND_BODY: "body"}.get(self.conn.their_state)
        if phase == self._phase:
            return
        self._stop_timer()
        self._phase = phase
        if phase is not None:
            seconds = HEAD_S_MAX if phase == "head" else BODY_S_MAX
            self._timer = self.loop.call_later(seconds, self._cut)

    def _cut(self) -> None:
        if not self.transport.is_closing():
            self.transport.abort()

    def _stop_timer(self) -> None:
        self._phase = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

"""A running server: what `peira ui` starts, and what tests and the demo start beside themselves."""

from __future__ import annotations

import errno
import ipaddress
import logging
import socket
import threading
import webbrowser
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

import uvicorn

from peira.core.errors import LabError, UsageError
from peira.core.text import printable
from peira.lab.lab import Lab
from peira.server.app import build_app
from peira.server.bundle import Bundle
from peira.server.follower import Follower, Streams, revision
from peira.server.hosts import HostNames
from peira.server.protocol import GuardedProtocol
from peira.server.security import URL_BYTES_MAX
from peira.server.session import Session

PORT = 8228
PORTS_TRIED = 20
START_S_MAX = 10.0
STOP_S_MAX = 5


class Server:
    """One lab served over HTTP.

    The socket listens once this is made, so `url` is known; answers come after `start` or `run`.

    Args:
        lab: stays open; the caller closes it after the server has stopped.
        host: where to listen. Anything but loopback needs `expose`.
        port: 0 for any free one. When the given one is taken, one of the next is used.
        token: the session's token; a fresh one when None.
        allow_hosts: further names by which browsers may ask, `name` or `name:port`.
        expose: the caller knows that everybody who reaches `host` and has the token can read and
            change this lab, unencrypted.

    Raises:
        UsageError: the host is beyond loopback and `expose` is not set, or a name is not one.
        LabError: no port is free, or the address is not this machine's.
    """

    def __init__(
        self,
        lab: Lab,
        *,
        host: str = "127.0.0.1",
        port: int = PORT,
        token: str | None = None,
        allow_hosts: Iterable[str] = (),
        expose: bool = False,
        bundle: Bundle | None = None,
    ) -> None:
        if not is_loopback(host) and not expose:
            raise UsageError(
                f"Listening on {host} would let other machines reach this lab, unencrypted.",
                hint="Leave --host out and forward a port by ssh, or add --expose-to-network.",
            )
        names = list(allow_hosts)
        if expose and not is_loopback(host):
            names += _own_names(host)
        revision_now = revision(lab)
        self._socket = _bind(host, port)
        self.port: int = self._socket.getsockname()[1]
        self.host = host
        self.session = Session(self.port, token)
        try:
            hosts = HostNames(self.port, names)
        except ValueError as error:
            self._socket.close()
            raise UsageError(f"{error}.") from error
        self.streams = Streams()
        self.streams.rev = revision_now
        self._follower = Follower(lab, self.streams)
        app = build_app(
            hosts=hosts,
            session=self.session,
            follower=self._follower,
            bundle=bundle or Bundle(),
        )
        self._uvicorn = _Uvicorn(_config(app), self.streams)
        self._thread: threading.Thread | None = None

    @property
    def address(self) -> str:
        """Where the dashboard is, without the token."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::", "") else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"

    @property
    def url(self) -> str:
        """The address that opens the dashboard in a browser; holds the token."""
        return f"{self.address}?token={self.session.token}"

    def run(self) -> None:
        """Serve until Ctrl-C, SIGTERM or `stop`."""
        self._follower.start()
        try:
            self._uvicorn.run(sockets=[self._socket])
        except KeyboardInterrupt:
            pass  # uvicorn has stopped cleanly and raises the signal again
        finally:
            self._follower.stop()
            self._socket.close()

    def start(self) -> Self:
        """Serve in a background thread; returns when requests are answered.

        Raises:
            LabError: it did not come up.
        """
        self._thread = threading.Thread(target=self.run, name="peira-server", daemon=True)
        self._thread.start()
        if not self._uvicorn.has_started.wait(START_S_MAX):
            raise LabError(f"The server did not start within {START_S_MAX:.0f} s.")
        return self

    def stop(self) -> None:
        """Stop and wait for it. Requests being answered get a moment to end."""
        self._uvicorn.should_exit = True
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._socket.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def serve(
    lab: Lab, *, open_browser: bool = True, say: Callable[[str], None] = print, **options: Any
) -> None:
    """Serve a lab in the foreground until Ctrl-C; prints one line with the address.

    Args:
        open_browser: open the dashboard in the user's browser, when there is one.
        say: how the line is told.
        options: those of `Server`.
    """
    set_up_log()
    server = Server(lab, **options)
    say(f"Peira is at {server.url}  (Ctrl-C ends it)")
    if open_browser:
        # In a thread of its own: some browsers hold their caller.
        threading.Thread(target=webbrowser.open, args=(server.url,), daemon=True).start()
    server.run()


class EscapingFormatter(logging.Formatter):
    """One record is one line, and no control character of anybody's data reaches the terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))


def set_up_log() -> None:
    """Let the server's log go to stderr, escaped. Requests are not logged."""
    log = logging.getLogger("peira.server")
    if not log.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(EscapingFormatter("peira: %(message)s"))
        log.addHandler(handler)
        log.propagate = False


def is_loopback(host: str) -> bool:
    """Whether a host to listen on can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class _Uvicorn(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, streams: Streams) -> None:
        super().__init__(config)
        self._streams = streams
        self.has_started = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.has_started.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._streams.close()  # an open stream would hold the server back
        await super().shutdown(sockets)


def _config(app: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=GuardedProtocol,
        ws="none",
        lifespan="on",
        access_log=False,  # addresses hold queries, and once a token
        log_config=None,
        log_level="error",
        h11_max_incomplete_event_size=URL_BYTES_MAX + 32 * 1024,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_S_MAX,
    )


def _bind(host: str, port: int) -> socket.socket:
    bare = host.strip("[]")
    family = socket.AF_INET6 if ":" in bare else socket.AF_INET
    wanted = [port] if port == 0 else [*range(port, min(port + PORTS_TRIED, 65536)), 0]
    for candidate in wanted:
        # The protocol is named because asyncio sets TCP_NODELAY only then: 40 ms an answer.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((bare, candidate))
            listener.listen(1024)
        except OSError as error:
            listener.close()
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                continue
            raise LabError(f"Cannot listen on {host}:{candidate}: {error.strerror}.") from error
        return listener
    raise LabError(f"No port from {port} on is free on {host}.", hint="Give --port 0.")


def _own_names(host: str) -> list[str]:
    """Return the names by which other machines may ask a server that listens on `host`.

    Addresses are safe here: a name that an attacker owns never equals one.
    """
    if host not in ("0.0.0.0", "::"):
        return [f"[{host}]" if ":" in host else host]
    import psutil

    addresses = [
        address.address
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family in (socket.AF_INET, socket.AF_INET6) and "%" not in address.address
    ]
    return [socket.gethostname().lower(), *(f"[{a}]" if ":" in a else a for a in addresses)]

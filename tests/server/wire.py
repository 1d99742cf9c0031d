"""HTTP by hand: bytes on a socket, for what no client library would send."""

from __future__ import annotations

import socket
from typing import NamedTuple


class Answer(NamedTuple):
    """What came back. `status` 0: the connection was closed without a word."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for known, value in self.headers if known == name.lower()), None)


def exchange(port: int, data: bytes, *, timeout_s: float = 10.0) -> Answer:
    """Send bytes, read one answer.

    Raises:
        TimeoutError: nothing came within the time: a hanging server is a fault.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=timeout_s) as connection:
        try:
            connection.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused early: the answer may be there
        return read_answer(connection)


def read_answer(connection: socket.socket) -> Answer:
    """Read one answer with its body by Content-Length, or to the end."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = _receive(connection)
        if not piece:
            return Answer(0, [], received)
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    status = int(lines[0].split(" ")[1])
    headers = [
        (name.strip().lower(), value.strip())
        for name, _, value in (line.partition(":") for line in lines[1:])
    ]
    length = next((int(value) for name, value in headers if name == "content-length"), None)
    while length is None or len(body) < length:
        piece = _receive(connection)
        if not piece:
            break
        body += piece
    return Answer(status, headers, body)


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except ConnectionResetError:
        return b""


def request(
    method: str, target: str, headers: dict[str, str], body: bytes = b"", *, is_sized: bool = True
) -> bytes:
    """Return the bytes of a request."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
    if body and is_sized:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body

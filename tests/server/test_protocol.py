"""Connections have limits: TRUST.md R06, R13."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from peira.server import protocol
from tests.server import wire
from tests.server.conftest import Served


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The limits of time as in production, but shorter, so that the test is."""
    monkeypatch.setattr(protocol, "HEAD_S_MAX", 1.0)
    monkeypatch.setattr(protocol, "BODY_S_MAX", 1.0)
    yield


def test_slow_senders_are_cut(served: Served, hurried: None) -> None:
    """R06: 60 connections that send a header byte now and then are closed; others are served."""
    with ExitStack() as stack:
        slow = [
            stack.enter_context(socket.create_connection(("127.0.0.1", served.port), timeout=5))
            for _ in range(60)
        ]
        for connection in slow:
            connection.sendall(b"GET / HTTP/1.1\r\nX")
        started = time.monotonic()
        while time.monotonic() - started < 0.6:
            assert served.client.get("/api/lab").status_code == 200
            for connection in slow:
                connection.sendall(b"a")
            time.sleep(0.1)
        for connection in slow:
            assert wire.read_answer(connection).status == 0
        assert time.monotonic() - started < 4


def test_slow_bodies_are_cut(served: Served, hurried: None) -> None:
    """R06: a body that does not come ends the connection too."""
    headers = served.bearer | {"Content-Type": "application/json", "Content-Length": "100"}
    started = time.monotonic()
    answer = wire.exchange(served.port, wire.request("POST", "/api/traces", headers) + b"{")
    assert answer.status in (0, 400)
    assert time.monotonic() - started < 4


def test_a_connection_waits_long_enough_for_a_person(served: Served) -> None:
    """The production limits: a whole head within 10 s, a body within 60 s."""
    assert (protocol.HEAD_S_MAX, protocol.BODY_S_MAX) == (10.0, 60.0)
    assert protocol.CONNECTIONS_MAX < 1024


def test_idle_connections_make_room(served: Served) -> None:
    """R13: with every place taken by idle connections a new one is served, the oldest is closed."""
    with ExitStack() as stack:
        idle = [
            stack.enter_context(socket.create_connection(("127.0.0.1", served.port), timeout=5))
            for _ in range(protocol.CONNECTIONS_MAX + 20)
        ]
        started = time.monotonic()
        for _ in range(5):
            assert served.raw("GET", "/api/lab").status == 200
        assert time.monotonic() - started < 5
        assert wire.read_answer(idle[0]).status == 0


def test_two_requests_on_one_connection(served: Served) -> None:
    """Keep-alive and pipelining work under the guard's timers."""
    request = wire.request("GET", "/api/lab", served.bearer)
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as connection:
        for _ in range(2):
            connection.sendall(request)
            assert wire.read_answer(connection).status == 200
        connection.sendall(request + request)
        received = b""
        while received.count(b"HTTP/1.1 200") < 2:
            received += connection.recv(65536)

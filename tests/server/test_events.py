"""The live stream: fast, sparing, bounded, and ended with the server."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from peira.lab.lab import Lab
from peira.run import init
from peira.server.follower import STREAMS_MAX
from peira.server.serve import Server
from tests.server import wire


@pytest.fixture
def live(tmp_path: Path) -> Iterator[tuple[Server, Lab, httpx.Client]]:
    """A server on an empty lab."""
    with Lab(tmp_path) as lab, Server(lab, port=0) as server:
        headers = {"Authorization": f"Bearer {server.session.token}"}
        with httpx.Client(base_url=server.address, headers=headers, timeout=20) as client:
            yield server, lab, client


def read_events(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield (event, data) of a stream."""
    name = ""
    for line in lines:
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            yield name, msgspec.json.decode(line[6:])


def test_a_logged_point_is_told_within_a_second(live: tuple[Server, Lab, httpx.Client]) -> None:
    """What a run logs is on the stream, and then in the answers, in less than a second."""
    _, lab, client = live
    with client.stream("GET", "/api/events") as stream:
        events = read_events(stream.iter_lines())
        assert next(events)[0] == "hello"
        with init("live", lab=lab.root, console=False, monitor=False) as run:
            name, data = next(events)
            waits = []
            for step in range(5):
                time.sleep(0.3)
                started = time.monotonic()
                run.log({"loss": 1.0}, step=step)
                while True:
                    name, data = next(events)
                    found = client.get(f"/api/runs/{run.id}").json()["metrics"]
                    if found.get("loss", {}).get("count") == step + 1:
                        break
                waits.append(time.monotonic() - started)
            assert name == "change"
            assert data["runs"][0]["id"] == run.id  # type: ignore[index]
            assert sorted(waits)[2] < 1.0


def test_hints_come_at_most_four_times_a_second(live: tuple[Server, Lab, httpx.Client]) -> None:
    """However fast a run logs, a stream stays sparing."""
    _, lab, client = live
    stop = threading.Event()

    def log() -> None:
        with init("busy", lab=lab.root, console=False, monitor=False) as run:
            while not stop.is_set():
                run.log({"loss": 1.0})
                time.sleep(0.005)

    writer = threading.Thread(target=log)
    with client.stream("GET", "/api/events") as stream:
        events = read_events(stream.iter_lines())
        next(events)
        writer.start()
        try:
            next(events)
            started = time.monotonic()
            for _ in range(6):
                next(events)
            assert time.monotonic() - started > 6 * 0.25 * 0.9
        finally:
            stop.set()
            writer.join()


def test_one_stream_too_many_is_refused(live: tuple[Server, Lab, httpx.Client]) -> None:
    """R13: beyond the limit 503 with Retry-After; a closed stream makes room; others are served."""
    server, _, client = live
    headers = {"Host": f"127.0.0.1:{server.port}",
               "Authorization": f"Bearer {server.session.token}"}  # fmt: skip
    import socket

    request = wire.request("GET", "/api/events", headers)
    streams = []
    for _ in range(STREAMS_MAX):
        connection = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        connection.sendall(request)
        assert connection.recv(12) == b"HTTP/1.1 200"
        streams.append(connection)
    try:
        refused = client.get("/api/events")
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 0
        assert client.get("/api/lab").status_code == 200
        streams.pop().close()
        until = time.monotonic() + 5
        while len(server.streams) >= STREAMS_MAX and time.monotonic() < until:
            time.sleep(0.05)
        with client.stream("GET", "/api/events") as again:
            assert again.status_code == 200
    finally:
        for connection in streams:
            connection.close()


def test_streams_end_with_the_server(tmp_path: Path) -> None:
    """A server with open streams stops at once, and cleanly."""
    with Lab(tmp_path) as lab:
        server = Server(lab, port=0).start()
        headers = {"Authorization": f"Bearer {server.session.token}"}
        with (
            httpx.Client(base_url=server.address, headers=headers, timeout=20) as client,
            client.stream("GET", "/api/events") as stream,
        ):
            lines = stream.iter_lines()
            next(lines)
            started = time.monotonic()
            server.stop()
            assert time.monotonic() - started < 3
            list(lines)

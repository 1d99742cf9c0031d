"""Starting and stopping: TRUST.md A13, F14, L06."""

from __future__ import annotations

import logging
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from peira.core.errors import LabError, UsageError
from peira.lab.lab import Lab
from peira.server.serve import EscapingFormatter, Server, is_loopback


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com", ""])
def test_nothing_beyond_loopback_by_accident(tmp_path: Path, host: str) -> None:
    """A13: another machine can reach the lab only when that was said in plain words."""
    with Lab(tmp_path) as lab, pytest.raises(UsageError, match="other machines"):
        Server(lab, host=host, port=0)


def test_exposed_servers_know_their_names(tmp_path: Path) -> None:
    """With `expose` the machine's own addresses are accepted as Host, foreign names are not."""
    with Lab(tmp_path) as lab, Server(lab, host="0.0.0.0", port=0, expose=True) as server:
        bearer = {"Authorization": f"Bearer {server.session.token}"}
        name = f"{socket.gethostname()}:{server.port}"
        for host, status in ((name, 200), (f"evil.example:{server.port}", 421)):
            answer = httpx.get(f"{server.address}api/lab", headers=bearer | {"Host": host})
            assert answer.status_code == status


def test_allowed_hosts_are_accepted(tmp_path: Path) -> None:
    """`--allow-host` names what a forwarded port or a proxy is called."""
    with Lab(tmp_path) as lab:
        with Server(lab, port=0, allow_hosts=["lab.example", "localhost:9999"]) as server:
            bearer = {"Authorization": f"Bearer {server.session.token}"}
            for host in (f"lab.example:{server.port}", "localhost:9999"):
                answer = httpx.get(f"{server.address}api/lab", headers=bearer | {"Host": host})
                assert answer.status_code == 200
        with pytest.raises(UsageError):
            Server(lab, port=0, allow_hosts=["http://lab.example/"])


def test_a_taken_port_is_passed_over(tmp_path: Path) -> None:
    """Two servers of the default port live side by side."""
    with Lab(tmp_path) as lab, Server(lab, port=0) as first, Server(lab, port=first.port) as second:
        assert first.port != second.port
        assert httpx.get(second.address).status_code == 401


def test_foreign_addresses_are_told(tmp_path: Path) -> None:
    """An address that is not this machine's is an error with words."""
    with Lab(tmp_path) as lab, pytest.raises(LabError, match="Cannot listen"):
        Server(lab, host="203.0.113.7", port=0, expose=True)


def test_loopback_is_recognised() -> None:
    """Every spelling of this machine's own network."""
    assert all(map(is_loopback, ("127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "10.0.0.1", "localhost.evil.example", "")))


def test_ctrl_c_ends_it_cleanly(tmp_path: Path) -> None:
    """One line with the address; Ctrl-C ends the process with success and without a traceback."""
    program = (
        "import sys; from peira.lab.lab import Lab; from peira.server.serve import serve\n"
        "with Lab(sys.argv[1]) as lab: serve(lab, port=0, open_browser=False,"
        " say=lambda text: print(text, flush=True))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("Peira is at http://127.0.0.1:") and "?token=" in line
    url = line.split()[3]
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            assert httpx.get(url).status_code == 303
            break
        except httpx.TransportError:
            time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=10)
    assert (process.returncode, out, errors) == (0, "", "")


def test_log_records_are_one_line_each() -> None:
    """F14: control and bidirectional characters of anybody's data are escaped in the log."""
    record = logging.LogRecord("peira.server", logging.ERROR, "", 0, "%s",
                               ("a\x1b[31m\r\nb\u202e",), None)  # fmt: skip
    text = EscapingFormatter("peira: %(message)s").format(record)
    assert text == "peira: a\\x1b[31m\\r\\nb\\u202e"

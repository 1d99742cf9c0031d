"""`peira watch` and the screens that stay: in a pipe, in one picture, on a real terminal."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from peira.run import init
from tests.cli.conftest import QUIET, Peira


def test_one_picture_has_a_chart_for_each_metric(peira: Peira) -> None:
    """--once prints legend, titles with last values, and curves, without colours in a pipe."""
    text = peira("watch", "cnn-0.1-1", "cnn-0.01-1", "--once").stdout
    assert "cnn-0.1-1  finished" in text
    assert "train/loss" in text and "val/acc" in text
    assert re.search("[\u2801-\u28ff]", text)
    assert "\x1b" not in text


def test_a_long_curve_reaches_to_its_last_step(peira: Peira, lab: Path) -> None:
    """The axis of a curve of many points ends at the last step, not at the start of a bucket."""
    with init("long", name="long", lab=lab, console=False, monitor=False) as run:
        for step in range(20_000):
            run.log({"loss": 1 / (step + 1)}, step=step)
    assert peira("watch", "long", "--once").stdout.split()[-1] == "19999"


def test_metrics_are_chosen(peira: Peira) -> None:
    """--keys draws only these."""
    text = peira("watch", "cnn-0.1-1", "--once", "-k", "val/acc").stdout
    assert "val/acc" in text and "train/loss" not in text


def test_a_pipe_gets_lines_until_the_runs_are_over(peira: Peira) -> None:
    """Without a terminal each run that moved is a line, and the end of all runs is the end."""
    lines = peira("watch", "cnn-0.1-1").stdout.splitlines()
    assert len(lines) == 1
    assert "cnn-0.1-1  finished  step 19  train/loss 0.1596  val/acc 0.9202" in lines[0]


def test_runs_are_named_or_asked_for(peira: Peira) -> None:
    """A query chooses runs where no run has that name; without any, it is the latest run."""
    assert peira("watch", "lr = 0.1", "--once").stdout.count("finished") == 3
    assert peira("watch", "--once").stdout.count("failed") == 1
    peira("watch", "nobody", code=3)


def read_screen(handle: int, wanted: bytes, timeout_s: float = 20.0) -> bytes:
    """Read a pseudo-terminal until `wanted` has come."""
    found, deadline = b"", time.monotonic() + timeout_s
    while wanted not in found and time.monotonic() < deadline:
        if select.select([handle], [], [], 0.2)[0]:
            try:
                found += os.read(handle, 65536)
            except OSError:  # Linux: the other end is closed
                break
    return found


def test_on_a_terminal_it_redraws_until_q(lab: Path) -> None:
    """The picture takes the screen over, q ends it, and the screen is given back."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "peira", "watch", "cnn-0.1-1", "-i", "0.2"],
        cwd=lab, env=os.environ | QUIET, stdin=theirs, stdout=theirs, stderr=theirs,
        close_fds=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        first = read_screen(ours, b"q ends")
        assert b"\x1b[?1049h" in first and b"val/acc" in first
        os.write(ours, b"q")
        last = read_screen(ours, b"\x1b[?1049l")
        assert b"\x1b[?25h\x1b[?1049l" in last
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def test_ui_prints_its_address_and_answers(lab: Path) -> None:
    """Without a display the address is printed; it leads to a guarded server; Ctrl-C is quiet."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "peira", "ui", "--no-browser", "--port", "0"],
        cwd=lab, env=os.environ | QUIET, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        address = re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", process.stdout.readline())
        assert address is not None
        bare = address.group().partition("?")[0]
        try:
            urllib.request.urlopen(f"{bare}api/lab", timeout=10)
            raise AssertionError("answered without a token")
        except urllib.error.HTTPError as error:
            assert error.code == 401
            error.close()
    finally:
        process.send_signal(2)
        _, errors = process.communicate(timeout=20)
    assert "Traceback" not in errors


def test_ui_does_not_listen_to_the_network_unasked(peira: Peira) -> None:
    """Another address than loopback wants a word more."""
    assert "--expose-to-network" in peira("ui", "--host", "0.0.0.0", code=2).stderr

"""Signals that are sent to Peira reach the program, and the run says what became of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.launch.conftest import PEIRA, listen_again
from tests.sdk.reading import environment, only_run, read_runs

COUNTING = """
import signal, sys, time
seen = []
for name in sys.argv[1].split(","):
    signal.signal(getattr(signal, name), lambda number, _: seen.append(number))
print("ready", flush=True)
while not seen:
    time.sleep(0.01)
time.sleep(0.3)
print(*seen)
sys.exit(int(sys.argv[2]))
"""


def start(
    lab: Path, *words: str, before: Callable[[], object] = listen_again
) -> subprocess.Popen[bytes]:
    """Start `peira run` in a session of its own, without a terminal."""
    process = subprocess.Popen(
        [*PEIRA, "run", *words], cwd=lab.parent, env=environment(lab),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, preexec_fn=before,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"])
def test_a_signal_is_passed_on_once(lab: Path, name: str) -> None:
    """Sent to Peira alone, it reaches the program, which decides what to make of it."""
    process = start(lab, sys.executable, "-c", COUNTING, name, "0")
    process.send_signal(getattr(signal, name))
    out, _ = process.communicate(timeout=60)
    assert out.split() == [b"%d" % getattr(signal, name)]
    assert process.returncode == 0
    assert only_run(lab).state == "finished"


def test_asked_to_end_and_ended(lab: Path) -> None:
    """A program that takes SIGTERM for a reason to leave with an error was killed."""
    process = start(lab, sys.executable, "-c", COUNTING, "SIGTERM", "143")
    process.terminate()
    process.communicate(timeout=60)
    found = only_run(lab)
    assert process.returncode == 143
    assert found.end is not None
    assert (found.state, found.end.exit_code, found.end.signal) == ("killed", 143, "SIGTERM")


def test_peira_outlives_the_program(lab: Path) -> None:
    """However often it is told to end: the end of the run is written."""
    process = start(
        lab, "sh", "-c", "trap 'sleep 0.5; exit 3' TERM; echo ready; while :; do sleep 0.1; done"
    )
    for _ in range(20):
        process.terminate()
        time.sleep(0.02)
    process.communicate(timeout=60)
    found = only_run(lab)
    assert process.returncode == 3
    assert found.end is not None
    assert found.state == "killed"


def test_what_is_ignored_stays_ignored(lab: Path) -> None:
    """Under nohup neither Peira nor the program dies of SIGHUP."""
    process = start(
        lab, "sh", "-c", "echo ready; sleep 0.5; exit 5",
        before=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )  # fmt: skip
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=60)
    assert process.returncode == 5
    assert only_run(lab).state == "failed"


def test_without_peira_the_run_is_killed(lab: Path) -> None:
    """kill -9 of Peira: the run is known as killed, what was printed and logged is there."""
    process = start(lab, "sh", "-c", "echo ready; echo loss: 1; echo more; sleep 60")
    limit_s = time.monotonic() + 30
    while not read_runs(lab)[0].values("loss"):
        assert time.monotonic() < limit_s
        time.sleep(0.05)
    process.kill()
    process.wait(timeout=60)
    os.killpg(process.pid, signal.SIGTERM)  # what is left of the session: the program
    process.communicate()
    found = only_run(lab)
    assert found.state == "killed"
    assert found.end is None
    assert found.folder.console.read_text().startswith("ready\nloss: 1\n")

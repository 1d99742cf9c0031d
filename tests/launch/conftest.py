"""A lab for each test, and `peira run` as a process of its own, in a pipe or on a terminal."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.sdk.reading import environment

PEIRA = (sys.executable, "-m", "peira")


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """The place of a lab that is not made yet."""
    return tmp_path / ".peira"


Started = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def peira_run(lab: Path) -> Started:
    """`peira run …` in the folder of the lab, its streams pipes."""

    def start(*words: str, env: dict[str, str] | None = None, **options: Any) -> Any:
        return subprocess.run(
            [*PEIRA, "run", *words],
            cwd=lab.parent, env=environment(lab, **(env or {})), capture_output=True,
            timeout=60, check=False, **options,
        )  # fmt: skip

    return start


def listen_again() -> None:
    """Take signals as a program does by default: tests in the background (`&`, nohup) ignore some,
    and programs inherit that.
    """
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def _take_terminal() -> None:
    listen_again()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """A command in a session of its own, on a terminal of its own."""

    def __init__(self, words: list[str], folder: Path, env: dict[str, str]) -> None:
        self.master, terminal = os.openpty()
        self._process = subprocess.Popen(
            words, cwd=folder, env=env, stdin=terminal, stdout=terminal, stderr=terminal,
            start_new_session=True, preexec_fn=_take_terminal,
        )  # fmt: skip
        os.close(terminal)
        self.text = b""

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self.master, keys)

    def wait_for(self, text: bytes, timeout_s: float = 60.0, *, after: bytes = b"") -> None:
        """Read until `text` has been shown, after the first `after`."""
        limit_s = time.monotonic() + timeout_s
        while text not in (self.text.partition(after)[2] if after else self.text):
            assert self._read(limit_s - time.monotonic()), self.text.decode(errors="replace")

    def finish(self, timeout_s: float = 60.0) -> int:
        """Read to the end; return the exit code, negative for a signal."""
        limit_s = time.monotonic() + timeout_s
        while self._read(limit_s - time.monotonic()):
            pass
        os.close(self.master)
        return self._process.wait(timeout=60)

    def _read(self, timeout_s: float) -> bool:
        if not select.select([self.master], [], [], max(0.0, timeout_s))[0]:
            return False
        try:
            data = os.read(self.master, 65_536)
        except OSError:  # EIO: nobody has the terminal open any more
            return False
        self.text += data
        return bool(data)


@pytest.fixture
def on_terminal(lab: Path) -> Callable[..., Terminal]:
    """`peira run …` on a terminal."""

    def start(*words: str, **env: str) -> Terminal:
        return Terminal([*PEIRA, "run", *words], lab.parent, environment(lab, **env))

    return start

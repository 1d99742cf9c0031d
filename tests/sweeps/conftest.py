"""A lab for each test, and the command line as processes of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from peira.current import open_runs
from peira.sweeps.reading import SweepReading, read_sweep
from tests.launch.conftest import PEIRA, listen_again
from tests.sdk.reading import environment

CHEAP = "code,packages,sources,inputs,outputs,fingerprint"
"""What tests of many trials leave out."""


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in os.environ:
        if name.startswith(("PEIRA_", "CUDA_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PEIRA_LAB", str(tmp_path / ".peira"))
    monkeypatch.setenv("PEIRA_LEAVE_OUT", CHEAP)
    monkeypatch.setenv("PEIRA_QUIET", "1")
    monkeypatch.setenv("COLUMNS", "")
    monkeypatch.chdir(tmp_path)
    yield tmp_path / ".peira"
    for run in reversed(open_runs()):
        run.finish()


class CommandLine:
    """`peira …` in the folder of a lab."""

    def __init__(self, lab: Path) -> None:
        self.lab = lab
        self.leave_out = CHEAP

    def __call__(self, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*PEIRA, *words], cwd=self.lab.parent, env=self.environment(), capture_output=True,
            text=True, timeout=300, check=False, **options,
        )  # fmt: skip

    def start(self, *words: str, **more: str) -> subprocess.Popen[str]:
        """Start a command in a session of its own."""
        return subprocess.Popen(
            [*PEIRA, *words], cwd=self.lab.parent, env={**self.environment(), **more},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
            preexec_fn=listen_again,
        )  # fmt: skip

    def read(self, sweep: str = "last") -> SweepReading:
        """Return a sweep as it is now."""
        return read_sweep(self.lab, sweep)

    def environment(self) -> dict[str, str]:
        """Return what the commands run with."""
        # Bytecode is kept: a worker starts in a fifth of the time.
        found = environment(self.lab, PEIRA_LEAVE_OUT=self.leave_out)
        found.pop("PYTHONDONTWRITEBYTECODE")
        return found


@pytest.fixture
def peira_cli(lab: Path) -> CommandLine:
    return CommandLine(lab)

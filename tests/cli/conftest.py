"""A lab of a few real runs, and two ways to call the command line: click's runner and a process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from peira.cli.app import app

SCRIPT = """
import math, peira

for lr in (0.1, 0.01):
    for seed in (1, 2, 3):
        params = {"lr": lr, "seed": seed, "optimizer": {"name": "adam"}}
        with peira.init("digits", name=f"cnn-{lr}-{seed}", params=params, tags=["baseline"]) as run:
            for step in range(20):
                value = math.exp(-step * lr) + seed / 100
                run.log({"train/loss": value, "val/acc": 1 - value / 2}, step=step)
            print(f"epoch 1 of cnn-{lr}-{seed}")
            print("\\x1b[31mred\\x1b[0m\\x1b]0;title\\x07 done")
try:
    with peira.init("other", name="evil\\x1b[2J\\u202eman", params={"cmd": "=1+1"}) as run:
        run.log({"loss": math.nan, "odd name": 2.0}, step=3)
        run.alert("loss is NaN", "look at it")
        raise ValueError("boom\\x1b[31m")
except ValueError:
    pass
"""

QUIET = {"PEIRA_QUIET": "1", "PEIRA_LAB": "", "NO_COLOR": "", "COLUMNS": "", "TERM": "xterm"}


@pytest.fixture(scope="session")
def made_lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a lab that a script has filled; never written by a test."""
    folder = tmp_path_factory.mktemp("made")
    subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=folder, env=os.environ | QUIET, check=True, capture_output=True,
    )  # fmt: skip
    return folder


@pytest.fixture
def lab(made_lab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the lab of a test's own; the working directory is in it."""
    folder = tmp_path / "work"
    shutil.copytree(made_lab, folder)
    monkeypatch.chdir(folder)
    for name, value in QUIET.items():
        monkeypatch.setenv(name, value)
    return folder


@dataclass
class Peira:
    """Calls the command line inside this process."""

    env: Mapping[str, str]

    def __call__(
        self,
        *words: str,
        text: str | None = None,
        code: int = 0,
        env: Mapping[str, str] | None = None,
    ) -> Result:
        """Run one command; its exit code must be `code`."""
        result = CliRunner().invoke(app, list(words), input=text, env={**self.env, **(env or {})})
        assert result.exit_code == code, result.output
        return result

    def json(self, *words: str) -> Any:
        """Run one command with --json and return the document."""
        return json.loads(self(*words, "--json").stdout)


@pytest.fixture
def peira(lab: Path) -> Peira:
    """The command line on the lab."""
    return Peira(QUIET)


Started = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def process(lab: Path) -> Started:
    """The command line as a process of its own."""

    def start(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
        env = os.environ | QUIET | options.pop("env", {})
        return subprocess.run(
            [sys.executable, "-m", "peira", *words],
            cwd=lab, env=env, text=True, capture_output=True, check=False, timeout=60, **options,
        )  # fmt: skip

    return start

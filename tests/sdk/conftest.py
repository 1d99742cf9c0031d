"""A lab for each test, and no run left open."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import peira
from peira.current import open_runs


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in os.environ:
        if name.startswith("PEIRA_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PEIRA_LAB", str(tmp_path / ".peira"))
    # Thousands of modules and files of pytest are no part of a run; programs of tests have all.
    monkeypatch.setenv("PEIRA_LEAVE_OUT", "code,packages,sources,inputs,outputs")
    monkeypatch.chdir(tmp_path)
    yield tmp_path / ".peira"
    for run in reversed(open_runs()):
        run.finish()


@pytest.fixture
def run(lab: Path) -> peira.Run:
    """A strict run without console and monitor."""
    return peira.init("tests", console=False, monitor=False, strict=True)

"""What `peira demo` says at its end can be typed as it stands."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from peira.cli.demo import _tell
from peira.cli.session import Session
from peira.demo import Outcome
from tests.lab.writing import RunFiles


def outcome(*runs: RunFiles) -> Outcome:
    return Outcome(
        lab=runs[0].root,
        runs=[run.id for run in runs],
        best=runs[0].id,
        best_accuracy=0.5,
        diverged=[runs[-1].id],
    )


def test_runs_are_told_by_name_with_the_command_that_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As peira was called, so it is named; a name that fits two runs gives way to the id."""
    root = tmp_path / "a lab" / ".peira"
    root.parent.mkdir()
    best, wild = RunFiles(root, "best-1"), RunFiles(root, "wild-1")
    session = Session()
    session.place = str(root.parent)
    monkeypatch.setattr(sys, "argv", [".venv/bin/peira", "demo"])
    _tell(outcome(best, wild), session)
    said = capsys.readouterr().out
    assert "the best is best-1 with" in said
    assert f".venv/bin/peira show wild-1 --lab '{root.parent}'" in said

    again = RunFiles(root, "wild-1")
    monkeypatch.setattr(sys, "argv", ["/x/peira/__main__.py", "demo"])
    _tell(outcome(best, again), session)
    assert f"{sys.executable} -m peira show {again.id}" in capsys.readouterr().out

"""What a resumed run inherits."""

from __future__ import annotations

from pathlib import Path

from peira.lab.ancestry import Inherited
from peira.lab.lab import Lab
from peira.record.events import Origin
from tests.lab.writing import RunFiles


def test_a_chain_of_resumed_runs_is_followed_to_its_start(tmp_path: Path) -> None:
    """Nearest first; no run gives more than the nearer ones took."""
    root = tmp_path / ".peira"
    first = RunFiles(root, "first")
    second = RunFiles(root, "second", origin=Origin(how="resume", run=first.id, step=40))
    third = RunFiles(root, "third", origin=Origin(how="resume", run=second.id, step=30))
    with Lab(root) as lab:
        assert lab.run(third.id).inherited() == [
            Inherited(run=second.id, name="second", step=30),
            Inherited(run=first.id, name="first", step=30),
        ]
        assert lab.run(second.id).inherited() == [Inherited(run=first.id, name="first", step=40)]


def test_only_resumed_runs_inherit(tmp_path: Path) -> None:
    """A re-run and a repeat begin anew; a run that is not here gives nothing."""
    root = tmp_path / ".peira"
    first = RunFiles(root, "first")
    again = RunFiles(root, "again", origin=Origin(how="rerun", run=first.id, step=3))
    orphan = RunFiles(root, "orphan", origin=Origin(how="resume", run="0" * 12, step=3))
    whole = RunFiles(root, "whole", origin=Origin(how="resume", run=first.id))
    with Lab(root) as lab:
        for run in (first, again, orphan, whole):
            assert lab.run(run.id).inherited() == []


def test_a_circle_ends(tmp_path: Path) -> None:
    """Two runs that name each other, which no program writes, are no endless chain."""
    root = tmp_path / ".peira"
    one, two = "1" * 12, "2" * 12
    RunFiles(root, "one", run_id=one, origin=Origin(how="resume", run=two, step=5))
    RunFiles(root, "two", run_id=two, origin=Origin(how="resume", run=one, step=9))
    with Lab(root) as lab:
        assert [part.run for part in lab.run(one).inherited()] == [two]

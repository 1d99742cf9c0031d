"""Marks of young runs: who must find these at once needs no look at all the others."""

from __future__ import annotations

from pathlib import Path

from peira.lab.lab import Lab
from peira.record import young
from peira.record.folder import make_run
from tests.lab.writing import RunFiles


def test_a_run_is_marked_until_a_reader_has_seen_its_end(tmp_path: Path) -> None:
    """One that lives keeps its mark; one whose folder is gone loses it."""
    root = tmp_path / ".peira"
    assert young.marked(root) is None
    ended, living = RunFiles(root), RunFiles(root)
    ended.end()
    gone = make_run(root)
    gone.path.rmdir()
    for run in (ended, living):
        young.mark(root, run.id)
    assert set(young.marked(root) or ()) == {ended.id, living.id, gone.id}
    with Lab(root) as lab:
        lab.catch_up()
        assert young.marked(root) == [living.id]
        living.end()
        lab.catch_up()
    assert young.marked(root) == []


def test_marks_are_only_a_hint(tmp_path: Path) -> None:
    """What the disk refuses is not marked, and strange names are passed over."""
    root = tmp_path / ".peira"
    run = make_run(root)
    (root / young.NAME / "strange").touch()
    assert young.marked(root) == [run.id]
    young.unmark(root, ["strange", "absent"])
    (tmp_path / "file").touch()
    young.mark(tmp_path / "file", run.id)
    assert young.marked(tmp_path / "file") is None

"""Mixes of two runs: some factors from one, all others from the other."""

from __future__ import annotations

import itertools
import random
import sys
from pathlib import Path
from typing import Any

import pytest

from peira.compare.textdiff import Budget, change
from peira.core.errors import NotRepeatableError
from peira.lab.lab import Lab
from peira.rerun.causes import THREADS, find_causes
from peira.rerun.mixture import Mixture, mixed_packages, with_hunks
from tests.rerun.recorded import open_lab, record_run

COMMAND = [sys.executable, "train.py"]


def mixture(lab: Lab, a: str, b: str, folder: Path, *differing: str) -> Mixture:
    folder.mkdir()
    return Mixture(lab, (lab.run(a), lab.run(b)), folder, differing=differing, is_rebuilt=False)


def numerics(threads: int) -> dict[str, Any]:
    return {"numerics": {"libraries": [{"library": "openblas", "threads": threads}]}}


def test_all_hunks_make_the_old_file_and_none_the_new_one() -> None:
    """For any two texts, with and without a last line end; and each mix lies between them."""
    draw = random.Random(5)
    for _ in range(100):
        old = [f"{draw.randrange(8)}\n" for _ in range(draw.randrange(60))]
        new = list(old)
        for _ in range(draw.randrange(6)):
            at = draw.randrange(len(new) + 1)
            new[at : at + draw.randrange(3)] = ["x\n"] * draw.randrange(3)
        a = "".join(old).encode().removesuffix(draw.choice([b"", b"\n"]))
        b = "".join(new).encode().removesuffix(draw.choice([b"", b"\n"]))
        count = len(change(a, b, [1], Budget(lines=1 << 40)).hunks)
        assert with_hunks(a, b, range(count)) == a
        assert with_hunks(a, b, []) == b
        if count > 1:
            one = with_hunks(a, b, [0])
            assert one not in (a, b)
            assert len(change(one, b, [1], Budget(lines=1 << 40)).hunks) == 1


def test_packages_are_mixed_one_by_one() -> None:
    """With their sources; one that only one side had is added or taken away."""
    a = {"installed": {"x": "1", "y": "1"}, "sources": {"x": {"url": "u"}}, "imported": ["x", "y"]}
    b = {"installed": {"x": "2", "z": "2"}, "sources": {}, "imported": ["x", "z"]}
    found = mixed_packages(b, a, ["x", "y", "z"])
    assert found["installed"] == {"x": "1", "y": "1"} and found["sources"] == {"x": {"url": "u"}}
    assert mixed_packages(b, a, [])["installed"] == b["installed"]
    assert set(found["imported"]) == {"x", "y", "z"}


def test_thread_counts_are_set_when_no_variable_says_why(tmp_path: Path) -> None:
    """Each side as it was recorded, whatever this machine would choose."""
    project = tmp_path / "p"
    project.mkdir()
    (project / "train.py").write_text("")
    root = tmp_path / ".peira"
    a, b = (
        record_run(root, project, COMMAND, sources=["train.py"], aspects=numerics(n), name=str(n))
        for n in (1, 16)
    )
    with open_lab(root) as lab:
        causes = find_causes(lab, lab.run(a), lab.run(b), is_rounding=True)
        assert [(c.id, c.a, c.b) for c in causes] == [(THREADS, "1", "16")]
        mixed = mixture(lab, a, b, tmp_path / "mix", THREADS)
        counts = [mixed.ready(mix).variables["OMP_NUM_THREADS"] for mix in ([THREADS], [])]
    assert counts == ["1", "16"]


def test_files_are_taken_added_and_taken_away(tmp_path: Path) -> None:
    """One that only one of the runs had, too."""
    project = tmp_path / "p"
    project.mkdir()
    root = tmp_path / ".peira"
    runs = []
    for files in (
        {"train.py": "1", "only_a.py": "a", "d.csv": "1"},
        {"train.py": "2", "only_b.py": "b", "d.csv": "2"},
    ):
        for path in project.iterdir():
            path.unlink()
        for name, text in files.items():
            (project / name).write_text(text)
        sources = [name for name in files if name.endswith(".py")]
        runs.append(record_run(root, project, COMMAND, sources=sources, inputs={"d.csv": True}))
    every = ["code:train.py#0", "code:only_a.py", "code:only_b.py", "data:d.csv"]
    with open_lab(root) as lab:
        mixed = mixture(lab, runs[0], runs[1], tmp_path / "mix", *every)
        seen = set()
        for size in range(len(every) + 1):
            for mix in itertools.combinations(every, size):
                mixed.ready(mix)
                there = {p.name: p.read_text() for p in mixed.project.iterdir() if p.is_file()}
                assert there["train.py"] == ("1" if "code:train.py#0" in mix else "2")
                assert ("only_a.py" in there) == ("code:only_a.py" in mix)
                assert ("only_b.py" in there) == ("code:only_b.py" not in mix)
                assert there["d.csv"] == ("1" if "data:d.csv" in mix else "2")
                seen.add(tuple(sorted(there.items())))
    assert len(seen) == 2 ** len(every)


def test_what_one_side_does_not_have_is_taken_from_the_other_or_told(tmp_path: Path) -> None:
    """A file that both had alike counts as had; one that differs cannot be tried."""
    project = tmp_path / "p"
    project.mkdir()
    root = tmp_path / ".peira"
    (project / "train.py").write_text("")
    (project / "same.csv").write_text("same")
    runs = []
    for text, is_kept in (("1", False), ("2", True)):
        (project / "other.csv").write_text(text)
        inputs = {"other.csv": is_kept, "same.csv": is_kept}
        runs.append(record_run(root, project, COMMAND, sources=["train.py"], inputs=inputs))
    (project / "same.csv").unlink()
    with open_lab(root) as lab:
        mixed = mixture(lab, runs[0], runs[1], tmp_path / "mix", "data:other.csv")
        assert (mixed.a.folder / "same.csv").read_text() == "same"
        assert list(mixed.unavailable) == ["data:other.csv"]
        digest = lab.run(runs[1]).files("input")[f"{project}/same.csv"].object
        assert digest is not None
        lab.objects.delete(digest)
        with pytest.raises(NotRepeatableError, match=r"same\.csv cannot be had"):
            mixture(lab, runs[0], runs[1], tmp_path / "again", "data:other.csv")


def test_a_file_outside_of_the_project_is_never_touched(tmp_path: Path) -> None:
    """Data that was small enough to be kept once, and is read where it is now: it is somebody's."""
    project, data = tmp_path / "p", tmp_path / "data" / "x.csv"
    for folder in (project, data.parent):
        folder.mkdir()
    root = tmp_path / ".peira"
    (project / "train.py").write_text("")
    runs = []
    for text, is_kept in (("small", True), ("large", False)):
        data.write_text(text)
        command, inputs = [*COMMAND, str(data)], {str(data): is_kept}
        runs.append(record_run(root, project, command, sources=["train.py"], inputs=inputs))
    cause = f"data:{data}"
    with open_lab(root) as lab:
        mixed = mixture(lab, runs[0], runs[1], tmp_path / "mix", cause)
        assert list(mixed.unavailable) == [cause]
    assert data.read_text() == "large"

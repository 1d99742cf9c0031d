"""Recorded diffs, applied to the files of their commit."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from peira.rerun.patch import apply, patches
from tests.rerun.recorded import git

BEFORE = "".join(f"line {n}\n" for n in range(40))


def diff_of(folder: Path, *options: str) -> bytes:
    return (git(folder, "diff", "HEAD", "--no-renames", *options) + "\n").encode()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "a.py").write_text(BEFORE)
    (tmp_path / "no end").write_text("one\ntwo")
    (tmp_path / "gone.txt").write_text("x\n")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def test_what_git_tells_is_what_comes_out(repository: Path) -> None:
    """Several hunks, a new file, a removed one, ends without a line feed, odd names."""
    changed = BEFORE.replace("line 3\n", "line three\nand more\n").replace("line 30\n", "")
    files = {
        "a.py": changed,
        "no end": "one\ntwo\nthree",
        'ünd\t"so".txt': "näu\r\nzwei\n",
        "empty.txt": "",
    }
    olds = {"a.py": BEFORE, "no end": "one\ntwo"}
    for name, text in files.items():
        (repository / name).write_bytes(text.encode())
    (repository / "gone.txt").unlink()
    git(repository, "add", "-A", "-N")
    found = {patch.path: patch for patch in patches(diff_of(repository))}
    assert set(found) == {*files, "gone.txt"}
    assert found["gone.txt"].is_deleted
    for name, text in files.items():
        assert found[name].is_new == (name not in olds)
        assert apply(found[name], olds.get(name, "").encode()) == text.encode(), name


def test_binary_files_come_whole_or_as_what_changed(repository: Path) -> None:
    """Git writes the shorter of the two."""
    draw = random.Random(3)
    before = draw.randbytes(100_000)
    (repository / "big.bin").write_bytes(before)
    (repository / "small.bin").write_bytes(b"\0one")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "second")
    after = before[:50_000] + b"new bytes" + before[70_000:] + before[:5_000]
    news = {"big.bin": after, "small.bin": draw.randbytes(300), "new.bin": b"\0" * 10_000}
    for name, data in news.items():
        (repository / name).write_bytes(data)
    git(repository, "add", "-A", "-N")
    found = {p.path: p for p in patches(diff_of(repository, "--binary", "--full-index"))}
    olds = {"big.bin": before, "small.bin": b"\0one"}
    assert {p.binary[0] for p in found.values() if p.binary} == {b"literal", b"delta"}
    for name, data in news.items():
        assert apply(found[name], olds.get(name, b"")) == data, name
    assert apply(found["big.bin"], before[1:]) is None


def test_a_patch_that_does_not_fit_changes_nothing(repository: Path) -> None:
    """The file must be that of the commit: nothing is searched for or guessed."""
    (repository / "a.py").write_text(BEFORE.replace("line 3\n", "line three\n"))
    (patch,) = patches(diff_of(repository))
    assert apply(patch, BEFORE.replace("line 4", "line four").encode()) is None
    assert apply(patch, b"") is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"\0\1\2", "binary"), (b"password = '[redacted]'\n", "secret")],
)
def test_what_was_not_recorded_is_told(repository: Path, content: bytes, reason: str) -> None:
    """Binary changes that git was not asked for, and redacted ones, cannot be had again."""
    (repository / "a.py").write_bytes(content)
    (patch,) = patches(diff_of(repository))
    assert reason in patch.reason


def test_modes_are_kept(repository: Path) -> None:
    """A script that became executable is told as that."""
    (repository / "a.py").chmod(0o755)
    (patch,) = patches(diff_of(repository))
    assert (patch.is_executable, patch.hunks) == (True, [])
    assert apply(patch, BEFORE.encode()) == BEFORE.encode()

"""Files and folders as artifacts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from peira.core.errors import UsageError
from peira.objects import tree
from peira.objects.folder import FolderObjects


def test_a_file_is_one_member(tmp_path: Path) -> None:
    """A file is stored under its own name."""
    (tmp_path / "a.txt").write_text("hello")
    objects = FolderObjects(tmp_path / "objects")
    (member,) = tree.put(objects, tmp_path / "a.txt")
    assert (member.path, member.size) == ("a.txt", 5)
    assert objects.read(member.digest) == b"hello"


def test_a_folder_is_its_files(tmp_path: Path) -> None:
    """Paths are relative, with slashes, sorted; links that lead outside and pipes are left out."""
    root = tmp_path / "folder"
    (root / "sub").mkdir(parents=True)
    (root / "sub" / "b").write_text("b")
    (root / "a").write_text("a")
    (tmp_path / "outside").write_text("secret")
    (root / "out").symlink_to(tmp_path / "outside")
    (root / "in").symlink_to(root / "a")
    os.mkfifo(root / "pipe")
    members = tree.put(FolderObjects(tmp_path / "objects"), root)
    assert [member.path for member in members] == ["a", "in", "sub/b"]


def test_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is stated."""
    monkeypatch.setattr(tree, "FILES_MAX", 1)
    for name in "ab":
        (tmp_path / name).write_text(name)
    with pytest.raises(UsageError, match="more than 1 files"):
        tree.put(FolderObjects(tmp_path / ".objects"), tmp_path)


def test_neither_file_nor_folder() -> None:
    """A device is refused."""
    with pytest.raises(UsageError):
        tree.put(FolderObjects("unused"), Path("/dev/null"))

"""Files and folders as artifacts."""

from __future__ import annotations

import os
import tempfile
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
    """Paths are relative, with slashes, sorted; links that lead outside, pipes and a lab are left
    out.
    """
    root = tmp_path / "folder"
    (root / "sub").mkdir(parents=True)
    (root / "sub" / "b").write_text("b")
    (root / "a").write_text("a")
    (tmp_path / "outside").write_text("secret")
    (root / "out").symlink_to(tmp_path / "outside")
    (root / "in").symlink_to(root / "a")
    (root / "loop").symlink_to(root / "loop")
    (root / ".peira").mkdir()
    (root / ".peira" / "index.db").write_text("the lab itself")
    os.mkfifo(root / "pipe")
    members = tree.put(FolderObjects(tmp_path / "objects"), root)
    assert [member.path for member in members] == ["a", "in", "sub/b"]


def test_a_folder_that_cannot_be_read() -> None:
    """An artifact is whole or absent: what cannot be listed is not left out in silence."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        (root / "locked").mkdir(mode=0o000)
        user = os.geteuid()
        try:
            if user == 0:  # root may read everything
                os.seteuid(65534)
            with pytest.raises(PermissionError):
                tree.put(FolderObjects("unused"), root)
        finally:
            os.seteuid(user)


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

"""Labs and run folders."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec
import pytest

from peira.core.errors import (
    DamagedError,
    LabError,
    NotFoundError,
    UnsupportedError,
    UsageError,
)
from peira.record import folder
from peira.record.events import Birth


def birth_of(made: folder.RunFolder, **more: object) -> Birth:
    values = {"format": 1, "id": made.id, "name": "n", "project": "p", "created": 1.0}
    return msgspec.convert({**values, **more}, Birth)


def test_the_nearest_lab_upward(tmp_path: Path) -> None:
    """A lab is found as git finds a repository; without one it would be made here."""
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert folder.find_lab(deep) == deep / ".peira"
    (tmp_path / ".peira").mkdir()
    assert folder.find_lab(deep) == tmp_path / ".peira"
    (tmp_path / "a" / ".peira").mkdir()
    assert folder.find_lab(deep) == tmp_path / "a" / ".peira"


def test_a_named_lab(tmp_path: Path) -> None:
    """A setting names the lab, the folder that holds it, or a copy of it under any name."""
    assert folder.find_lab(None, str(tmp_path)) == tmp_path / ".peira"
    assert folder.find_lab(None, str(tmp_path / ".peira")) == tmp_path / ".peira"
    copy = folder.make_lab(tmp_path / "copy")
    assert folder.find_lab(None, str(copy)) == copy
    with pytest.raises(UnsupportedError):
        folder.find_lab(None, "https://example.org")


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to make another user's folder")
def test_a_planted_lab_is_passed_over(tmp_path: Path) -> None:
    """Another user's lab in a folder where anyone may write is not used (L05)."""
    (tmp_path / ".peira").mkdir()
    (tmp_path / "mine").mkdir()
    os.chown(tmp_path / ".peira", 12345, 12345)
    assert folder.find_lab(tmp_path / "mine") == tmp_path / ".peira"
    tmp_path.chmod(0o1777)
    assert folder.find_lab(tmp_path / "mine") == tmp_path / "mine" / ".peira"


def test_a_lab_that_cannot_be_made(tmp_path: Path) -> None:
    """The error names the folder and what to do."""
    (tmp_path / "file").touch()
    with pytest.raises(LabError, match="PEIRA_LAB"):
        folder.make_lab(tmp_path / "file" / ".peira")


def test_birth(tmp_path: Path) -> None:
    """A birth is written whole, 0600, and read back; nothing else is left."""
    made = folder.make_run(tmp_path / ".peira")
    birth = birth_of(made, why="x", command=["a"])
    folder.write_birth(made, birth)
    assert made.read_birth() == birth
    assert stat.S_IMODE(made.birth.stat().st_mode) == 0o600
    assert [path.name for path in made.path.iterdir()] == ["run.json"]
    assert [found.id for found in folder.run_folders(tmp_path / ".peira")] == [made.id]


def test_births_that_cannot_be_read(tmp_path: Path) -> None:
    """No run, a damaged birth, another run's, and one of a newer Peira are told apart."""
    made = folder.make_run(tmp_path / ".peira")
    with pytest.raises(NotFoundError):
        made.read_birth()
    other = msgspec.json.encode(birth_of(made)).replace(made.id.encode(), b"0" * 12)
    for data, error in (
        (b"", DamagedError),
        (b"{", DamagedError),
        (b"[" * 10_000, DamagedError),
        (b'{"format":1}', DamagedError),
        (b'{"format":2,"what":"ever"}', UnsupportedError),
        (other, DamagedError),
    ):
        made.birth.write_bytes(data)
        with pytest.raises(error):
            made.read_birth()


@pytest.mark.parametrize(
    "name", ["", "..", "../x", "abc", "ABCDEFGHIJKL", "0123456789ab\n", "/etc"]
)
def test_paths_only_from_ids(tmp_path: Path, name: str) -> None:
    """A path is never built from anything but an id (T03)."""
    with pytest.raises(UsageError):
        folder.run_folder(tmp_path, name)


def test_files_of_writers(tmp_path: Path) -> None:
    """The files of all writers are found, the main one's first; other names are passed over."""
    made = folder.make_run(tmp_path / ".peira")
    for name in ("points.zzzzz9.jsonl", "points.jsonl", "points.0a1b2c.jsonl", "points.x.jsonl"):
        (made.path / name).touch()
    (made.path / "points.vvvvv9.jsonl").touch()
    names = [path.name for path in made.points_files()]
    assert names == ["points.jsonl", "points.0a1b2c.jsonl", "points.vvvvv9.jsonl"]
    with pytest.raises(UsageError):
        made.points("../../x")

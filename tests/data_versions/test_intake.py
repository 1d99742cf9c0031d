"""Files that get in: each is read once, and never believed when it changed."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

import numpy as np
import pytest

from peira.core.errors import LabError, UsageError
from peira.data.add import add_path, add_table
from peira.data.dataset import Dataset
from peira.data.intake import Intake, Taken
from peira.data.numbers import summary
from peira.objects.folder import FolderObjects


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of files that nobody has changed for a minute."""
    for number in range(20):
        path = tmp_path / "files" / f"{number % 3}" / f"{number}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"%d" % number)
        os.utime(path, (time.time() - 60,) * 2)
    return tmp_path / "files"


@pytest.mark.parametrize("is_reference", [False, True])
def test_an_unchanged_file_is_not_opened_again(
    tmp_path: Path, folder: Path, is_reference: bool
) -> None:
    """The second time only the changed file is read; all are in the version."""
    root = tmp_path / ".peira"
    add_path(root, "d", folder, is_reference=is_reference)
    opened: list[Taken] = []
    changed = folder / "0" / "0.bin"
    changed.write_bytes(b"other")
    added = add_path(root, "d", folder, is_reference=is_reference, on_progress=opened.append)
    assert added.is_new and opened[0].files == 19 and opened[-1].files == 20
    assert opened[-1].bytes == opened[-1].bytes_all
    members = {member.path: member.size for member in Dataset(root, added.version).files()}
    assert len(members) == 20 and members["0/0.bin"] == 5


def test_a_known_file_whose_object_is_gone_is_stored_again(tmp_path: Path, folder: Path) -> None:
    """The memory of digests is no proof that the bytes are here."""
    root = tmp_path / ".peira"
    version = add_path(root, "d", folder).version
    objects = FolderObjects(root / "objects")
    members = list(Dataset(root, version).files())
    objects.delete(members[3].object)
    add_path(root, "d", folder)
    assert objects.read(members[3].object)


@pytest.mark.parametrize("is_reference", [False, True])
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, folder: Path, is_reference: bool
) -> None:
    """Nothing is added, and the message says which file: here one that went meanwhile."""
    intake = Intake(tmp_path / ".peira", folder, is_reference=is_reference, on_progress=None)
    with pytest.raises(LabError, match="gone"):
        intake.take([os.fspath(folder / "0" / "0.bin"), os.fspath(folder / "gone")])


def test_a_name_that_is_no_text_is_refused(tmp_path: Path, folder: Path) -> None:
    """The message shows it in a way that a terminal can print; names in any script are fine."""
    (folder / "ünï.bin").touch()
    assert add_path(tmp_path / ".peira", "d", folder).is_new
    odd = os.fsdecode(b"\xff.bin")
    (folder / odd).touch()
    with pytest.raises(UsageError, match="no UTF-8"):
        add_path(tmp_path / ".peira", "d", folder)


@pytest.mark.parametrize("kind", ["u1", "i2", "?", "i8", "f4", "f8"])
def test_a_summary_is_that_of_numpy(kind: str) -> None:
    """Counting small integers gives what looking through all values gives."""
    rng = np.random.default_rng(0)
    values = rng.normal(50, 20, (500, 7)).clip(0, 120).astype(kind)
    values[0, 0] = 1 if kind == "?" else 120
    found, wide = summary(values), values.astype(float)
    middle = np.median(wide)
    limit = 6 * 1.4826 * np.median(np.abs(wide - middle))
    assert (found.min, found.max) == (wide.min(), wide.max())
    assert found.mean == pytest.approx(wide.mean()) and found.std == pytest.approx(wide.std())
    assert sum(found.histogram) == (values.size if wide.max() > wide.min() else 0)
    assert found.outliers == (int((np.abs(wide - middle) > limit).sum()) if limit else 0)


def test_what_desktops_leave_beside_pictures_is_no_data(tmp_path: Path) -> None:
    """A folder is one of pictures, and the same version, with and without it; other files are
    refused where pictures are asked for."""
    root, pets = tmp_path / ".peira", tmp_path / "pets"
    (pets / "cat").mkdir(parents=True)
    (pets / "cat" / "a.png").write_bytes(b"a")
    first = add_path(root, "pets", pets).version
    for litter in (".DS_Store", "cat/Thumbs.db", "cat/._a.png"):
        (pets / litter).touch()
    assert add_path(root, "pets", pets).version == first and len(Dataset(root, first)) == 1
    (pets / "readme.md").touch()
    with pytest.raises(UsageError, match=r"1 files that are no pictures: .*readme\.md"):
        add_path(root, "pets", pets, type="image-folder")
    plain = add_path(root, "pets", pets)
    assert Dataset(root, plain.version).manifest.type == "folder"
    assert plain.strays == ("readme.md",)


def test_links_that_are_left_out_are_told(tmp_path: Path, folder: Path) -> None:
    """Those to files inside are followed; a folder of others is not silently empty."""
    root, outside = tmp_path / ".peira", tmp_path / "outside"
    outside.mkdir()
    (outside / "x").touch()
    for name, target in (("in", folder / "0" / "0.bin"), ("out", outside / "x"),
                         ("folder", outside), ("dead", tmp_path / "nothing")):  # fmt: skip
        (folder / name).symlink_to(target)
    added = add_path(root, "d", folder)
    assert {Path(path).name for path in added.left_out} == {"out", "folder", "dead"}
    assert "in" in {member.path for member in Dataset(root, added.version).files()}
    only = tmp_path / "links"
    only.mkdir()
    (only / "out").symlink_to(outside / "x")
    with pytest.raises(UsageError, match="holds no files, but 1 links"):
        add_path(root, "d", only)


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    """As an error of the lab that says what was not done; then there is room, and it is done."""
    root, data = tmp_path / ".peira", {"x": np.random.default_rng(0).random(20_000)}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(LabError, match="cannot be stored"):
            add_table(root, "d", data)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not (root / "datasets").exists() and add_table(root, "d", data).is_new

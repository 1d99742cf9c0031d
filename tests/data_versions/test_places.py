"""Where the bytes of a version are: in the lab, where they were added from, written out again."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest

from peira.core.errors import DamagedError, LabError, NotFoundError, UsageError
from peira.data import manifest, materialised, sealed, splits
from peira.data.add import add_path
from peira.data.catalog import Catalog
from peira.data.dataset import Dataset, open_dataset
from peira.data.intake import Taken
from peira.data.reference import open_reference
from peira.data.splits import Recipe
from peira.objects.folder import FolderObjects


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / ".peira"


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """A folder of pictures: 20 cats, 20 dogs."""
    for label in ("cat", "dog"):
        for number in range(20):
            path = tmp_path / "pets" / label / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(f"{label} {number}".encode())
    return tmp_path / "pets"


def divided(root: Path, pets: Path, *, is_reference: bool = False) -> None:
    """Put the pictures under version, with a split whose test part is sealed."""
    add_path(root, "pets", pets, is_reference=is_reference)
    shares = {"train": 0.5, "test": 0.5}
    split = splits.make(open_dataset(root, "pets"), "main", Recipe(shares=shares))
    sealed.seal(root, split, "test")


def test_the_name_of_a_single_file_is_no_content(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By whatever name and path it is added, it is the same version, and keeps its whole name."""
    monkeypatch.chdir(tmp_path)
    Path("data.csv").write_text("x,y\n1,0\n")
    Path("copy.csv").write_text("x,y\n1,0\n")
    first = add_path(root, "d", Path("data.csv")).version
    assert add_path(root, "d", tmp_path / "data.csv").version == first
    assert add_path(root, "d", Path("copy.csv")).version == first
    assert [member.path for member in Dataset(root, first).files()] == ["data.csv"]


def test_a_file_that_changes_while_it_is_added(root: Path, tmp_path: Path) -> None:
    """Rows are those of the bytes that were stored; what stays where it is cannot be added then."""
    file = tmp_path / "d.csv"

    def change(taken: Taken) -> None:
        if taken.files == 1:
            file.write_text("x\n2\n")

    file.write_text("x\n1\n")
    version = add_path(root, "d", file, on_progress=change).version
    found = Dataset(root, version)
    assert found["x"].tolist() == [1] and len(found.ids) == 1
    file.write_text("x\n1\n")
    with pytest.raises(LabError, match="changed while it was added"):
        add_path(root, "r", file, is_reference=True, on_progress=change)


@pytest.mark.parametrize("is_reference", [False, True])
def test_a_part_of_a_folder_of_pictures_is_only_its_files(
    root: Path, pets: Path, is_reference: bool
) -> None:
    """Nothing of another part is in its folder; that of a sealed part does not tell labels."""
    divided(root, pets, is_reference=is_reference)
    train, test = (open_reference(root, f"pets:{part}") for part in ("train", "test"))
    for _ in range(2):  # written, and found again
        names = {p.relative_to(train.path()).as_posix() for p in train.path().rglob("*.png")}
        assert names == set(train["path"].tolist()) and len(names) == 20
    assert (train.path() / train["path"][0]).read_text().startswith(str(train.y[0]))
    hidden = [p.relative_to(test.path()).as_posix() for p in sorted(test.path().rglob("*.png"))]
    assert hidden == sorted(test["path"].tolist()) and len(hidden) == 20
    assert (
        not any("cat" in name or "dog" in name for name in hidden) and "label" not in test.columns
    )
    whole = open_reference(root, "pets")
    assert len(list(whole.path().rglob("*.png"))) == 20  # without the sealed ones


def test_a_part_of_a_file_has_no_file(root: Path, tmp_path: Path) -> None:
    """The whole file would hold the rows of the other parts, and sealed labels."""
    np.savez(tmp_path / "d.npz", x=np.arange(10), y=np.arange(10) % 2)
    add_path(root, "d", tmp_path / "d.npz")
    splits.make(open_dataset(root, "d"), "main", Recipe())
    with pytest.raises(UsageError, match="main/train is some rows of a file"):
        open_reference(root, "d:train").path()


def test_a_folder_that_was_written_out_and_changed_is_told(root: Path, pets: Path) -> None:
    """Other bytes, a file more or less: never taken for the version."""
    version = add_path(root, "pets", pets).version
    place = Dataset(root, version).path()
    changed = place / "cat" / "0.png"
    changed.chmod(0o600)
    changed.write_bytes(b"dog 0")
    with pytest.raises(DamagedError, match="other bytes"):
        Dataset(root, version).path()
    shutil.rmtree(place)
    assert (Dataset(root, version).path() / "cat" / "0.png").read_bytes() == b"cat 0"
    (place / "cat" / "labels.cache").touch()  # as YOLO does
    assert Dataset(root, version).path() == place
    (place / "more.png").touch()
    with pytest.raises(DamagedError, match="does not belong to it"):
        Dataset(root, version).path()
    (place / "more.png").unlink()
    (place / "cat" / "1.png").unlink()
    with pytest.raises(DamagedError, match="is not in it"):
        Dataset(root, version).path()
    materialised.forget(root, version.content)
    assert not place.exists()


@pytest.mark.parametrize("is_folder", [False, True])
def test_what_was_referred_to_can_be_copied_or_moved(
    root: Path, tmp_path: Path, pets: Path, is_folder: bool
) -> None:
    """Added from its new place it is found there; added without --reference it is in the lab."""
    source = pets if is_folder else pets / "cat" / "0.png"
    version = add_path(root, "d", source, is_reference=True).version
    moved = tmp_path / "moved"
    source.rename(moved)
    with pytest.raises(NotFoundError, match="add it from where it is now"):
        Dataset(root, version).path()
    kind = None if is_folder else Dataset(root, version).manifest.type
    assert add_path(root, "d", moved, is_reference=True, type=kind).version == version
    assert Dataset(root, version).path() == moved
    moved.rename(source)  # as on another machine, which has it where it was
    assert Dataset(root, version).path() == source
    source.rename(moved)
    assert add_path(root, "d", moved, type=kind).version == version
    shutil.rmtree(moved) if is_folder else moved.unlink()
    found = Dataset(root, version).path()
    first = found / next(iter(Dataset(root, version).files())).path
    assert first.read_bytes() == b"cat 0"


@pytest.mark.parametrize("path", ["../evil", "/etc/evil", "a/../../evil", "a//b", ".", "", "a/"])
def test_names_that_lead_out_of_a_folder_are_damage(root: Path, tmp_path: Path, path: str) -> None:
    """A version from another lab writes nothing beside its folder."""
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "f").write_text("f")
    version = add_path(root, "d", tmp_path / "d").version
    objects = FolderObjects(root / "objects")
    held = manifest.read(objects, version.manifest)
    (member,) = manifest.read_pages(objects, held)
    evil = msgspec.structs.replace(
        held, pages=manifest.write_pages(objects, [msgspec.structs.replace(member, path=path)])
    )
    other = msgspec.structs.replace(version, manifest=manifest.write(objects, evil))
    with pytest.raises(DamagedError, match="outside of its folder"):
        Dataset(root, other).path()


def test_a_seal_holds_when_the_version_it_was_made_on_is_removed(root: Path, pets: Path) -> None:
    """Versions that came of it keep their split, and show no sealed labels."""
    from peira.data.transform import derive

    divided(root, pets)
    whole = open_dataset(root, "pets")
    derived = derive(whole, lambda data: {"size": np.arange(len(data)), "label": data.y}, {},
                     name="sizes")  # fmt: skip
    assert len(derived) == 20
    Catalog(root).remove(whole.version)
    assert len(open_reference(root, "sizes")) == 20
    assert "label" not in open_reference(root, "sizes:test").columns

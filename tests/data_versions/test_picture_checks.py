"""The checks on folders of pictures, and on tables whose rows have names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from peira.data import splits
from peira.data.add import add_path
from peira.data.checks import Finding, pictures
from peira.data.checks.version import Question, check_version
from peira.data.dataset import Dataset, open_dataset
from peira.data.splits import Recipe
from tests.data_versions.worlds import find, simulated, view

DIGITS = load_digits()
COUNT = 240
LEAKS = ["duplicates", "conflicting-labels", "near-duplicates", "group-leak", "label-leak"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Digits as files, in a folder for each class."""
    for row in range(COUNT):
        write(tmp_path / "in", DIGITS.images[row], DIGITS.target[row], f"{row}.png")
    return tmp_path / "in"


def write(folder: Path, image: np.ndarray, label: int, name: str) -> None:
    (folder / str(label)).mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray((image * 15).astype("uint8")).resize((40, 40))
    picture.save(folder / str(label) / name)


def checked(folder: Path, names: list[str]) -> list[Finding]:
    """What the checks find in a folder that is split at random."""
    root = folder.parent / ".peira"
    version = add_path(root, "digits", folder).version
    splits.make(Dataset(root, version), "main", Recipe(shares={"train": 0.5, "test": 0.5}))
    return check_version(root, version, Question(checks=names))


def test_a_clean_folder_raises_no_alarm(folder: Path) -> None:
    """Neither names nor folders are inputs."""
    assert [f.title for f in checked(folder, LEAKS) if f.action != "note"] == []


def test_the_same_file_under_another_name_is_a_copy(folder: Path) -> None:
    """60 files twice: about half of them have their twin on the other side; two with another label
    conflict.
    """
    for row in range(60):
        label = DIGITS.target[row] if row > 1 else (DIGITS.target[row] + 1) % 10
        write(folder, DIGITS.images[row], label, f"again-{row}.png")
    found = {finding.check: finding for finding in checked(folder, LEAKS)}
    assert found["duplicates"].action == "block" and 15 <= found["duplicates"].count <= 45
    assert found["conflicting-labels"].count == 4


def test_a_picture_saved_anew_is_a_near_copy(folder: Path) -> None:
    """As a JPEG, and as a PNG that was packed otherwise: other bytes, the same picture."""
    for row in range(60):
        write(folder, DIGITS.images[row], DIGITS.target[row], f"again-{row}.jpg")
        source = folder / str(DIGITS.target[row + 60]) / f"{row + 60}.png"
        with Image.open(source) as picture:
            picture.save(source.with_name(f"packed-{row}.png"), compress_level=0)
    found = {finding.check: finding for finding in checked(folder, LEAKS)}
    assert "duplicates" not in found
    assert found["near-duplicates"].action == "block" and found["near-duplicates"].count >= 45


def test_pictures_that_cannot_be_opened_are_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copies of the others are found all the same, by their bytes and nearly."""
    (folder / "0" / "broken.png").write_bytes(b"no picture")
    for row in range(60):
        write(folder, DIGITS.images[row], DIGITS.target[row], f"again-{row}.png")
        write(folder, DIGITS.images[row + 60], DIGITS.target[row + 60], f"nearly-{row}.jpg")
    copies, near, told = checked(folder, ["duplicates", "near-duplicates"])
    assert copies.action == "block" and copies.count >= 15
    assert near.action == "block" and near.count >= 15
    assert told.title.startswith("1 of ") and "cannot be opened (0/broken.png: " in told.title
    whole = open_dataset(folder.parent / ".peira", "digits")
    monkeypatch.setattr(pictures, "COUNT_MAX", 100)
    found = pictures.open_pictures(whole)
    assert found.pixels is None and "too many" in found.unseen


@pytest.mark.parametrize("name", ["Id", "Unnamed: 0", "file_name", "any"])
def test_what_names_a_row_hides_no_copy(name: str) -> None:
    """Numbers of rows, ids, names of files: copies are equal in all else."""
    columns = simulated(np.random.default_rng(0))
    twice = {key: np.concatenate([values, values[:40]]) for key, values in columns.items()}
    numbers = np.arange(440)[::-1]
    names = np.array([f"{number}.txt" for number in numbers], dtype=object)
    twice[name] = names if name == "file_name" else numbers
    (finding,) = find(view(twice), "duplicates")
    assert 10 <= finding.count <= 30 and finding.action == "block"


def test_amounts_and_texts_are_inputs() -> None:
    """Whole numbers that differ, and texts, are what a model learns from: rows that differ in them
    are no copies.
    """
    columns = simulated(np.random.default_rng(0))
    twice = {key: np.concatenate([values, values[:40]]) for key, values in columns.items()}
    amounts = np.random.default_rng(1).permutation(10_000)[:440]
    assert find(view({**twice, "price": amounts}), "duplicates") == []
    texts = np.array([f"text {amount}" for amount in amounts], dtype=object)
    assert find(view({**twice, "said": texts}), "duplicates") == []

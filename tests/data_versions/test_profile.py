"""The profile of a version, and the difference of two."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from peira.data.add import add_path, add_table
from peira.data.dataset import Dataset, open_dataset
from peira.data.diff import compare
from peira.data.profile import picture_of_constants, profile
from peira.data.rows import Columns

DIGITS = load_digits()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / ".peira"


def added(root: Path, columns: Columns, ids: np.ndarray | None = None) -> Dataset:
    return Dataset(root, add_table(root, "d", columns, ids=ids).version)


def test_pixels_that_never_change_are_listed_with_a_picture(root: Path) -> None:
    """The digits' three dead pixels are named with their value, and drawn where they are."""
    found = profile(added(root, {"X": DIGITS.data, "y": DIGITS.target}))
    x, _ = found.columns
    dead = np.flatnonzero((DIGITS.data == DIGITS.data[0]).all(axis=0)).tolist()
    assert {int(place) for place in x.constant} == set(dead) and set(x.constant.values()) == {0.0}
    picture = picture_of_constants(x)
    assert len(picture) == 8 and sum(line.count("#") for line in picture) == len(dead)
    assert found.classes == {str(n): int((DIGITS.target == n).sum()) for n in range(10)}
    assert (x.min, x.max, x.missing) == (0.0, 16.0, 0) and sum(x.histogram) == DIGITS.data.size


def test_columns_of_all_kinds(root: Path) -> None:
    """Missing values, texts, constants, outliers and equal rows are counted."""
    rng = np.random.default_rng(0)
    value = np.concatenate([rng.standard_normal(98), [np.nan, 1e6]])
    text = np.array(["a", None] * 50, dtype=object)
    data = {"value": value, "text": text, "same": np.ones(100)}
    found = {c.name: c for c in profile(added(root, data)).columns}
    assert found["value"].missing == 1 and found["value"].outliers == 1
    assert found["text"].missing == 50 and found["text"].common == {"a": 50}
    assert found["same"].constant == {"": 1.0}
    twice = {"x": np.array([1, 2, 1])}
    assert profile(added(root, twice)).duplicates == 1


def test_a_profile_is_computed_once(root: Path) -> None:
    """It is kept by content: a second look reads it."""
    dataset = added(root, {"x": np.arange(3)})
    first = profile(dataset)
    for chunk in dataset.manifest.chunks:
        dataset.objects.delete(chunk.object)
    assert profile(open_dataset(root, "d")) == first


def test_rows_and_labels_that_changed(root: Path) -> None:
    """Added, removed and relabelled rows, class balance and statistics are told."""
    before = added(root, {"X": DIGITS.data, "y": DIGITS.target})
    y = DIGITS.target.copy()
    y[5] = (y[5] + 1) % 10
    after = added(root, {"X": np.vstack([DIGITS.data[:-2], [DIGITS.data[0] + 20]]),
                         "y": np.concatenate([y[:-2], [0]])})  # fmt: skip
    found = compare(before, after)
    assert found.rows is not None
    assert (found.rows.added, found.rows.removed) == (2, 3)  # the relabelled one is another row
    (label,) = found.labels
    assert (label.before, label.after) == (str(DIGITS.target[5]), str(y[5]))
    assert [c.name for c in found.columns] == ["X", "y"] and not found.order_changed
    assert sum(a - b for b, a in found.classes.values()) == -1


def test_values_that_changed_under_the_same_ids(root: Path) -> None:
    """A derived version whose rows keep their ids has changed rows, not new ones."""
    before = added(root, {"X": DIGITS.data, "y": DIGITS.target})
    after = added(root, {"X": DIGITS.data / 16, "y": DIGITS.target}, before.ids)
    found = compare(before, after)
    assert found.rows is not None and found.rows.changed == len(DIGITS.data)
    assert found.rows.added == found.rows.removed == found.label_changes == 0


def test_another_order_is_told(root: Path) -> None:
    """The same rows in another order: nothing came or went, and the order is said."""
    before = added(root, {"x": np.arange(10)})
    found = compare(before, added(root, {"x": np.arange(10)[::-1]}))
    assert found.rows is not None and found.rows.same == 10 and found.order_changed


def test_files_that_changed(root: Path, tmp_path: Path) -> None:
    """Files by path: added, removed, changed."""
    folder = tmp_path / "files"
    folder.mkdir()
    for name in "abc":
        (folder / f"{name}.txt").write_text(name)
    before = Dataset(root, add_path(root, "f", folder).version)
    (folder / "a.txt").write_text("A")
    (folder / "b.txt").unlink()
    (folder / "d.txt").write_text("d")
    found = compare(before, Dataset(root, add_path(root, "f", folder).version)).files
    assert found is not None
    assert (found.first_added, found.first_removed) == (["d.txt"], ["b.txt"])
    assert found.first_changed == ["a.txt"] and found.same == 1

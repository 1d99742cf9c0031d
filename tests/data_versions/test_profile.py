"""The profile of a version, and the difference of two."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from peira.data.add import add_path, add_table
from peira.data.dataset import Dataset, open_dataset
from peira.data.diff import compare
from peira.data.pixels import joined, pixels_of
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


def test_columns_of_pixels_are_one_column(root: Path) -> None:
    """64 columns of single numbers are told as one column of pictures would be: the same range,
    mean, spread and places that never change.
    """
    table = {f"pixel{n}": DIGITS.data[:, n] for n in range(64)}
    dataset = added(root, {**table, "label": DIGITS.target})
    found = profile(dataset)
    pixels, label = joined(found, pixels_of(dataset, found))
    x, _ = profile(added(root, {"X": DIGITS.data, "label": DIGITS.target})).columns
    assert (pixels.name, pixels.shape, label.name) == ("pixel0 … pixel63", [64], "label")
    assert (pixels.min, pixels.max, pixels.constant) == (x.min, x.max, x.constant)
    assert pixels.mean == pytest.approx(x.mean) and pixels.std == pytest.approx(x.std)
    assert joined(found, None) == found.columns


def test_texts_have_lengths(root: Path) -> None:
    """Least, median and most characters of the texts that are there."""
    texts = np.array(["a", None, "four", "seven c"], dtype=object)
    (found,) = profile(added(root, {"text": texts})).columns
    assert (found.length_min, found.length_median, found.length_max) == (1, 4, 7)
    (none,) = profile(added(root, {"text": np.array([None, None], dtype=object)})).columns
    assert none.length_median is None and none.missing == 2


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


def test_what_did_not_change_is_not_told(root: Path) -> None:
    """Missing labels are no changed labels; rows with equal inputs may stand in another order;
    labels that are too many to be classes in one version have not gone."""
    before = added(root, {"x": np.arange(4.0), "y": np.array([0, np.nan, 1, 1])})
    after = added(root, {"x": np.arange(5.0), "y": np.array([0, np.nan, 1, 1, 0])})
    assert compare(before, after).label_changes == 0
    before = added(root, {"x": np.array([1, 1, 2]), "y": np.array([0, 1, 1])})
    after = added(root, {"x": np.array([1, 1, 2]), "y": np.array([1, 0, 1])})
    found = compare(before, after)
    assert found.rows is not None and (found.rows.changed, found.rows.same) == (0, 3)
    assert found.label_changes == 0 and found.order_changed
    names = np.array([f"c{n % 15}" for n in range(100)], dtype=object)
    before = added(root, {"x": np.arange(100), "y": names})
    assert compare(before, added(root, {"x": np.arange(60), "y": names[:60]})).classes == {}


def test_one_of_two_equal_inputs_is_relabelled(root: Path) -> None:
    """The change is told once, of the row whose label came."""
    before = added(root, {"x": np.array([1, 1, 2]), "y": np.array([0, 1, 1])})
    after = added(root, {"x": np.array([1, 1, 2]), "y": np.array([1, 1, 1])})
    (change,) = compare(before, after).labels
    assert (change.before, change.after) == ("0", "1")


def test_numbers_at_the_limit(root: Path) -> None:
    """Where a mean or a histogram cannot be computed there is none; missing times are counted."""
    wide = np.array([-1.7e308, 1.7e308, *[0.0] * 20])
    times = np.array(["NaT", *["2026-01-01"] * 21], dtype="datetime64[D]")
    x, t = profile(added(root, {"x": wide, "t": times})).columns
    assert (x.min, x.max, x.std, x.histogram) == (-1.7e308, 1.7e308, None, []) and t.missing == 1


def test_files_that_are_no_pictures(root: Path, tmp_path: Path) -> None:
    """They are counted in the profile; nothing is written out to look at sizes."""
    (tmp_path / "pets" / "cat").mkdir(parents=True)
    Image.new("L", (20, 10)).save(tmp_path / "pets" / "cat" / "a.png")
    (tmp_path / "pets" / "cat" / "b.png").write_bytes(b"broken")
    found = profile(Dataset(root, add_path(root, "pets", tmp_path / "pets").version))
    assert found.sizes == {"20 x 10": 1, "not readable": 1}
    assert not (root / "materialised").exists()


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

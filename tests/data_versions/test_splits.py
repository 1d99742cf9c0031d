"""Splits: shares, strata, groups, times, folds, and that they survive order and versions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from peira.core.errors import DamagedError, NotFoundError, UnsupportedError, UsageError
from peira.data import assign, sealed, splits
from peira.data.add import add_path, add_table
from peira.data.dataset import Dataset, open_dataset
from peira.data.deal import deal_repeated
from peira.data.reference import open_reference
from peira.data.splits import Recipe

SHARES = {"train": 0.7, "dev": 0.1, "test": 0.2}


def ids(count: int) -> assign.Ids:
    return np.array([b"%032x" % n for n in range(count)])


@pytest.fixture
def digits(tmp_path: Path) -> Dataset:
    data = load_digits()
    add_table(tmp_path / ".peira", "digits", {"X": data.data, "y": data.target})
    return open_dataset(tmp_path / ".peira", "digits")


@given(count=st.integers(1, 300), seed=st.integers(0, 2**32), data=st.data())
def test_each_row_is_in_one_part(count: int, seed: int, data: st.DataObject) -> None:
    """Parts of any kind hold every row once, in the shares that were asked for."""
    labels = np.array(data.draw(st.lists(st.integers(0, 3), min_size=count, max_size=count)))
    rows = ids(count)
    for parts in (
        assign.random(rows, SHARES, seed),
        assign.stratified(rows, SHARES, seed, labels),
        assign.ordered(labels, SHARES),
        assign.predefined(labels),
    ):
        assert sorted(np.concatenate(list(parts.values())).tolist()) == list(range(count))
    for name, rows_of_part in assign.random(rows, SHARES, seed).items():
        assert abs(len(rows_of_part) - SHARES[name] * count) <= 1


@given(seed=st.integers(0, 2**32), data=st.data())
def test_order_does_not_matter(seed: int, data: st.DataObject) -> None:
    """The same rows in another order go to the same parts."""
    rows, labels = ids(60), np.arange(60) % 7
    order = np.array(data.draw(st.permutations(range(60))))
    for deal in (
        lambda r, lab: assign.random(r, SHARES, seed),
        lambda r, lab: assign.stratified(r, SHARES, seed, lab),
        lambda r, lab: assign.grouped(r, SHARES, seed, lab),
        lambda r, lab: assign.folds(r, 5, seed),
    ):
        before, after = deal(rows, labels), deal(rows[order], labels[order])
        for name in before:
            assert set(rows[before[name]]) == set(rows[order][after[name]])


def test_strata_have_their_shares(digits: Dataset) -> None:
    """Each label is in each part in its share, to within a row."""
    parts = assign.stratified(digits.ids, SHARES, 1, digits.y)
    for label in range(10):
        count = int((digits.y == label).sum())
        for name, rows in parts.items():
            assert abs(int((digits.y[rows] == label).sum()) - SHARES[name] * count) <= 1


def test_no_group_is_on_two_sides() -> None:
    """Whole groups are dealt, and the shares come out near."""
    groups = np.random.default_rng(0).integers(0, 80, 2_000)
    parts = assign.grouped(ids(2_000), SHARES, 3, groups)
    seen = [set(groups[rows].tolist()) for rows in parts.values()]
    assert not seen[0] & seen[1] and not seen[0] & seen[2] and not seen[1] & seen[2]
    assert all(abs(len(parts[name]) / 2_000 - share) < 0.02 for name, share in SHARES.items())


def test_no_time_is_on_two_sides() -> None:
    """Parts follow each other in time, and equal times stay together."""
    times = np.sort(np.random.default_rng(0).integers(0, 50, 500))[::-1]
    parts = assign.ordered(times, SHARES)
    assert times[parts["train"]].max() < times[parts["dev"]].min()
    assert times[parts["dev"]].max() < times[parts["test"]].min()


def test_folds_are_of_equal_size_and_strata(digits: Dataset) -> None:
    """Folds differ by a row at most, in all and in each label by two."""
    parts = assign.folds(digits.ids, 5, 0, digits.y)
    sizes = [len(rows) for rows in parts.values()]
    assert max(sizes) - min(sizes) <= 1 and sum(sizes) == len(digits)
    for label in range(10):
        counts = [int((digits.y[rows] == label).sum()) for rows in parts.values()]
        assert max(counts) - min(counts) <= 2


def test_a_split_is_kept_and_found_in_other_versions(digits: Dataset) -> None:
    """By the ids of rows it holds in a version with rows moved, removed and added."""
    made = splits.make(digits, "main", Recipe(kind="stratified", shares=SHARES))
    rng = np.random.default_rng(0)
    order = rng.permutation(len(digits))[:1_700]
    new = rng.random((20, 64))
    columns = {
        "X": np.vstack([digits.X[order], new]),
        "y": np.concatenate([digits.y[order], np.zeros(20, dtype=digits.y.dtype)]),
    }
    add_table(digits.root, "digits", columns)
    second = open_dataset(digits.root, "digits:v2")
    split = splits.read(digits.root, "digits", "main")
    assert split == made
    rows = splits.rows_of(split, "test", second)
    before = set(digits.ids[splits.rows_of(split, "test", digits)].tolist())
    assert 0 < len(rows) < len(before)
    assert set(second.ids[rows].tolist()) <= before
    dealt = sum(len(splits.rows_of(split, part, second)) for part in SHARES)
    assert dealt == 1_700  # the new rows belong to no part


def test_splits_never_change(digits: Dataset) -> None:
    """Made again it is the same; made otherwise under its name it is refused."""
    first = splits.make(digits, "main", Recipe(seed=1))
    assert splits.make(digits, "main", Recipe(seed=1)) == first
    with pytest.raises(UsageError, match="another split `main`"):
        splits.make(digits, "main", Recipe(seed=2))
    other = splits.make(digits, "other", Recipe(seed=2))
    overlaps = splits.compare(first, other, digits.objects)
    assert sum(overlap.rows for overlap in overlaps) == len(digits)
    assert splits.names(digits.root, "digits") == ["main", "other"]


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (Recipe(shares={"train": 0.8, "test": 0.3}), "sum to 1"),
        (Recipe(kind="grouped"), "wants the name of a column"),
        (Recipe(kind="grouped", column="nothing"), "no column 'nothing'"),
        (Recipe(kind="folds", count=1), "cannot be dealt to 1 folds"),
    ],
)
def test_what_cannot_be_dealt_is_refused(digits: Dataset, recipe: Recipe, message: str) -> None:
    """The error says which wish cannot be had; nothing is kept."""
    with pytest.raises((UsageError, NotFoundError), match=message):
        splits.make(digits, "main", recipe)
    assert splits.names(digits.root, "digits") == []


@pytest.mark.parametrize("name", ["../x", "a/b", "", "x" * 101])
def test_names_of_splits_are_never_paths(digits: Dataset, name: str) -> None:
    """A name that could lead elsewhere is refused, at making and at reading."""
    with pytest.raises(UsageError, match="cannot be the name"):
        splits.make(digits, name, Recipe())
    with pytest.raises(NotFoundError):
        splits.read(digits.root, "digits", name)


def test_repeated_splits_and_folds_by_groups(tmp_path: Path) -> None:
    """Each repeat has a seed of its own; a group is in one fold."""
    columns = {"x": np.arange(60.0), "who": np.repeat(np.arange(12), 5)}
    data = Dataset(tmp_path, add_table(tmp_path, "d", columns).version)
    every = deal_repeated(data, "rep", Recipe(seed=7), 3)
    assert [(one.name, one.seed) for one in every] == [("rep-1", 7), ("rep-2", 8), ("rep-3", 9)]
    assert len({one.digest for one in every}) == 3
    assert deal_repeated(data, "rep", Recipe(seed=7), 3) == every
    with pytest.raises(UsageError, match="draws nothing"):
        deal_repeated(data, "t", Recipe(kind="time", column="x"), 2)
    folded = splits.make(data, "cv", Recipe(kind="folds", count=4, group="who"))
    groups = [set(columns["who"][splits.rows_of(folded, part, data)]) for part in folded.parts]
    assert folded.column == "who" and sum(map(len, groups)) == 12


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (["2026", None, "2027"], "1 rows have no time"),
        (np.array([1.0, np.nan, 2.0]), "1 rows have no time"),
        (["2/1/2026", "1/2/2026", "1/3/2026"], "not that of time: '2/1/2026'"),
        (["2026-01-01T00:00:00Z", "2026-01-01T00:30:00+01:00", "2026-01-02"], "not that of time"),
    ],
)
def test_times_without_an_order_are_refused(times: Any, message: str) -> None:
    """They would leak the future into training, and nobody would see."""
    given = np.array(times, dtype=object) if isinstance(times, list) else times
    with pytest.raises(UsageError, match=message):
        assign.ordered(given, {"train": 0.5, "test": 0.5})


def test_times_as_texts_and_numbers_are_ordered() -> None:
    """Texts of ISO 8601 sort as time does."""
    days = np.array(["2026-01-03", "2026-01-01", "2026-01-02T12:00"], dtype=object)
    for times in (days, np.array([3, 1, 2]), days.astype("datetime64[m]")):
        parts = assign.ordered(times, {"train": 0.67, "test": 0.33})
        assert parts["test"].tolist() == [0]


def test_splits_that_cannot_be_dealt(tmp_path: Path) -> None:
    """No rows, shares that are no numbers, several labels a row: refused in words."""
    tables = [
        {"x": np.empty(0), "y": np.empty(0)},
        {"x": np.arange(10), "y": np.arange(20).reshape(10, 2)},
    ]
    empty, several = (Dataset(tmp_path, add_table(tmp_path, "d", t).version) for t in tables)
    for dataset, recipe, message in (
        (empty, Recipe(kind="stratified"), "has no rows to deal"),
        (several, Recipe(kind="stratified"), "several values a row"),
        (several, Recipe(kind="folds", group="y"), "several values a row"),
        (several, Recipe(shares={"a": float("nan"), "b": 0.5}), "sum to 1"),
    ):
        with pytest.raises(UsageError, match=message):
            splits.make(dataset, "s", recipe)


def test_a_column_that_names_no_parts(tmp_path: Path) -> None:
    """One that tells rows apart is no split; parts by odd names are found by them."""
    table = {"id": np.arange(2_000), "at": ["10:30", "a/b"] * 1_000, "some": ["a", None] * 1_000}
    data = Dataset(tmp_path, add_table(tmp_path, "d", table).version)
    for column, message in (("id", "names 2000 parts"), ("some", "1000 rows name no part")):
        with pytest.raises(UsageError, match=message):
            splits.make(data, "s", Recipe(kind="column", column=column))
    splits.make(data, "times", Recipe(kind="column", column="at"))
    for part in ("10:30", "a/b"):
        assert len(open_reference(tmp_path, f"d:v1:times/{part}")) == 1_000


def test_all_but_one_fold(digits: Dataset) -> None:
    """What a model is fitted to when a fold tests it; nothing of a hold-out is in it."""
    split = splits.make(digits, "cv", Recipe(kind="folds", count=5))
    fold, rest = (open_reference(digits.root, f"digits:cv/{p}") for p in ("fold-2", "~fold-2"))
    assert len(fold) + len(rest) == len(digits) and rest.part == "cv/~fold-2"
    assert not set(fold.ids.tolist()) & set(rest.ids.tolist())
    assert digits.take("~fold-2").ids.tolist() == rest.ids.tolist()
    for part in ("cv/~fold-9", "cv/~"):
        with pytest.raises(NotFoundError, match="has no part"):
            open_reference(digits.root, f"digits:{part}")
    with pytest.raises(NotFoundError, match="has no part"):
        sealed.seal(digits.root, split, "~fold-2")
    sealed.seal(digits.root, split, "fold-1")
    assert (
        len(open_reference(digits.root, "digits:cv/~fold-2"))
        == len(rest) - split.parts["fold-1"].rows
    )
    assert open_reference(digits.root, "digits:cv/~fold-1").has_labels


def test_records_of_a_newer_peira_are_refused(digits: Dataset) -> None:
    """And those that cannot be read are damage; neither is taken for something else."""
    splits.make(digits, "main", Recipe())
    folder = digits.root / "datasets" / "digits"
    for path, ask in (
        (folder / "splits" / "main.json", lambda: splits.read(digits.root, "digits", "main")),
        (folder / "v1.json", lambda: open_dataset(digits.root, "digits")),
    ):
        written = path.read_bytes()
        path.write_bytes(written.replace(b'"format": 1', b'"format": 2'))
        with pytest.raises(UnsupportedError, match="has format 2"):
            ask()
        path.write_bytes(written[:-9])
        with pytest.raises(DamagedError, match="cannot be read"):
            ask()
        path.write_bytes(written)


def test_parts_that_folders_name(tmp_path: Path) -> None:
    """Pictures that lie in train/ and val/ are split so, and keep their own folders as labels."""
    for number, part in enumerate(("train", "train", "val")):
        path = tmp_path / "pets" / part / "cat" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"%d" % number)
    data = Dataset(tmp_path, add_path(tmp_path, "pets", tmp_path / "pets").version)
    made = splits.make(data, "given", Recipe(kind="column", column="folder"))
    assert {name: part.rows for name, part in made.parts.items()} == {"train": 2, "val": 1}
    val = open_reference(tmp_path, "pets:val")
    assert val["path"].tolist() == ["val/cat/2.png"] and val.y.tolist() == ["cat"]


def test_splits_are_listed_as_people_count(digits: Dataset) -> None:
    """The second repeat stands before the tenth."""
    for name in ("rep-10", "rep-2", "a2b", "2", "a10"):
        splits.make(digits, name, Recipe())
    assert splits.names(digits.root, "digits") == ["2", "a10", "a2b", "rep-10", "rep-2"]
    assert splits.listed(digits.root, "digits") == ["2", "a2b", "a10", "rep-2", "rep-10"]

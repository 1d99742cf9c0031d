"""Values as they come: kept exactly, told apart, or refused in words."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peira.core.errors import UsageError
from peira.data import cells, chunks
from peira.data.add import add_table
from peira.data.checks.version import Question, check_version
from peira.data.dataset import Dataset
from peira.data.profile import profile
from peira.data.tables import to_columns
from peira.objects.folder import FolderObjects

reading = FolderObjects.read

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text()
    | st.binary(),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(["float", "bytes", "object", "a"]), inner, max_size=2),
    max_leaves=12,
)  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / ".peira"


def added(root: Path, data: Any) -> Dataset:
    return Dataset(root, add_table(root, "d", data).version)


@given(values=st.lists(VALUES, max_size=5))
def test_values_of_any_kind_come_back(values: list[Any]) -> None:
    """NaN, infinities, bytes and objects that look like their marks are read as written."""
    assert repr(cells.decode(cells.encode(values))) == repr(values)


def test_numbers_of_numpy_inside_of_values_stay_numbers() -> None:
    """Arrays in arrays, as Parquet gives boxes, and NumPy's scalars in lists: never their text."""
    boxes = np.array([np.arange(2_000.0), np.arange(3.0)], dtype=object)
    (found,) = cells.decode(cells.encode([{"boxes": boxes, "score": [np.float32(0.5)]}]))
    assert [len(box) for box in found["boxes"]] == [2_000, 3] and found["score"] == [0.5]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ([[1.0, float("nan")], [2.0]], [[1.0, None], [2.0]]),
        ([[1.0, float("inf")], [2.0]], [[1.0, float("nan")], [2.0]]),
        ([2**53 + 1, None], [2**53, None]),
        ([1, "a"], ["1", "a"]),
        ([b"ab", b"c"], ["ab", "c"]),
        ([b"a\0", b"c"], [b"a", b"c"]),
    ],
)
def test_other_values_are_another_version(root: Path, left: list[Any], right: list[Any]) -> None:
    """Values that differ never share a version, and are read as they were given."""
    first, second = added(root, {"x": left}), added(root, {"x": right})
    assert first.version.content != second.version.content
    assert repr(first["x"].tolist()) == repr(left)


def test_nan_is_one_value(root: Path) -> None:
    """Its bits, which depend on the machine that computed it, make no other version."""
    usual, other = np.array([1.0, np.nan]), np.array([1.0, np.nan])
    other.view(np.uint64)[1] = 0xFFF8_0000_0000_0001
    assert added(root, {"x": usual}).version == added(root, {"x": other}).version


def test_columns_of_the_same_name_are_refused() -> None:
    """One of them would be lost."""
    pandas = pytest.importorskip("pandas")
    for names in (["a", "a"], [1, "1"]):
        with pytest.raises(UsageError, match="Several columns have the name"):
            to_columns(pandas.DataFrame([[1, 2], [3, 4]], columns=names))


def test_what_pandas_misses_is_missing() -> None:
    """Its NA is no text."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"n": [1, None, 3], "s": ["x", None, "z"]}).convert_dtypes()
    found = to_columns(frame)
    assert found["s"].tolist() == ["x", None, "z"] and np.isnan(found["n"][1])


def test_dates_and_small_types_of_all_libraries_are_the_same(root: Path) -> None:
    """Arrow, pandas and lists of Python agree on types, dates and embeddings."""
    pandas, arrow = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    table = {
        "t": [datetime.datetime(2026, 1, 1), datetime.datetime(2026, 1, 2)],
        "d": [datetime.date(2026, 1, 1), None],
        "f": np.array([0.5, 1.5], dtype=np.float32),
        "i": np.array([1, 2], dtype=np.uint8),
    }
    made = [table, pandas.DataFrame(table), arrow.table(table)]
    assert len({added(root, one).version.content for one in made}) == 1
    assert added(root, table)["d"].dtype == "datetime64[D]"
    vectors = [[0.5, 1.0], [2.0, 3.0]]
    found = to_columns(arrow.table({"x": vectors}))
    assert found["x"].shape == (2, 2) and found["x"].tolist() == vectors


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"x": 5}, "single value"),
        ({"x": np.array(5)}, "single value"),
        ({"x": ["\ud800"]}, "surrogates"),
        ({"x": np.array([b"\xff"])}, "no text"),
        ({"x": np.array([1], dtype=np.longdouble)}, "other machines do not have"),
    ],
)
def test_values_that_cannot_be_kept_are_refused(root: Path, data: Any, message: str) -> None:
    """In words, whatever is wrong."""
    with pytest.raises(UsageError, match=message):
        added(root, data)


def test_no_rows_have_a_profile(root: Path) -> None:
    """A table without rows can be added, read and profiled."""
    empty = added(root, {"x": np.empty((0, 3)), "y": np.empty(0)})
    assert len(empty) == 0 and empty.X.shape == (0, 3) and profile(empty).rows == 0
    with pytest.raises(UsageError, match="no rows to look at"):
        check_version(root, empty.version, Question())


def test_long_texts_beside_short_ones_cost_little() -> None:
    """A list of texts does not become an array in which each has the room of the longest."""
    found = to_columns({"text": ["x" * 10_000_000, *["short"] * 10_000]})["text"]
    assert found.dtype == object and found[1] == "short"


def test_large_rows_make_small_chunks(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To look at one row, not hundreds of megabytes are read; small rows stay together."""
    assert 1 << 20 <= chunks.CHUNK_BYTES <= 1 << 26
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 1 << 16)
    rows = np.arange(300)
    large = added(root, {"X": np.repeat(rows[:, None], 400, axis=1)})  # 3,200 bytes each
    texts = added(root, {"text": [f"{row} " * 1_000 for row in rows]})
    for found in (large, texts):
        counts = [piece.count for piece in found.manifest.chunks]
        assert sum(counts) == 300 and max(counts) <= 64 and len(counts) > 4
    assert large.X[:, 399].tolist() == rows.tolist() and texts["text"][299].startswith("299 299")
    assert [p.count for p in added(root, {"x": rows[:15]}).manifest.chunks] == [15]


def test_some_rows_are_read_from_their_chunks(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of a large table costs a page; sealed labels are in none."""
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 1 << 9)
    data = added(root, {"x": np.arange(2_000), "y": [str(n % 7) for n in range(2_000)]})
    assert len(data.manifest.chunks) > 20
    for places in ([0], [1_999, 3, 700, 3], list(range(90, 400)), []):
        fresh = Dataset(root, data.version)
        found = fresh.at(np.array(places, dtype=np.intp))
        assert found["x"].tolist() == places and "columns" not in fresh.__dict__
        assert found["y"].tolist() == [str(n % 7) for n in places]
    read: list[str] = []
    monkeypatch.setattr(
        FolderObjects, "read", lambda self, digest: read.append(digest) or reading(self, digest)
    )
    part = Dataset(root, data.version).only(np.arange(500, 600), "s/test", hidden=["y"])
    assert part.at(np.array([7, 8]))["x"].tolist() == [507, 508]
    assert "y" not in part.at(np.array([7])) and len(read) <= 2 + 3  # of a hundred


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ({"t": np.array(["2026-01-01", "NaT"], dtype="datetime64[D]")}, "column 't'"),
        ({"image": np.zeros((2, 3, 3))}, "column 'image'"),
    ],
)
def test_columns_that_make_no_table_of_inputs(
    root: Path, column: dict[str, Any], message: str
) -> None:
    """They are named, and how to have them."""
    data = added(root, column | {"n": [1, 2], "y": [0, 1]})
    with pytest.raises(UsageError, match=message):
        _ = data.X
    with pytest.raises(UsageError, match="no column but the label"):
        _ = added(root, {"y": [0, 1]}).X
    assert added(root, {"image": np.zeros((2, 3, 3)), "y": [0, 1]}).X.shape == (2, 3, 3)
    assert added(root, {"n": [1, 2], "y": [0, 1]}).X.shape == (2, 1)

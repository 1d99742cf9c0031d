"""Content under version: identity, numbers, what comes back, damage."""

from __future__ import annotations

import multiprocessing
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from peira.core.errors import AmbiguousError, DamagedError, NotFoundError, UsageError
from peira.data import catalog, chunks
from peira.data.add import add_path, add_table
from peira.data.catalog import Catalog
from peira.data.dataset import open_dataset
from peira.data.rows import pack_ids, row_ids, unpack_ids
from peira.data.tables import to_columns
from peira.lab.gc import collect
from peira.lab.lab import Lab
from peira.objects.folder import FolderObjects
from tests.data_versions.claiming import claim


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / ".peira"


def stored_bytes(root: Path) -> int:
    return sum(p.stat().st_size for p in (root / "objects").rglob("*") if p.is_file())


def test_a_table_comes_back_as_it_was(root: Path) -> None:
    """Arrays of numbers and of texts, missing values too, are read as they were added."""
    digits = load_digits()
    names = np.array([None if n % 7 == 0 else f"ünï {n}" for n in range(1_797)], dtype=object)
    added = add_table(root, "digits", {"X": digits.data, "y": digits.target, "name": names})
    assert added.is_new and added.version.ref == "digits:v1"
    found = open_dataset(root, "digits")
    assert np.array_equal(found.X, digits.data) and found.X.dtype == digits.data.dtype
    assert np.array_equal(found.y, digits.target) and found.label == "y"
    assert found["name"].tolist() == names.tolist()
    assert len(found) == 1_797 and len(set(found.ids.tolist())) == 1_797


def test_the_same_content_is_the_same_version(root: Path) -> None:
    """Added again, under this name or another, it keeps number and identity."""
    data = {"x": np.arange(10), "y": np.arange(10) % 2}
    first = add_table(root, "a", data)
    again = add_table(root, "a", dict(reversed(data.items())) and data)
    other = add_table(root, "b", data)
    assert not again.is_new and again.version == first.version
    assert other.is_new and other.version.content == first.version.content
    assert other.version.ref == "b:v1"


def test_what_is_there_is_not_written_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script may put its data under version in each run: its rows are hashed, not packed. What
    was lost of it is written."""
    data = {"x": np.arange(10), "y": np.arange(10) % 2}
    first = add_table(root, "d", data).version
    packed, encode = [], chunks._encode
    monkeypatch.setattr(chunks, "_encode", lambda *given: packed.append(given) or encode(*given))
    assert add_table(root, "d", data).version == first and not packed
    objects = FolderObjects(root / "objects")
    objects.delete(open_dataset(root, "d").manifest.chunks[0].object)
    assert add_table(root, "d", data).version == first and len(packed) == 1
    assert open_dataset(root, "d")["x"].tolist() == list(range(10))


def test_a_few_more_rows_cost_little(root: Path) -> None:
    """A version with 1 % more rows stores about a chunk more, not everything again."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (60_000, 64), dtype=np.uint8)
    add_table(root, "big", {"X": x})
    before = stored_bytes(root)
    more = rng.integers(0, 256, (600, 64), dtype=np.uint8)
    add_table(root, "big", {"X": np.vstack([x, more])})
    # The last chunk is written again, and the list of ids, which is 16 bytes a row.
    assert stored_bytes(root) - before < 0.25 * before + 60_600 * 16


@given(values=st.lists(st.integers(0, 3), min_size=1, max_size=30), data=st.data())
def test_ids_survive_another_order(values: list[int], data: st.DataObject) -> None:
    """Rows in another order have the same ids; equal rows are told apart by their number."""
    table = np.array(values)
    order = data.draw(st.permutations(range(len(values))))
    ids, moved = row_ids({"x": table}), row_ids({"x": table[order]})
    assert len(set(ids.tolist())) == len(values)
    assert sorted(ids.tolist()) == sorted(moved.tolist())
    assert unpack_ids(pack_ids(ids)).tolist() == ids.tolist()


def test_a_folder_costs_what_is_new(root: Path, tmp_path: Path) -> None:
    """Of a folder with 1 % new files only these are stored; the files come back as they were."""
    folder = tmp_path / "files"
    for n in range(500):
        path = folder / f"{n % 10}" / f"{n}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"{n}".encode() * 300)
    first = add_path(root, "files", folder)
    before = stored_bytes(root)
    for n in range(5):
        (folder / "0" / f"new-{n}.bin").write_bytes(f"new {n}".encode() * 200)
    second = add_path(root, "files", folder)
    assert (first.version.number, second.version.number) == (1, 2)
    listing = 505 * 100  # a page of paths and digests is written again
    assert stored_bytes(root) - before < 5 * 1_400 + listing
    back = open_dataset(root, "files:v2").path()
    for source in (p for p in folder.rglob("*") if p.is_file()):
        assert (back / source.relative_to(folder)).read_bytes() == source.read_bytes()


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_tables_in_files_are_read(root: Path, tmp_path: Path, kind: str) -> None:
    """A file of a table has columns and ids by content, whatever the type of the file."""
    import duckdb

    path = tmp_path / f"table.{kind}"
    sql = "SELECT i AS x, 'n' || i AS name, i % 2 AS y FROM range(50) t(i)"
    option = {"csv": "HEADER", "parquet": "FORMAT parquet", "jsonl": "FORMAT json"}[kind]
    duckdb.sql(f"COPY ({sql}) TO '{path}' ({option})")
    add_path(root, "t", path)
    found = open_dataset(root, "t")
    assert found.label == "y" and found["x"].tolist() == list(range(50))
    assert found["name"][3] == "n3" and len(found.ids) == 50


def test_damage_is_found_on_read(root: Path) -> None:
    """A flipped bit in a stored chunk is an error with both digests, never other data."""
    add_table(root, "d", {"x": np.arange(1_000)})
    dataset = open_dataset(root, "d")
    path = dataset.objects.path(dataset.manifest.chunks[0].object)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)
    with pytest.raises(DamagedError, match="damaged"):
        _ = dataset.X


def test_a_reference_is_checked_on_use(root: Path, tmp_path: Path) -> None:
    """Bytes that stay outside are not copied; a change of them is an error that says so."""
    file = tmp_path / "data.csv"
    file.write_text("x,y\n1,0\n2,1\n")
    add_path(root, "r", file, is_reference=True)
    assert open_dataset(root, "r")["x"].tolist() == [1, 2]
    file.write_text("x,y\n1,0\n3,1\n")
    with pytest.raises(DamagedError, match="changed since it was added"):
        _ = open_dataset(root, "r")["x"]


def test_garbage_collection_spares_versions(root: Path, tmp_path: Path) -> None:
    """Everything that a version names stays: its manifest, pages, files, chunks and ids."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.txt").write_text("a")
    add_path(root, "files", tmp_path / "files")
    add_table(root, "table", {"x": np.arange(100)})
    stored = FolderObjects(root / "objects")
    stray = stored.put_bytes(b"nobody names this")
    lab = Lab(root)
    gone = collect(lab.root, lab.journal, lab.objects, grace_s=-1)
    assert gone.objects == 1 and not stored.exists(stray.digest)
    assert (open_dataset(root, "files").path() / "a.txt").read_text() == "a"
    assert len(open_dataset(root, "table")["x"]) == 100
    lab.close()


def test_numbers_are_given_once(root: Path) -> None:
    """Processes that add at the same time get different numbers, without a gap."""
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=claim, args=(root, n + 1)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [v.number for v in Catalog(root).versions("race")] == [1, 2, 3, 4]


def test_names_aliases_and_removal(root: Path) -> None:
    """A version is found by number, alias, content and as the latest; a removed one is not."""
    known = Catalog(root)
    first = add_table(root, "d", {"x": np.arange(3)}).version
    second = add_table(root, "d", {"x": np.arange(4)}).version
    known.set_alias(first, "prod")
    assert known.find("d:prod") == known.find("d:v1") == known.find("d:1") == first
    assert known.find("d") == known.find("d:latest") == second
    assert known.find(first.content[:12]) == first
    known.remove(second)
    assert known.find("d") == first
    with pytest.raises(NotFoundError, match="no version or alias `v2`"):
        known.find("d:v2")
    assert add_table(root, "d", {"x": np.arange(4)}).version.number == 2
    assert known.find("d:v2") == second
    with pytest.raises(UsageError, match="cannot be an alias"):
        known.set_alias(first, "v7")


def test_a_digest_that_means_several_versions(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its start is no name for one of them; under two names it is one content."""
    first = add_table(root, "a", {"x": np.arange(3)}).version
    add_table(root, "b", {"x": np.arange(3)})
    assert Catalog(root).find(first.content[:8]).content == first.content
    monkeypatch.setattr(catalog, "_CONTENT", re.compile(r"[0-9a-f]{1,64}\Z"))
    for rows in range(4, 40):  # 16 beginnings of one digit for 37 contents
        add_table(root, "c", {"x": np.arange(rows)})
    with pytest.raises(AmbiguousError, match="Several versions"):
        for digit in "0123456789abcdef":
            Catalog(root).find(digit)


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".peira", "a\0b", "x" * 101])
def test_names_are_never_paths(root: Path, name: str) -> None:
    """A name that could lead elsewhere is refused, and nothing is written."""
    with pytest.raises(UsageError, match="cannot be the name"):
        add_table(root, name, {"x": np.arange(3)})
    assert not (root / "datasets").exists()


def test_frames_and_pairs_become_columns() -> None:
    """(X, y), one array, and columns with missing numbers are understood."""
    assert list(to_columns((np.ones((2, 3)), [0, 1]))) == ["X", "y"]
    assert list(to_columns(np.ones(3))) == ["X"]
    rows = to_columns([{"a": 1, "b": "x"}, {"a": 2}])
    assert rows["a"].tolist() == [1, 2] and rows["b"].tolist() == ["x", None]
    found = to_columns({"a": [1, None, 3], "b": ["x", None, "z"]})
    assert found["a"].dtype == np.float64 and np.isnan(found["a"][1])
    assert found["b"].tolist() == ["x", None, "z"]
    with pytest.raises(UsageError, match="cannot be added"):
        to_columns(7)

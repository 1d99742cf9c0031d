"""Rows of a hold-out in later versions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from peira.cli.app import app
from peira.core.errors import NotFoundError, UsageError
from peira.data import sealed, splits
from peira.data.add import add_table
from peira.data.dataset import open_dataset
from peira.data.deal import deal, deal_repeated
from peira.data.reference import count_rows, open_reference
from peira.data.sealed import Seal
from peira.data.splits import Recipe
from peira.data.transform import derive
from peira.run import init


def _sales(prices: np.ndarray, **more: np.ndarray) -> dict[str, np.ndarray]:
    area = np.arange(len(prices)) * 1.5
    return {"area": area, "rooms": np.arange(len(prices)) % 4, "price": prices, **more}


def test_another_label_column_opens_no_sealed_one(tmp_path: Path) -> None:
    """The same table with another label is a new version; what was sealed stays so in it. Where the
    label was named by mistake, the first version loses no input.
    """
    add_table(tmp_path, "sales", _sales(np.arange(40.0)), label="price")
    split = splits.make(open_dataset(tmp_path, "sales"), "main", Recipe())
    sealed.seal(tmp_path, split, "test")
    add_table(tmp_path, "sales", _sales(np.arange(40.0)), label="rooms")
    assert set(open_reference(tmp_path, "sales:v1:test").columns) == {"area", "rooms"}
    assert set(open_reference(tmp_path, "sales:v2:test").columns) == {"area"}
    assert "price" in open_reference(tmp_path, "sales:v2:train").columns


def test_edited_rows_stay_sealed(tmp_path: Path) -> None:
    """A sealed row with a corrected label, or in a table with a column more, has a new id; its
    inputs tell it. The same holds for what is made from it, and for a copy under another name.
    """
    prices = np.arange(40.0)
    add_table(tmp_path, "sales", _sales(prices), label="price")
    split = splits.make(open_dataset(tmp_path, "sales"), "main", Recipe())
    sealed.seal(tmp_path, split, "test")
    first = splits.rows_of(split, "test", open_dataset(tmp_path, "sales"))
    mended = prices.copy()
    mended[first[0]] = 99.0
    add_table(tmp_path, "sales", _sales(mended), label="price")
    add_table(tmp_path, "copy", _sales(mended), label="price")
    wide = add_table(tmp_path, "sales", _sales(mended, day=np.arange(40)), label="price")
    derive(open_dataset(tmp_path, "sales:v2"), lambda d: {**d.columns, "area": d["area"] / 9}, {},
           name="scaled")  # fmt: skip
    for name in ("sales:v2", "copy", wide.version.ref, "scaled"):
        seen = open_reference(tmp_path, name)
        assert len(seen) == 32 and 99.0 not in seen["price"], name
        assert not np.isin(seen["price"], prices[first]).any(), name
    sealed.unseal(tmp_path, split, "test", "the paper is out")
    assert len(open_reference(tmp_path, "sales:v2")) == 40


def test_sealed_rows_are_dealt_to_no_other_split(tmp_path: Path) -> None:
    """A later split is dealt over what is left, so that its parts have their shares; made again in
    the same way, each split is the one that is there.
    """
    add_table(tmp_path, "sales", _sales(np.arange(100.0)), label="price")
    whole = open_dataset(tmp_path, "sales")
    main = deal(whole, "main", Recipe(), hold_out="test")
    later = deal(whole, "later", Recipe())
    assert {part: found.rows for part, found in later.parts.items()} == {"train": 64, "test": 16}
    seen = [len(open_reference(tmp_path, f"sales:later/{part}")) for part in ("train", "test")]
    assert seen == [64, 16]
    assert deal(whole, "main", Recipe(), hold_out="test") == main
    assert [one.name for one in deal_repeated(whole, "rep", Recipe(seed=3), 2)] == [
        "rep-1",
        "rep-2",
    ]
    assert deal(whole, "later", Recipe()) == later
    with pytest.raises(UsageError, match="another split `later`"):
        deal(whole, "later", Recipe(seed=1))


def test_made_again_a_seal_stays_as_it_is(tmp_path: Path) -> None:
    """The command that made the split may be repeated after the seal became strict."""
    add_table(tmp_path, "sales", _sales(np.arange(100.0)), label="price")
    whole = open_dataset(tmp_path, "sales")
    main = deal(whole, "main", Recipe(), hold_out="test")
    sealed.seal(tmp_path, main, "test", Seal(budget=3, is_strict=True))
    deal(whole, "main", Recipe(), hold_out="test")
    assert sealed.seal_of(tmp_path, main, "test") == Seal(budget=3, is_strict=True)


def test_what_cannot_be_sealed_makes_no_split(tmp_path: Path) -> None:
    """A split never changes, so one that was meant to have a hold-out is not made without."""
    add_table(tmp_path, "sales", _sales(np.arange(20.0)), label="price")
    whole = open_dataset(tmp_path, "sales")
    with pytest.raises(NotFoundError, match="has no part `nosuch`"):
        deal(whole, "main", Recipe(), hold_out="nosuch")
    add_table(tmp_path, "bare", {"x": np.arange(20.0)})
    with pytest.raises(UsageError, match="no label column"):
        deal(open_dataset(tmp_path, "bare"), "main", Recipe(), hold_out="test")
    assert splits.names(tmp_path, "sales") == splits.names(tmp_path, "bare") == []


def test_rows_that_were_sealed_later_are_counted(tmp_path: Path) -> None:
    """A split that was made before another one was sealed loses rows; it says how many."""
    add_table(tmp_path, "sales", _sales(np.arange(100.0)), label="price")
    whole = open_dataset(tmp_path, "sales")
    old = deal(whole, "old", Recipe())
    deal(whole, "main", Recipe(shares={"train": 0.9, "test": 0.1}), hold_out="test")
    assert count_rows(whole, [old]) == [{"train": (80, 0), "test": (10, 10)}]
    part = open_reference(tmp_path, "sales:old/test")
    assert repr(part) == "<Dataset sales:v1 old/test: 10 rows, table, 10 more are sealed>"
    assert open_reference(tmp_path, "sales").withheld == 10


def test_rows_that_are_left_out_are_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the run that uses the rest, and by the export, which names the columns that it lacks."""
    monkeypatch.setenv("PEIRA_QUIET", "0")
    root = tmp_path / ".peira"
    add_table(root, "sales", _sales(np.arange(20.0)), label="price")
    deal(open_dataset(root, "sales"), "main", Recipe(), hold_out="test")
    with init("p", lab=tmp_path, console=False, monitor=False) as run:
        assert len(run.use("sales")) == 16 and len(run.use("sales:train")) == 16
    told = capfd.readouterr().err
    assert told.count("in a sealed hold-out") == 1
    assert "sales is 16 rows: 4 more are in a sealed hold-out, and given to nobody." in told
    output = str(tmp_path / "all.csv")
    place = ["--lab", str(root), "data", "export"]
    told = CliRunner().invoke(app, [*place, "sales", "-o", output]).output
    assert f"wrote sales:v1 to {output}, 16 rows; 4 more are sealed" in told
    output = str(tmp_path / "test.csv")
    told = CliRunner().invoke(app, [*place, "sales:test", "-o", output]).output
    assert f"wrote sales:v1:main/test to {output}, 4 rows, without price: sealed" in told

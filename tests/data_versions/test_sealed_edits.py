"""Rows of a hold-out in later versions."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from peira.data import sealed, splits
from peira.data.add import add_table
from peira.data.dataset import open_dataset
from peira.data.reference import open_reference
from peira.data.splits import Recipe
from peira.data.transform import derive


def _sales(prices: np.ndarray, **more: np.ndarray) -> dict[str, np.ndarray]:
    area = np.arange(len(prices)) * 1.5
    return {"area": area, "rooms": np.arange(len(prices)) % 4, "price": prices, **more}


def test_another_label_column_opens_no_sealed_one(tmp_path: Path) -> None:
    """The same table with another label is a new version; what was sealed stays so in it."""
    add_table(tmp_path, "sales", _sales(np.arange(40.0)), label="price")
    split = splits.make(open_dataset(tmp_path, "sales"), "main", Recipe())
    sealed.seal(tmp_path, split, "test")
    add_table(tmp_path, "sales", _sales(np.arange(40.0)), label="rooms")
    for name in ("sales:v1:test", "sales:v2:test"):
        assert set(open_reference(tmp_path, name).columns) <= {"area", "rooms"}
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

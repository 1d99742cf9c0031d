"""Rows as pictures: the range of values that they are drawn by."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from peira.data.add import add_table
from peira.data.dataset import Dataset, open_dataset
from peira.data.look import range_of
from peira.server.pictures import picture_of_row

PIXELS = load_digits().data
SPREAD = np.where(PIXELS.std(axis=0) > 0, PIXELS.std(axis=0), 1)


def seen(dataset: Dataset, row: int) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture_of_row(dataset, row))).convert("L"))


def test_standardised_pictures_are_not_black(tmp_path: Path) -> None:
    """A pixel that is seldom set is 40 deviations away: each place is drawn in its own range, so
    that the digit is seen again; its rows have the brightness of the original.
    """
    tables = {"raw": PIXELS, "standard": (PIXELS - PIXELS.mean(axis=0)) / SPREAD}
    shown = {}
    for name, values in tables.items():
        add_table(tmp_path, name, {"X": values})
        shown[name] = seen(open_dataset(tmp_path, name), 0)
    assert shown["standard"].max() > 200
    assert np.corrcoef(shown["raw"].ravel(), shown["standard"].ravel())[0, 1] > 0.95


@pytest.mark.parametrize(
    "values", [PIXELS, PIXELS / 16, PIXELS - 8, (PIXELS - PIXELS.mean()) / PIXELS.std()]
)
def test_all_places_have_one_range(values: np.ndarray) -> None:
    """Whatever is done to all pixels alike: a pixel that is always dark stays dark."""
    assert range_of(values) == (values.min(), values.max())


def test_values_that_are_not_finite_hide_nothing(tmp_path: Path) -> None:
    """One NaN in a column does not make all pictures black, and is dark itself."""
    values = PIXELS[:30] - 8
    values[3, 0] = np.nan
    values[3, 1] = np.inf
    add_table(tmp_path, "holes", {"X": values})
    dataset = open_dataset(tmp_path, "holes")
    assert seen(dataset, 0).max() > 200
    assert seen(dataset, 3)[0, 0] == 0 and seen(dataset, 3)[0, 1] == 255

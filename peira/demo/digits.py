"""The data: scikit-learn's digits, 1,797 images of 8 x 8 pixels with values 0 to 16, under version.

digits:baseline             the raw values, by ada
digits:zero-pixels-removed  without the pixels that never change in training, by grace
digits:normalised           mean 0 and deviation 1 in each pixel of the training images, by alan

One split deals the rows of all three: `train`, `val`, and `test`, which is sealed. A seed decides
which nine tenths of the training images a run learns from, and in which order.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

if TYPE_CHECKING:
    from peira.data.dataset import Dataset
    from peira.run import Run

Array = np.ndarray[Any, Any]

DATASET = "digits"
SPLIT = "main"
TEST = "test"
CLASSES = np.arange(10)
LEARNED_SHARE = 0.9
_SHARES = {"train": 0.64, "val": 0.16, TEST: 0.2}


class Digits(msgspec.Struct, frozen=True, kw_only=True):
    """One version of the data, split. `x_*` are (samples, pixels), `y_*` int64. The labels of the
    test images are sealed.
    """

    x_train: Array
    y_train: Array
    x_val: Array
    y_val: Array
    val_images: Array
    """The validation images as they were written, (samples, 8, 8), 0 to 16."""
    x_test: Array
    pixels: Array
    """Which of the 64 pixels the columns of `x_*` are."""


def zero_pixels_removed(digits: Dataset) -> dict[str, Array]:
    """Leave out the pixels that have one value in all training images."""
    train = digits.take("train").X
    changes = train.max(axis=0) > train.min(axis=0)
    return {"X": digits.X[:, changes], "y": digits.y, "ink": digits["ink"]}


def normalised(digits: Dataset) -> dict[str, Array]:
    """Give each pixel mean 0 and deviation 1 over the training images."""
    train = digits.take("train").X
    deviation = train.std(axis=0)
    spread = np.where(deviation > 0, deviation, 1)
    return {"X": (digits.X - train.mean(axis=0)) / spread, "y": digits.y, "ink": digits["ink"]}


def prepare(root: Path) -> None:
    """Put the three versions and the split into the lab at `root`, each in the name of its owner;
    what is there already stays as it is.
    """
    from sklearn.datasets import load_digits

    from peira.data import sealed, splits
    from peira.data.add import Facts, add_table
    from peira.data.catalog import Catalog
    from peira.data.dataset import Dataset
    from peira.data.splits import Recipe
    from peira.data.transform import derive

    os.environ["PEIRA_USER"] = "ada"
    data = load_digits()
    table = {"X": data.data.astype(np.uint8), "y": data.target, "ink": data.data.mean(axis=1)}
    facts = Facts(source="sklearn.datasets.load_digits", note="Handwritten digits of 13 people.")
    version = add_table(root, DATASET, table, label="y", facts=facts).version
    baseline = Dataset(root, version)
    catalog = Catalog(root)
    if "baseline" not in catalog.aliases(DATASET):
        catalog.set_alias(version, "baseline")
    split = splits.make(baseline, SPLIT, Recipe(kind="stratified", shares=_SHARES))
    if not sealed.was_sealed(root, split, TEST):
        sealed.seal(root, split, TEST)
    for alias, function, owner in (
        ("zero-pixels-removed", zero_pixels_removed, "grace"),
        ("normalised", normalised, "alan"),
    ):
        if alias not in catalog.aliases(DATASET):
            os.environ["PEIRA_USER"] = owner
            catalog.set_alias(derive(baseline, function, {}).version, alias)


def load(run: Run, version: str, seed: int) -> Digits:
    """Return a version of the data for a run, which records its use."""
    from peira.data.dataset import open_dataset

    train, val, test = (run.use(f"{DATASET}:{version}:{SPLIT}/{p}") for p in _SHARES)
    learned = np.random.default_rng(seed).permutation(len(train))
    learned = learned[: round(LEARNED_SHARE * len(train))]
    baseline = open_dataset(train.root, f"{DATASET}:baseline")  # to look at: the run learns nothing
    pixels = np.arange(baseline.X.shape[1])
    if train.X.shape[1] < len(pixels):
        whole = baseline.take("train").X
        pixels = np.flatnonzero(whole.max(axis=0) > whole.min(axis=0))
    return Digits(
        x_train=train.X[learned].astype(float),
        y_train=train.y[learned],
        x_val=val.X.astype(float),
        y_val=val.y,
        val_images=baseline.take("val").X.reshape(-1, 8, 8),
        x_test=test.X.astype(float),
        pixels=pixels,
    )

"""The data: scikit-learn's digits, 1,797 images of 8 x 8 pixels with values 0 to 16, in three
versions.

The test set is drawn once and is the same for every run. The rest is split into training and
validation by the seed.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

Array = np.ndarray[Any, Any]

CLASSES = np.arange(10)
TEST_SAMPLES = 360
VALIDATION_SAMPLES = 288
_TEST_SEED = 0


class Digits(msgspec.Struct, frozen=True, kw_only=True):
    """One version of the data, split. `x_*` are float64 (samples, pixels), `y_*` int64."""

    x_train: Array
    y_train: Array
    x_val: Array
    y_val: Array
    x_test: Array
    y_test: Array
    test_images: Array
    """The test images as they were written, (samples, 8, 8), 0 to 16."""
    pixels: Array
    """Which of the 64 pixels the columns of `x_*` are."""


def digits(version: str, seed: int) -> Digits:
    """Return a version of the data, split by `seed`.

    The versions: `baseline` is the raw values; `zero-pixels-removed` is without the pixels that are
    zero in every training image; `normalised` has mean 0 and standard deviation 1 in each pixel of
    the training set.
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    data = load_digits()
    rest, test = train_test_split(
        np.arange(len(data.target)),
        test_size=TEST_SAMPLES,
        stratify=data.target,
        random_state=_TEST_SEED,
    )
    train, val = train_test_split(
        rest, test_size=VALIDATION_SAMPLES, stratify=data.target[rest], random_state=seed
    )
    x = data.data
    pixels = np.arange(x.shape[1])
    if version == "zero-pixels-removed":
        pixels = np.flatnonzero(x[train].any(axis=0))
        x = x[:, pixels]
    elif version == "normalised":
        spread = x[train].std(axis=0)
        x = (x - x[train].mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    elif version != "baseline":
        raise ValueError(f"no version {version!r} of the digits")
    return Digits(
        x_train=x[train],
        y_train=data.target[train],
        x_val=x[val],
        y_val=data.target[val],
        x_test=x[test],
        y_test=data.target[test],
        test_images=data.images[test],
        pixels=pixels,
    )

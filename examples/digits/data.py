"""Writes the images to a file that `peira data add` takes.

python data.py            scikit-learn's 1,797 digits of 8 x 8 pixels, nothing is downloaded
python data.py --mnist    MNIST, 70,000 digits of 28 x 28 pixels, from openml.org (about 15 MB)
"""

import sys

import numpy as np


def digits():
    from sklearn.datasets import load_digits

    return load_digits(return_X_y=True)


def mnist():
    from sklearn.datasets import fetch_openml

    try:
        x, y = fetch_openml("mnist_784", version=1, as_frame=False, return_X_y=True)
    except OSError as error:
        sys.exit(f"MNIST cannot be downloaded from openml.org: {error}. Without --mnist it works.")
    return x, y.astype(int)


x, y = mnist() if "--mnist" in sys.argv else digits()
# The ink of an image, its mean grey value, is a column to look at results by.
np.savez_compressed("digits.npz", X=x.astype("uint8"), y=y, ink=x.mean(axis=1))
print(f"digits.npz: {len(x)} images of {x.shape[1]} pixels")

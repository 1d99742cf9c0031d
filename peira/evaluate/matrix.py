"""The confusion matrix of an evaluation, and the per-class numbers that follow from it."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from peira.evaluate.samples import Results
from peira.evaluate.seriation import seriate

Order = Literal["label", "confusion"]


class ClassRow(msgspec.Struct, frozen=True, kw_only=True):
    """One class. A number that is not defined (nothing was predicted, or none occurs) is None."""

    label: str
    support: int
    """Examples that are of the class."""
    predicted: int
    """Examples that were taken for it."""
    right: int
    precision: float | None
    recall: float | None
    f1: float | None


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of examples: `counts[i, j]` are of class `classes[i]` and were taken for
    `classes[j]`.
    """

    classes: list[str]
    counts: NDArray[np.int64]

    def per_class(self) -> list[ClassRow]:
        """Return the numbers of each class, in the order of the matrix."""
        rows, columns = self.counts.sum(axis=1), self.counts.sum(axis=0)
        right = np.diag(self.counts)
        return [
            ClassRow(
                label=label,
                support=int(rows[i]),
                predicted=int(columns[i]),
                right=int(right[i]),
                precision=_share(right[i], columns[i]),
                recall=_share(right[i], rows[i]),
                f1=_share(2 * right[i], rows[i] + columns[i]),
            )
            for i, label in enumerate(self.classes)
        ]

    def ordered(self, order: Order) -> Matrix:
        """Return the matrix in another order: by label, or with classes that are taken for each
        other side by side.

        The latter is the spectral order of the graph of confusions (`seriation.py`); classes that
        are never confused come last.
        """
        if order == "label":
            place = sorted(range(len(self.classes)), key=lambda i: _natural(self.classes[i]))
        else:
            place = [int(i) for i in seriate(self.counts + self.counts.T)]
        return Matrix(
            classes=[self.classes[i] for i in place], counts=self.counts[np.ix_(place, place)]
        )

    def minus(self, other: Matrix) -> Matrix:
        """Return the difference of two matrices over the classes of both.

        >>> a = Matrix(classes=["x"], counts=np.array([[3]]))
        >>> b = Matrix(classes=["x", "y"], counts=np.array([[1, 1], [0, 0]]))
        >>> a.minus(b).counts.tolist()
        [[2, -1], [0, 0]]
        """
        classes = list(dict.fromkeys([*self.classes, *other.classes]))
        return Matrix(classes=classes, counts=_spread(self, classes) - _spread(other, classes))


def confusion(results: Results, classes: list[str]) -> Matrix:
    """Return the confusion matrix of per-sample results.

    Args:
        classes: in the order of the matrix; labels that are not among them come after.
    """
    seen = dict.fromkeys([*results["true"].tolist(), *results["predicted"].tolist()])
    known = list(dict.fromkeys([*classes, *seen]))
    place = {label: i for i, label in enumerate(known)}
    true = np.array([place[label] for label in results["true"].tolist()], dtype=np.int64)
    given = np.array([place[label] for label in results["predicted"].tolist()], dtype=np.int64)
    flat = np.bincount(true * len(known) + given, minlength=len(known) ** 2)
    return Matrix(classes=known, counts=flat.reshape(len(known), len(known)))


def _share(part: np.int64, whole: np.int64) -> float | None:
    return float(part / whole) if whole else None


def _spread(matrix: Matrix, classes: list[str]) -> NDArray[np.int64]:
    place = [classes.index(label) for label in matrix.classes]
    wide = np.zeros((len(classes), len(classes)), dtype=np.int64)
    wide[np.ix_(place, place)] = matrix.counts
    return wide


def _natural(label: str) -> tuple[bool, float, str]:
    """Numbers by value, before texts by letter."""
    try:
        return False, float(label), label
    except ValueError:
        return True, 0.0, label

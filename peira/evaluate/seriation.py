"""An order in which what is near together stands side by side: spectral seriation.

The order is that of the second eigenvector (Fiedler) of the normalised Laplacian of a graph. It
exists for each connected part of the graph; parts stand one after the other, the largest first, and
what is connected to nothing comes last. Only that one vector is computed, by the Lanczos iteration
on the inverse, with full reorthogonalisation. Source: Atkins, Boman and Hendrickson 1998, "A
spectral algorithm for seriation and the consecutive ones problem"; Golub and Van Loan, "Matrix
computations", 10.1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

_TOLERANCE = 1e-8
_STEPS = 20
"""So many steps have room at first; how good the vector is, is looked at ever more rarely."""

Vector = NDArray[np.float64]


def seriate(near: NDArray[Any]) -> NDArray[np.intp]:
    """Return an order of the rows of a symmetric matrix of nearness, 0 for nothing in common.

    >>> path = np.diag([1.0, 1, 1], 1)  # 0 - 1 - 2 - 3
    >>> mixed = (path + path.T)[np.ix_([2, 0, 3, 1], [2, 0, 3, 1])]
    >>> [int(i) for i in np.array([2, 0, 3, 1])[seriate(mixed)]] in ([0, 1, 2, 3], [3, 2, 1, 0])
    True
    """
    rows, columns = np.nonzero(near)
    kept = rows != columns
    rows, columns = rows[kept], columns[kept]
    values = near[rows, columns].astype(float)
    part = _parts(len(near), rows, columns)
    names, sizes = np.unique(part, return_counts=True)
    ordered = []
    for name in names[np.argsort(-sizes, kind="stable")].tolist():
        own = np.flatnonzero(part == name)
        if len(own) > 2:
            place = np.zeros(len(near), dtype=np.intp)
            place[own] = np.arange(len(own))
            inside = part[rows] == name
            along = _along(place[rows[inside]], place[columns[inside]], values[inside], len(own))
            own = own[np.argsort(along, kind="stable")]
        ordered.append(own)
    return np.concatenate(ordered) if ordered else np.empty(0, dtype=np.intp)


def _parts(count: int, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return, for each node, the least node that it is connected to."""
    part: NDArray[np.intp] = np.arange(count, dtype=np.intp)
    while True:
        least = part.copy()
        np.minimum.at(least, rows, part[columns])
        least = least[least]  # what a neighbour knows, too: few rounds, however long the paths
        if (least == part).all():
            return part
        part = least


def _along(rows: NDArray[np.intp], columns: NDArray[np.intp], values: Vector, count: int) -> Vector:
    """Return the place of each node of a connected graph along its second eigenvector."""
    degree = np.zeros(count)
    np.add.at(degree, rows, values)
    scale = 1 / np.sqrt(degree)  # so that a node with many connections does not decide alone
    laplacian = np.eye(count)
    laplacian[rows, columns] -= values * scale[rows] * scale[columns]
    known = np.sqrt(degree / degree.sum())  # the first eigenvector, of the eigenvalue 0
    # The inverse has the same vectors, and the wanted one is far from the others in it.
    inverse = np.linalg.inv(laplacian + np.outer(known, known))
    second = leading_vector(lambda vector: inverse @ vector, count, known) * scale
    turned: Vector = second * np.sign(second[np.abs(second).argmax()])
    return turned


def leading_vector(apply: Callable[[Vector], Vector], count: int, known: Vector) -> Vector:
    """Return the eigenvector of the largest eigenvalue of a symmetric map among what is orthogonal
    to a known unit eigenvector.

    Args:
        apply: the map; count: its dimension, at least 3.
    """
    table = np.empty((min(_STEPS, count), count))  # an orthonormal basis, grown when it is full
    table[0] = known
    diagonal: list[float] = []
    beside: list[float] = []
    start = np.random.default_rng(0).standard_normal(count)  # the same order every time
    vector = _orthogonal(start, table[:1])
    vector /= np.linalg.norm(vector)
    check = _STEPS // 2
    while True:
        steps = len(diagonal) + 1
        if steps == len(table):
            table = np.concatenate([table, np.empty((min(steps, count - steps), count))])
        table[steps] = vector
        image = apply(vector)
        diagonal.append(float(vector @ image))
        image = _orthogonal(image, table[: steps + 1])
        length = float(np.linalg.norm(image))
        is_whole = steps == count - 1 or length < _TOLERANCE
        if is_whole or steps == check:
            check += check // 2
            small = np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
            best = np.linalg.eigh(small)[1][:, -1]
            if is_whole or length * abs(best[-1]) < _TOLERANCE:
                return np.asarray(best @ table[1 : steps + 1], dtype=float)
        beside.append(length)
        vector = image / length


def _orthogonal(vector: Vector, table: Vector) -> Vector:
    """Take away what a vector has in common with an orthonormal basis; twice is enough."""
    for _ in range(2):
        vector = vector - (table @ vector) @ table
    return vector

"""Spectral seriation: the one vector that is computed is that of a full decomposition."""

from __future__ import annotations

import numpy as np
import pytest

from peira.evaluate.seriation import seriate


def graph(count: int, links: int, seed: int) -> np.ndarray:
    """A connected graph with random weights: a path, mixed up, and some links across."""
    rng = np.random.default_rng(seed)
    near = np.diag(rng.integers(1, 9, count - 1).astype(float), 1)
    rows, columns = rng.integers(0, count, (2, links))
    near[rows, columns] += 1
    near += near.T
    np.fill_diagonal(near, 0)
    mixed = rng.permutation(count)
    return near[np.ix_(mixed, mixed)]


def by_decomposition(near: np.ndarray) -> np.ndarray:
    scale = 1 / np.sqrt(near.sum(axis=1))
    laplacian = np.eye(len(near)) - scale[:, None] * near * scale[None, :]
    return np.linalg.eigh(laplacian)[1][:, 1] * scale


@pytest.mark.parametrize(("count", "links", "seed"), [(4, 0, 0), (30, 10, 1), (200, 600, 2)])
def test_the_order_is_that_of_a_full_decomposition(count: int, links: int, seed: int) -> None:
    """In one direction or the other, also on a bare path, whose eigenvalues lie close together."""
    near = graph(count, links, seed)
    wanted = np.argsort(by_decomposition(near)).tolist()
    assert seriate(near).tolist() in (wanted, wanted[::-1])


def test_a_long_path_is_found_again() -> None:
    """A path of 300 nodes has the hardest spectrum of all graphs of its size."""
    mixed = np.random.default_rng(3).permutation(300)
    near = np.diag(np.ones(299), 1) + np.diag(np.ones(299), -1)
    found = mixed[seriate(near[np.ix_(mixed, mixed)])].tolist()
    assert found in (list(range(300)), list(range(299, -1, -1)))


def test_parts_stand_one_after_the_other() -> None:
    """The largest first, a pair before single nodes, each node once."""
    near = np.zeros((7, 7))
    for a, b in ((1, 3), (3, 5), (5, 6), (0, 2)):
        near[a, b] = near[b, a] = 1
    found = seriate(near).tolist()
    assert found[:4] in ([1, 3, 5, 6], [6, 5, 3, 1]) and found[4:] == [0, 2, 4]
    assert seriate(np.zeros((3, 3))).tolist() == [0, 1, 2] and len(seriate(np.zeros((0, 0)))) == 0

"""Two models on the same examples: what one mended, and what it broke."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from peira.core.errors import UsageError
from peira.evaluate.samples import Results

Change = Literal["fixed", "broken", "both_wrong"]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """How the answers of A differ from those of B, example by example. Rows are positions in the
    results of A and, in the same order, of B.
    """

    left: NDArray[np.intp]
    right: NDArray[np.intp]
    fixed: NDArray[np.bool_]
    """A is right where B is wrong."""
    broken: NDArray[np.bool_]
    """A is wrong where B is right."""
    both_wrong: NDArray[np.bool_]
    only_left: int
    """Examples that only A was evaluated on."""
    only_right: int

    def of(self, change: Change) -> NDArray[np.bool_]:
        """Return which examples changed in a way."""
        chosen: NDArray[np.bool_] = getattr(self, change)
        return chosen


def difference(left: Results, right: Results) -> Difference:
    """Return how A's answers differ from B's over the examples that both were evaluated on.

    Raises:
        UsageError: right and wrong have no meaning for the task.
    """
    for found in (left, right):
        if any(value is None for value in found["correct"].tolist()):
            raise UsageError("Only answers that are right or wrong can be told apart so.")
    place = {id: row for row, id in enumerate(right["id"].tolist())}
    pairs = [
        (row, place[id]) for row, id in enumerate(left["id"].tolist()) if id in place
    ]  # in A's order
    table = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    a = left["correct"][table[:, 0]].astype(bool)
    b = right["correct"][table[:, 1]].astype(bool)
    return Difference(
        left=table[:, 0],
        right=table[:, 1],
        fixed=a & ~b,
        broken=~a & b,
        both_wrong=~a & ~b,
        only_left=len(left["id"]) - len(table),
        only_right=len(place) - len(table),
    )

"""Making splits of data with hold-outs: what is sealed is dealt to no other split, and a part is
sealed together with its split or not at all.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from peira.core.errors import UsageError
from peira.data import sealed, splits
from peira.data.dataset import Dataset
from peira.data.splits import Recipe, Split


def deal(whole: Dataset, name: str, recipe: Recipe, hold_out: str | None = None) -> Split:
    """Deal the rows of a version that are in no hold-out, keep the split, and seal a part of it.

    Made again in the same way it is the split that is there, also when a part of it, or of another
    split, was sealed in between; its seal stays as it is.

    Raises:
        NotFoundError: there is no such part to seal; no split is made then.
        UsageError: as `splits.make` and `sealed.seal`; no split is made then.
        LabError: the lab cannot be written.
    """
    planned = splits.plan(whole.only(_free(whole, name)), name, recipe)
    is_new = hold_out is not None and sealed.seal_of(whole.root, planned, hold_out) is None
    if hold_out is not None and is_new:
        sealed.check(whole.root, planned, hold_out)
    made = splits.keep(whole.root, planned)
    if hold_out is not None and is_new:
        sealed.seal(whole.root, made, hold_out)
    return made


def deal_repeated(whole: Dataset, name: str, recipe: Recipe, times: int) -> list[Split]:
    """Deal the rows several times, with one seed after the other, as `<name>-1`, `<name>-2`, …

    Raises:
        UsageError: as `deal`; or nothing is drawn, so that all would be the same.
    """
    if recipe.kind in ("time", "column"):
        raise UsageError(f"A split of kind {recipe.kind} draws nothing; repeated it is the same.")
    return [
        deal(whole, f"{name}-{n + 1}", msgspec.structs.replace(recipe, seed=recipe.seed + n))
        for n in range(times)
    ]


def _free(whole: Dataset, name: str) -> NDArray[np.intp]:
    """Return the rows that may be dealt: all but those that are sealed, unless the split of this
    name has them.
    """
    hidden = sealed.sealed_rows(whole)
    if name in splits.names(whole.root, whole.version.name):
        there = splits.read(whole.root, whole.version.name, name)
        own = [splits.rows_of(there, part, whole) for part in there.parts]
        hidden = np.setdiff1d(hidden, np.concatenate(own))
    return np.setdiff1d(np.arange(len(whole)), hidden)

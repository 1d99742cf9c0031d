"""Rows of a hold-out that came back under new ids: with a label that was corrected, or in a table
that has more columns. Their inputs tell them.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from peira.core.errors import DamagedError, NotFoundError
from peira.data.add import IMAGES
from peira.data.catalog import Catalog, Version
from peira.data.dataset import Dataset
from peira.data.rows import Ids, row_digests, unpack_ids
from peira.data.splits import Split, part_of


class _Place(NamedTuple):
    """A version; what it holds never changes."""

    name: str
    number: int


def edited_ids(dataset: Dataset, split: Split, part: str) -> Ids:
    """Return the ids of rows of a version, or of what it was made from, that have the inputs of
    rows of a part, and are not among the rows that the part was dealt from.

    Only versions of the same data set, those made from them, and those that share rows with it are
    looked at: elsewhere equal inputs may be chance. Pictures keep their ids whatever their label.
    """
    name, _, number = split.version.partition(":v")
    catalog = Catalog(dataset.root)
    found = [np.empty(0, dtype="S32")]
    seen: set[str] = set()
    version: Version | None = dataset.version
    while version is not None and version.ref not in seen:
        seen.add(version.ref)
        place = _Place(version.name, version.number)
        try:
            found.append(
                _edited(
                    dataset.root, place, _Place(name, int(number)), part_of(split, part).object,
                    is_kin=split.dataset in catalog.ancestry(version),
                )
            )  # fmt: skip
        except (DamagedError, NotFoundError):  # bytes are gone, so no inputs can be compared
            pass
        version = catalog.parent_of(version)
    return np.unique(np.concatenate(found))


@lru_cache(maxsize=64)
def _edited(root: Path, here: _Place, source: _Place, part: str, *, is_kin: bool) -> Ids:
    none: Ids = np.empty(0, dtype="S32")
    new, old = _open(root, here), _open(root, source)
    if here == source or IMAGES in (new.manifest.type, old.manifest.type):
        return none
    inputs = [column for column in old.schema if column.name != old.label]
    if new.manifest.ids is None or not all(column in new.schema for column in inputs) or not inputs:
        return none
    is_strange = ~np.isin(new.ids, old.ids)
    if not is_strange.any() or not (is_kin or not is_strange.all()):
        return none
    gone = np.setdiff1d(unpack_ids(old.objects.read(part)), new.ids)
    if not len(gone):
        return none
    names = [column.name for column in inputs]

    def contents(dataset: Dataset, rows: NDArray[np.bool_]) -> list[bytes]:
        columns = dataset.columns
        return row_digests({name: columns[name][rows] for name in names})

    sealed = set(contents(old, np.isin(old.ids, gone)))
    is_back = [content in sealed for content in contents(new, is_strange)]
    return new.ids[is_strange][is_back]


def _open(root: Path, place: _Place) -> Dataset:
    for version in Catalog(root).versions(place.name, removed=True):
        if version.number == place.number:
            return Dataset(root, version)
    raise NotFoundError(f"There is no data version {place.name}:v{place.number}.")

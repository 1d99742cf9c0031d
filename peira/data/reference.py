"""What a text like `digits:v3:main/test` means: one grammar for Python, command line and HTTP.

digits                  the latest version
digits:v3  digits:3     that one; digits:prod by alias; a content digest by its start
digits:v3:main/test     a part of a split of it
digits:test             the part of the only split that has one of that name
digits:cv/~fold-1       all rows of the split but those of the part
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from peira.core.errors import NotFoundError, UsageError
from peira.data import sealed, splits
from peira.data.catalog import Catalog, Version
from peira.data.dataset import Dataset
from peira.data.splits import Split


class Reference(NamedTuple):
    """A version, and the part of a split that is meant, if one is."""

    version: Version
    split: Split | None = None
    part: str = ""


def parse(root: Path, text: str) -> Reference:
    """Return what a text means.

    Raises:
        NotFoundError: there is no such data set, version, split or part; knows near names.
        AmbiguousError: it is the beginning of the digests of several versions.
    """
    name, *rest = text.split(":", 2)  # names of parts are those of a column: 10:30
    catalog = Catalog(root)
    if len(rest) == 2:
        version = catalog.find(f"{name}:{rest[0]}")
        return Reference(version, *find_part(root, version, rest[1]))
    try:
        return Reference(catalog.find(text))
    except NotFoundError as error:
        if not rest or not any(catalog.versions(name)):
            raise
        latest = catalog.find(name)
        try:
            return Reference(latest, *find_part(root, latest, rest[0]))
        except NotFoundError:
            if "/" in rest[0]:  # no version has such a name
                raise
            raise error from None


def find_part(root: Path, version: Version, text: str) -> tuple[Split, str]:
    """Return the split and part that `split/part`, or `part` alone, means: of the version's own
    data set, else of the nearest one that it was made from. Of several splits with a part of that
    name the first one made is meant: what programs say keeps its meaning when others are added.

    Raises:
        NotFoundError: there is no such split or part.
    """
    names = Catalog(root).ancestry(version)
    name, slash, part = text.partition("/")
    if slash:
        owner = next((n for n in names if name in splits.names(root, n)), version.name)
        split = splits.read(root, owner, name)
        if not splits.has(split, part):
            splits.part_of(split, part)  # tells which parts there are
        return split, part
    every: list[Split] = []
    for owner in names:
        own = [splits.read(root, owner, known) for known in splits.names(root, owner)]
        every += own
        having = [split for split in own if splits.has(split, text)]
        if having:
            return min(having, key=lambda split: (split.created, split.name)), text
    named = [f"{split.name}/{part}" for split in every for part in split.parts]
    raise NotFoundError(
        f"No split of {version.name} has the part `{text:.60}`.",
        suggestions=tuple(named),
        hint=f"There are {', '.join(named)}." if named else "Make a split: peira data split.",
    )


def open_reference(root: Path, text: str) -> Dataset:
    """Return the data that a text means, as everybody may see it: a whole version without its
    sealed rows, a sealed part without labels.

    Raises:
        NotFoundError, AmbiguousError: as `parse`.
    """
    found = parse(root, text)
    whole = Dataset(root, found.version)
    if found.split is not None:
        return view_part(whole, found.split, found.part)
    return without_sealed(whole)


def without_sealed(whole: Dataset) -> Dataset:
    """Return a whole version without its sealed rows."""
    if whole.manifest.ids is None:
        return whole
    hidden = sealed.sealed_rows(whole)
    if not len(hidden):
        return whole
    seen = whole.only(np.setdiff1d(np.arange(len(whole)), hidden))
    seen.withheld = len(hidden)
    return seen


def view_part(whole: Dataset, split: Split, part: str) -> Dataset:
    """Return the rows of a part, without labels while it is sealed.

    Args:
        whole: the version with all its rows.

    Raises:
        UsageError: the part is sealed, and nobody knows which column is its label.
    """
    is_sealed = sealed.seal_of(whole.root, split, part) is not None
    if is_sealed and whole.label is None:
        raise UsageError(
            f"{whole.ref} names no label column, so {split.name}/{part} cannot be given without it:"
            " the part is a sealed hold-out.",
            hint="Make the version with the label under the name that its parent has for it.",
        )
    rows = seen_rows(whole, split, part)
    hidden = _label_columns(whole, split) if is_sealed else []
    seen = whole.only(rows, f"{split.name}/{part}", hidden=hidden)
    seen.withheld = len(splits.rows_of(split, part, whole)) - len(rows)
    return seen


def _label_columns(whole: Dataset, split: Split) -> list[str]:
    """Return the columns that are the label in a version, in what it was made from, or in a version
    of the data set that was split: that one version names another column opens none of them. Those
    that came later, after the split, too, hide nothing of it: a label may be named by mistake.
    """
    catalog = Catalog(whole.root)
    names = {*catalog.ancestry(whole.version), split.dataset}
    latest = max(whole.version.created, split.created)
    every = [
        v for name in names for v in catalog.versions(name, removed=True) if v.created <= latest
    ]
    found = {Dataset(whole.root, v).label for v in every if whole.objects.exists(v.manifest)}
    return sorted(name for name in {whole.label, *found} if name is not None)


class PartRows(NamedTuple):
    """How many rows of a version are in a part of a split."""

    seen: int
    """Those that are given."""
    withheld: int
    """Those that another part, which is a sealed hold-out, keeps out."""


def count_rows(whole: Dataset, every: Sequence[Split]) -> list[dict[str, PartRows]]:
    """Return the rows of each part of some splits, in a version."""
    hidden = sealed.sealed_rows(whole)

    def counted(split: Split, part: str) -> PartRows:
        rows = splits.rows_of(split, part, whole)
        is_sealed = sealed.seal_of(whole.root, split, part) is not None
        withheld = 0 if is_sealed else len(np.intersect1d(rows, hidden, assume_unique=True))
        return PartRows(len(rows) - withheld, withheld)

    return [{part: counted(split, part) for part in split.parts} for split in every]


def seen_rows(whole: Dataset, split: Split, part: str) -> NDArray[np.intp]:
    """Return the positions of the rows of a part, rising, without those that another part seals."""
    rows = splits.rows_of(split, part, whole)
    if sealed.seal_of(whole.root, split, part) is not None:
        return rows
    return np.setdiff1d(rows, sealed.sealed_rows(whole))

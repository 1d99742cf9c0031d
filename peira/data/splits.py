"""Splits: first-class, seeded, stored as ids of rows. See `docs/formats/datasets.md`.

    .peira/datasets/<name>/splits/<split>.json    one record, made exclusively, never changed

A split belongs to the name of a data set and is made on one version of it. It is applied to any
version by the ids of the rows, so it survives another order, removed rows and rows that keep the
ids of their parent through a transform; rows it does not know belong to no part.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from peira.core.clock import now_s
from peira.core.errors import DamagedError, LabError, NotFoundError, UsageError
from peira.data import assign
from peira.data.add import IMAGES
from peira.data.assign import Parts
from peira.data.catalog import check_format
from peira.data.dataset import Dataset
from peira.data.rows import ID_BYTES, Ids, pack_ids, unpack_ids
from peira.lab.gc import DATASETS
from peira.lab.journal import user_name
from peira.lab.query.parse import near
from peira.objects.folder import FolderObjects
from peira.record.folder import write_once

FORMAT = 1
Kind = Literal["random", "stratified", "grouped", "time", "column", "folds"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")
_SHARE_TOLERANCE = 1e-9

FOLDER = "folder"
"""As the column of a folder of pictures: the first folder in their paths."""
REST = "~"
"""`~fold-1` are all rows of a split that are not in `fold-1`."""


class Part(msgspec.Struct, frozen=True):
    """A part of a split: the object that holds its ids (16 bytes each, sorted), and how many."""

    object: str
    rows: int


class Split(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the rows of a data set were dealt."""

    format: int
    dataset: str
    name: str
    kind: Kind
    parts: dict[str, Part]
    version: str
    """`name:vN` that it was made on."""
    created: float
    by: str
    seed: int | None = None
    column: str | None = None
    """The labels, groups, times or names of parts that decided."""
    shares: dict[str, float] = msgspec.field(default_factory=dict)

    @property
    def digest(self) -> str:
        """The identity of the split: which rows are in which part."""
        from blake3 import blake3

        named = sorted((name, part.object) for name, part in self.parts.items())
        return blake3(msgspec.json.encode(named)).hexdigest()


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """How to deal."""

    kind: Kind = "random"
    shares: dict[str, float] = msgspec.field(default_factory=lambda: {"train": 0.8, "test": 0.2})
    seed: int = 0
    column: str | None = None
    """For `stratified` the label when None."""
    count: int = 5
    """Folds."""
    group: str | None = None
    """Of `folds`: rows with the same value of this column stay together."""


def make(dataset: Dataset, name: str, recipe: Recipe) -> Split:
    """Deal the rows of a version, and keep the split under its name.

    Made again in the same way it is the split that is there.

    Raises:
        UsageError: it cannot be dealt so, or the name is that of another split.
        LabError: the lab cannot be written.
    """
    return keep(dataset.root, plan(dataset, name, recipe))


def plan(dataset: Dataset, name: str, recipe: Recipe) -> Split:
    """Deal the rows of a version, all that the data set has, and keep nothing of it but ids.

    Raises:
        UsageError: it cannot be dealt so.
    """
    if not _NAME.match(name):
        raise UsageError(
            f"{name!r:.60} cannot be the name of a split.",
            hint="Use letters, digits, `.`, `_` and `-`, up to 100, a letter or digit first.",
        )
    column = recipe.column or (dataset.label if recipe.kind == "stratified" else None)
    parts = _dealt(dataset, msgspec.structs.replace(recipe, column=column))
    ids = dataset.ids
    objects = dataset.objects
    return Split(
        format=FORMAT,
        dataset=dataset.version.name,
        name=name,
        kind=recipe.kind,
        parts={
            part: Part(objects.put_bytes(pack_ids(np.sort(ids[rows]))).digest, len(rows))
            for part, rows in parts.items()
        },
        version=dataset.ref,
        created=now_s(),
        by=user_name(),
        seed=None if recipe.kind in ("time", "column") else recipe.seed,
        column=column or recipe.group,
        shares={} if recipe.kind in ("column", "folds") else dict(recipe.shares),
    )


def keep(root: Path, planned: Split) -> Split:
    """Keep a split under its name for ever; return it, or the same one that is there.

    Raises:
        UsageError: the name is that of another split.
        LabError: the lab cannot be written.
    """
    if not _write(root, planned):
        there = read(root, planned.dataset, planned.name)
        if there.digest != planned.digest:
            raise UsageError(
                f"{there.dataset} has another split `{there.name}`, of {there.version} by"
                f" {there.by}.",
                hint="Splits never change; choose another name.",
            )
        return there
    return planned


def _dealt(dataset: Dataset, recipe: Recipe) -> Parts:
    ids, shares, seed = dataset.ids, recipe.shares, recipe.seed
    total = sum(shares.values())
    if not shares or min(shares.values()) <= 0 or not abs(total - 1) <= _SHARE_TOLERANCE:
        raise UsageError(f"The shares {shares} of a split must be above 0 and sum to 1.")
    if not len(ids):
        raise UsageError(f"{dataset.ref} has no rows to deal.")
    deal: dict[Kind, Callable[[], Parts]] = {
        "random": lambda: assign.random(ids, shares, seed),
        "stratified": lambda: assign.stratified(ids, shares, seed, _column(dataset, recipe)),
        "grouped": lambda: assign.grouped(ids, shares, seed, _column(dataset, recipe)),
        "time": lambda: assign.ordered(_column(dataset, recipe), shares),
        "column": lambda: assign.predefined(_column(dataset, recipe)),
        "folds": lambda: assign.folds(
            ids,
            recipe.count,
            seed,
            _column(dataset, recipe) if recipe.column else None,
            _column(dataset, recipe, recipe.group) if recipe.group else None,
        ),
    }
    if recipe.kind not in deal:
        raise UsageError(f"{recipe.kind!r} is no kind of split.", hint=f"Use {', '.join(deal)}.")
    return deal[recipe.kind]()


def _folders(dataset: Dataset) -> NDArray[Any]:
    """Return the first folder in the path of each picture: `train` of `train/cat/1.png`."""
    split = [path.partition("/") for path in dataset["path"].tolist()]
    return np.array([folder if slash else None for folder, slash, _ in split], dtype=object)


def _column(dataset: Dataset, recipe: Recipe, name: str | None = None) -> NDArray[Any]:
    name = name or recipe.column
    if name is None:
        raise UsageError(f"A split of kind {recipe.kind} wants the name of a column.")
    found = (
        _folders(dataset) if name == FOLDER and dataset.manifest.type == IMAGES else dataset[name]
    )
    if found.ndim != 1:
        raise UsageError(f"The column {name!r:.60} holds several values a row; a split wants one.")
    return found


def _write(root: Path, split: Split) -> bool:
    folder = root / DATASETS / split.dataset / "splits"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        data = msgspec.json.format(msgspec.json.encode(split), indent=1)
        return write_once(folder / f"{split.name}.json", data)
    except OSError as error:
        raise LabError(f"The split cannot be written in {folder}: {error.strerror}.") from error


def read(root: Path, dataset: str, name: str) -> Split:
    """Return a split.

    Raises:
        NotFoundError: there is none of that name; knows near ones.
        DamagedError, UnsupportedError: its record cannot be read, or is of a newer Peira.
    """
    if _NAME.match(name) and _NAME.match(dataset):
        path = root / DATASETS / dataset / "splits" / f"{name}.json"
        try:
            split = msgspec.json.decode(path.read_bytes(), type=Split)
            check_format(path, split.format, FORMAT)
            return split
        except FileNotFoundError:
            pass
        except msgspec.MsgspecError as error:
            raise DamagedError(f"{path} cannot be read: {error!s:.200}") from error
    known = names(root, dataset)
    close = near(name, known)
    raise NotFoundError(
        f"The data set `{dataset:.100}` has no split `{name:.100}`.",
        suggestions=close,
        hint=f"It has {', '.join(known)}." if known else "Make one: peira data split.",
    )


def names(root: Path, dataset: str) -> list[str]:
    """Return the names of the splits of a data set, sorted."""
    if not _NAME.match(dataset):
        return []
    return sorted(path.stem for path in (root / DATASETS / dataset / "splits").glob("*.json"))


def listed(root: Path, dataset: str) -> list[str]:
    """Return the names of the splits of a data set as people count: `rep-2` before `rep-10`."""

    def counted(name: str) -> list[str | int]:
        pieces = re.split(r"([0-9]+)", name)  # texts and numbers in turn
        return [int(piece) if place % 2 else piece for place, piece in enumerate(pieces)]

    return sorted(names(root, dataset), key=counted)


def rows_of(split: Split, part: str, dataset: Dataset) -> NDArray[np.intp]:
    """Return the positions, in a version, of the rows of a part, rising.

    Raises:
        NotFoundError: the split has no such part.
    """
    return np.flatnonzero(np.isin(dataset.ids, ids_of(split, part, dataset.objects)))


def has(split: Split, part: str) -> bool:
    """Whether `part` is a part of a split, or `~part`: all others."""
    return part in split.parts or (part[:1] == REST and part[1:] in split.parts)


def ids_of(split: Split, part: str, objects: FolderObjects) -> Ids:
    """Return the ids of a part, or of all but `~part`, sorted.

    Raises:
        NotFoundError: the split has no such part.
    """
    if part in split.parts or not has(split, part):
        return unpack_ids(objects.read(part_of(split, part).object))
    others = [ids_of(split, other, objects) for other in split.parts if other != part[1:]]
    return np.sort(np.concatenate(others)) if others else np.empty(0, dtype=f"S{2 * ID_BYTES}")


def part_of(split: Split, part: str) -> Part:
    """Return a part of a split.

    Raises:
        NotFoundError: it has none of that name.
    """
    found = split.parts.get(part)
    if found is None:
        raise NotFoundError(
            f"The split `{split.name}` has no part `{part:.100}`.",
            suggestions=tuple(split.parts),
            hint=f"It has {', '.join(split.parts)}.",
        )
    return found


class Overlap(msgspec.Struct, frozen=True):
    """Rows that two splits have in a pair of parts."""

    left: str
    right: str
    rows: int


def compare(left: Split, right: Split, objects: FolderObjects) -> list[Overlap]:
    """Return how many rows each part of one split shares with each part of another."""
    right_ids = {part: ids_of(right, part, objects) for part in right.parts}
    return [
        Overlap(mine, theirs, int(np.isin(ids_of(left, mine, objects), found).sum()))
        for mine in left.parts
        for theirs, found in right_ids.items()
    ]

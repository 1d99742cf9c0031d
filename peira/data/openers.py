"""Who had the labels of a hold-out: runs that opened a file with sealed rows in it, and those that
were given the rows before they were sealed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec
import numpy as np
from sqlalchemy import select

from peira.core.errors import NotFoundError
from peira.data import splits
from peira.data.add import IMAGES
from peira.data.catalog import Catalog, Version
from peira.data.dataset import Dataset
from peira.data.reference import find_part
from peira.data.rows import Ids
from peira.data.sealed import sealed_rows, seals
from peira.data.splits import Split
from peira.lab.index import schema
from peira.lab.lab import Lab
from peira.lab.links import users


class Opened(msgspec.Struct, frozen=True):
    """A run that opened a file with sealed rows, or was given them, and the file or version."""

    run: str
    name: str
    path: str
    is_sure: bool = True
    """False when a watch saw it, so that another program may have opened it; or when the run put
    the file under version itself, for which Peira reads it.
    """
    is_given: bool = False
    """Whether it was given the rows by a version, before they were sealed."""

    @property
    def did(self) -> str:
        """What it did, to follow its name."""
        if self.is_given:
            return f"used {self.path} with its labels, before its rows were sealed"
        did = "opened" if self.is_sure else "may have opened"
        return f"{did} {self.path}, which the sealed rows came from"


def source_of(lab: Lab, split: Split) -> Dataset:
    """Return the version that a split was made on, whose files hold its rows; also one that was
    removed since.

    Raises:
        NotFoundError: its record is not in this lab.
    """
    every = Catalog(lab.root, lab.journal).versions(split.dataset, removed=True)
    found = next((version for version in every if version.ref == split.version), None)
    if found is None:
        raise NotFoundError(f"{split.version}, which {split.name} was made on, is not in this lab.")
    return Dataset(lab.root, found)


def _origins(dataset: Dataset) -> Iterator[Dataset]:
    """Yield a version and those that it was made from, as far as their bytes are here."""
    catalog, seen = Catalog(dataset.root), set[str]()
    version: Version | None = dataset.version
    while version is not None and version.ref not in seen:
        seen.add(version.ref)
        if dataset.objects.exists(version.manifest):
            yield Dataset(dataset.root, version)
        version = catalog.parent_of(version)


def _sealed_files(dataset: Dataset) -> list[str]:
    """Return the digests of the files of a version that hold sealed rows."""
    if dataset.manifest.kind != "files" or dataset.manifest.ids is None:
        return []
    rows = sealed_rows(dataset)
    if not len(rows):
        return []
    members = [member.object for member in dataset.files()]
    return [members[row] for row in rows] if dataset.manifest.type == IMAGES else members


def opened_by(lab: Lab, dataset: Dataset) -> list[Opened]:
    """Return the runs that had sealed rows of a version with their labels: who opened a file that
    they, or the versions that it was made from, came from; who used them before they were sealed.
    """
    given = list(_given(lab, dataset))
    digests = list(dict.fromkeys(d for one in _origins(dataset) for d in _sealed_files(one)))
    if not digests:
        return given
    adding = {run for run, _, ref in _uses(lab, _versions(dataset)) if ref.count(":") == 1}
    found: dict[tuple[str, str], Opened] = {}
    for one in users(lab, digests, ["input", schema.MAYBE]):
        is_sure = one.role == "input" and one.id not in adding
        told = Opened(one.id, one.name, one.path, is_sure)
        if told.is_sure or (told.run, told.path) not in found:
            found[told.run, told.path] = told
    return [*found.values(), *given]


def _given(lab: Lab, dataset: Dataset) -> Iterator[Opened]:
    """Yield the runs that used a version, or a part of it, while rows that are sealed now were in
    it with their labels.
    """
    if not dataset.objects.exists(dataset.version.manifest) or dataset.manifest.ids is None:
        return
    versions = {version.ref: version for version in _versions(dataset)}
    for since, hidden in seals(lab.root, lab.journal):
        if not np.isin(dataset.ids, hidden).any():
            continue
        told = set()
        for run, name, ref in _uses(lab, [*versions.values()], since):
            version = versions[":".join(ref.split(":")[:2])]
            if (run, ref) not in told and _holds(lab, version, ref, hidden):
                told.add((run, ref))
                yield Opened(run, name, ref, is_given=True)


def _versions(dataset: Dataset) -> list[Version]:
    """Return the versions of a data set, and those that one of them was made from."""
    own = Catalog(dataset.root).versions(dataset.version.name, removed=True)
    found = {v.ref: v for v in own if dataset.objects.exists(v.manifest)}
    return list((found | {one.ref: one.version for one in _origins(dataset)}).values())


def _uses(lab: Lab, versions: list[Version], until: float = math.inf) -> list[tuple[str, str, str]]:
    """Return (run, its name, what it used) of runs that began before a time."""
    link, run = schema.link.c, schema.run.c
    question = (
        select(run.id, run.name, link.path)
        .join_from(schema.link, schema.run, link.run == run.n)
        .where(
            link.digest.in_([version.manifest for version in versions]),
            link.role == "used",
            run.deleted == 0,
            run.created < until,
        )
        .order_by(run.created)
    )
    rows = lab.ask(lambda connection: connection.execute(question).all())
    known = {version.ref for version in versions}
    used = [(id, name, path.rpartition("/")[0]) for id, name, path in rows]
    return [one for one in used if ":".join(one[2].split(":")[:2]) in known]


def _holds(lab: Lab, version: Version, ref: str, hidden: Ids) -> bool:
    """Whether what a text means has any of these rows."""
    whole = Dataset(lab.root, version)
    if whole.manifest.ids is None:
        return False
    ids = whole.ids
    text = ref.removeprefix(version.ref).removeprefix(":")
    if text:
        try:
            split, part = find_part(lab.root, version, text)
        except NotFoundError:  # removed since
            return False
        ids = splits.ids_of(split, part, whole.objects)
    return bool(np.isin(ids, hidden).any())

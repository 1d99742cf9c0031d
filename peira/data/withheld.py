"""Objects that hold the labels of sealed rows: the server sends them to nobody.

On the machine itself anybody who may read the lab can open its files; over HTTP nobody else may be
given what a hold-out withholds.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from peira.data.add import IMAGES
from peira.data.catalog import Catalog
from peira.data.dataset import Dataset
from peira.data.sealed import SEALED, sealed_rows
from peira.lab.gc import DATASETS
from peira.lab.journal import Journal

_State = tuple[tuple[str, int, int], ...]


def withheld(root: Path) -> frozenset[str]:
    """Return the digests of objects with labels of sealed rows: chunks of tables, files of rows,
    and the lists of files of pictures, whose folders are labels.
    """
    return _withheld(root, _state(root))


def _state(root: Path) -> _State:
    """Return what changes when a part is sealed or unsealed, or a version is made."""
    folder = root / DATASETS
    names = [path for path in folder.glob("*") if path.is_dir()]
    found = [*Journal(root).files(), *names]
    return tuple((path.name, s.st_size, s.st_mtime_ns) for path in found for s in (path.stat(),))


@lru_cache(maxsize=4)
def _withheld(root: Path, _: _State) -> frozenset[str]:
    journal = Journal(root)
    if not journal.standing(SEALED):
        return frozenset()
    catalog = Catalog(root, journal)
    found: set[str] = set()
    for name in [path.name for path in (root / DATASETS).glob("*") if path.is_dir()]:
        for version in catalog.versions(name, removed=True):
            dataset = Dataset(root, version)
            if not dataset.objects.exists(version.manifest):  # given up
                continue
            if dataset.manifest.ids is not None and len(sealed_rows(dataset)):
                found.update(_labelled(dataset))
    return frozenset(found)


def _labelled(dataset: Dataset) -> Iterator[str]:
    yield from (chunk.object for chunk in dataset.manifest.chunks)
    yield from (page.object for page in dataset.manifest.pages)
    if dataset.manifest.kind == "files" and dataset.manifest.type != IMAGES:
        yield from (member.object for member in dataset.files())

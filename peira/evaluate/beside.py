"""What a data version knows of evaluated samples, beside what the evaluation kept: its columns, and
which labels look wrong.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peira.core.errors import NotFoundError, PeiraError
from peira.data import chunks, splits
from peira.data.catalog import Catalog
from peira.data.checks.version import Question, known_findings
from peira.data.dataset import Dataset
from peira.data.manifest import Column
from peira.data.rows import JSON
from peira.evaluate.samples import OWN
from peira.record.events import Evaluation

SUSPICIOUS = "suspicious-labels"


def dataset_of(root: Path, evaluation: Evaluation) -> Dataset | None:
    """Return the version that was evaluated on, all rows; None when there is none any more."""
    if evaluation.dataset is None:
        return None
    try:
        return Dataset(root, Catalog(root).find(evaluation.dataset))
    except NotFoundError:  # removed since
        return None


def columns(dataset: Dataset | None) -> list[str]:
    """Return the columns of a version that results may be sliced by: one value a row, no label."""
    if dataset is None or dataset.manifest.ids is None:
        return []
    found = [column for column in dataset.schema if _is_plain(column)]
    return [c.name for c in found if c.name != dataset.label and c.name not in OWN]


def _is_plain(column: Column) -> bool:
    return not column.shape and column.dtype != JSON


def values(dataset: Dataset, column: str, ids: NDArray[Any]) -> NDArray[Any]:
    """Return the values of a column for the samples with these ids; None where there is none.

    Raises:
        NotFoundError, DamagedError: the version's bytes are not here, or are others.
    """
    assert dataset.manifest.ids is not None
    key = dataset.root, dataset.ref, dataset.version.manifest
    places = _places(*key)
    rows = np.array([places.get(id, -1) for id in ids.tolist()], dtype=np.intp)
    known = _column(*key, column)
    if (rows >= 0).all():
        return known[rows]
    return np.array([known[r] if r >= 0 else None for r in rows.tolist()], dtype=object)


def suspicious(root: Path, dataset: Dataset | None) -> frozenset[str] | None:
    """Return the ids of rows whose labels the checks of a version found suspicious; None when
    nobody has checked it.
    """
    if dataset is None or dataset.manifest.ids is None:
        return None
    names = [
        name
        for owner in Catalog(root).ancestry(dataset.version)
        for name in splits.names(root, owner)
    ]
    for split in [*names, None]:
        try:
            found = known_findings(root, dataset.version, Question(split=split))
        except PeiraError:  # several splits and none is named
            continue
        if found is not None:
            return frozenset(id for f in found if f.check == SUSPICIOUS for id in f.rows)
    return None


@lru_cache(maxsize=4)
def _places(root: Path, ref: str, _manifest: str) -> dict[str, int]:
    ids = Dataset(root, Catalog(root).find(ref)).ids
    return {id.decode(): row for row, id in enumerate(ids.tolist())}


@lru_cache(maxsize=8)
def _column(root: Path, ref: str, _manifest: str, column: str) -> NDArray[Any]:
    dataset = Dataset(root, Catalog(root).find(ref))
    if dataset.manifest.kind == "table":
        return chunks.read(dataset.objects, dataset.manifest, [column])[column]
    return dataset[column]

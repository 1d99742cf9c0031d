"""The samples that went most wrong."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from peira.core.errors import NotFoundError
from peira.evaluate import samples
from peira.objects.folder import FolderObjects
from peira.record.events import Evaluation


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which samples are wanted."""

    true: str | None = None
    predicted: str | None = None
    only_wrong: bool = True
    slice: tuple[str, Any] | None = None
    """A column and the value that is wanted in it."""


class Worst(msgspec.Struct, frozen=True):
    """Some samples as plain records, and how many there are."""

    samples: list[dict[str, Any]]
    matched: int


def worst(
    objects: FolderObjects, evaluation: Evaluation, wanted: Filter, limit: int, offset: int = 0
) -> Worst:
    """Return the samples that a filter lets through, the highest loss first.

    Raises:
        NotFoundError: the evaluation kept no samples, because its data are a sealed hold-out.
    """
    if evaluation.samples is None:
        raise NotFoundError(
            f"The evaluation {evaluation.name!r:.60} keeps no samples: it is of a sealed hold-out.",
            hint="Evaluate on a part that is not sealed.",
        )
    found = samples.read(objects, evaluation.samples)
    keep = np.ones(len(found["id"]), dtype=bool)
    if wanted.only_wrong and any(v is not None for v in found["correct"].tolist()):
        keep &= np.array([value is not True for value in found["correct"].tolist()])
    for column, value in (("true", wanted.true), ("predicted", wanted.predicted)):
        if value is not None:
            keep &= np.array([str(v) == value for v in found[column].tolist()])
    if wanted.slice is not None and wanted.slice[0] in found:
        name, value = wanted.slice
        keep &= np.array([str(v) == str(value) for v in found[name].tolist()])
    rows = np.flatnonzero(keep)
    loss = np.array([-1.0 if v is None else float(v) for v in found["loss"][rows].tolist()])
    order = rows[np.argsort(-loss, kind="stable")][offset : offset + limit]
    return Worst(
        [{name: _plain(values[row]) for name, values in found.items()} for row in order],
        len(rows),
    )


def _plain(value: Any) -> Any:
    plain = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(plain, float) and plain != plain else plain

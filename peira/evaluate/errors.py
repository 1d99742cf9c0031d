"""The samples that went most wrong, or those of a cell of the confusion matrix."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from peira.core.errors import NotFoundError
from peira.evaluate import samples, slices
from peira.evaluate.samples import Results
from peira.objects.folder import FolderObjects
from peira.record.events import Evaluation

Sort = Literal["-loss", "loss", "-score", "score", "-true_score", "true_score", "id", "-id"]
"""A column, with `-` in front the highest first."""


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which samples are wanted, and in which order."""

    true: str | None = None
    predicted: str | None = None
    only_wrong: bool = True
    slice: tuple[str, str] | None = None
    """A column and the value, or range of values, that is wanted in it."""
    sort: Sort = "-loss"


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
    found = samples.read(objects, kept_samples(evaluation))
    order = choose_rows(found, wanted)
    return Worst(records(found, order[offset : offset + limit]), len(order))


def kept_samples(evaluation: Evaluation) -> str:
    """Return the digest of the results of an evaluation.

    Raises:
        NotFoundError: it kept none, because its data are a sealed hold-out.
    """
    if evaluation.samples is None:
        raise NotFoundError(
            f"The evaluation {evaluation.name!r:.60} keeps no samples: it was made on a"
            " sealed hold-out.",
            hint="Evaluate on a part that is not sealed; once it is unsealed, evaluate again.",
        )
    return evaluation.samples


def choose_rows(found: Results, wanted: Filter) -> NDArray[np.intp]:
    """Return the positions of the rows that a filter lets through, in its order; rows without a
    value to sort by are the last.
    """
    keep = np.ones(len(found["id"]), dtype=bool)
    if wanted.only_wrong and any(v is not None for v in found["correct"].tolist()):
        keep &= np.array([value is not True for value in found["correct"].tolist()])
    for column, value in (("true", wanted.true), ("predicted", wanted.predicted)):
        if value is not None:
            keep &= np.array([_is_of(v, value) for v in found[column].tolist()])
    if wanted.slice is not None and wanted.slice[0] in found:
        name, value = wanted.slice
        keep &= np.array([v == value for v in slices.groups(found[name])])
    rows = np.flatnonzero(keep)
    column = wanted.sort.removeprefix("-")
    values = found[column][rows]
    sign = -1.0 if wanted.sort.startswith("-") else 1.0
    if column == "id":
        order = np.argsort(values.astype(str), kind="stable")
        return rows[order[:: int(sign)]]
    numbers = np.array([np.nan if v is None else float(v) for v in values.tolist()])
    return rows[np.argsort(sign * numbers, kind="stable")]


def _is_of(told: Any, label: str) -> bool:
    """Whether a sample is of a class: its label, one of its labels, that of one of its boxes, or of
    its pixels.
    """
    if str(told) == label:
        return True
    if not isinstance(told, str) or told[:1] not in ("[", "{"):
        return False
    try:
        several = msgspec.json.decode(told)
    except msgspec.DecodeError:  # a text that only looks like a list
        return False
    labels = several.get("labels", several) if isinstance(several, dict) else several
    return label in map(str, labels)


def records(found: Results, rows: NDArray[np.intp]) -> list[dict[str, Any]]:
    """Return rows of results as plain records."""
    return [{name: _plain(values[row]) for name, values in found.items()} for row in rows]


def _plain(value: Any) -> Any:
    plain = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(plain, float) and plain != plain else plain

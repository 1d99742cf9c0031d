"""Results that are looked at again and again: the latest ones stay in memory, by their digests."""

from __future__ import annotations

from functools import cached_property, lru_cache
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from peira.core.errors import NotFoundError, UsageError
from peira.data.dataset import Dataset
from peira.evaluate import beside, errors, samples, slices
from peira.evaluate.curves import (
    AtThreshold,
    CalibrationBin,
    Curve,
    at_threshold,
    calibration,
    precision_recall,
    roc,
)
from peira.evaluate.matrix import ClassRow, Matrix, Order, confusion
from peira.evaluate.perclass import of_boxes, of_pixels, of_several
from peira.evaluate.samples import Results
from peira.objects.folder import FolderObjects
from peira.record.events import Evaluation

LABELLED = ("binary", "multiclass")
_COUNTS = {"multilabel": of_several, "detection": of_boxes, "segmentation": of_pixels}
MATRIX_CLASSES_MAX = 2_000
"""A matrix of more classes is not made: its cells alone would fill 32 MB."""


class Opened:
    """An evaluation with its results at hand.

    Raises:
        NotFoundError, DamagedError: by what reads the results: they are not here, were never kept
            (a sealed hold-out), or the bytes are others.
    """

    def __init__(self, objects: FolderObjects, evaluation: Evaluation) -> None:
        self.objects = objects
        self.evaluation = evaluation

    @property
    def is_sealed(self) -> bool:
        """Whether nothing but a word may be seen of it."""
        return self.evaluation.samples is None

    @property
    def results(self) -> Results:
        """A row an example."""
        return _results(self.objects.root, errors.kept_samples(self.evaluation))

    @cached_property
    def dataset(self) -> Dataset | None:
        """The data version that was evaluated on."""
        return beside.dataset_of(self.objects.root.parent, self.evaluation)

    @property
    def columns(self) -> list[str]:
        """What the results may be sliced by: columns that were given, and those of the version."""
        own = slices.columns(self.results)
        return own + [name for name in beside.columns(self.dataset) if name not in own]

    def results_with(self, column: str) -> Results:
        """Return the results with a column among them.

        Raises:
            UsageError: there is no such column; says which there are.
        """
        known, found = self.columns, self.results
        if column not in known:
            raise UsageError(
                f"The results have no column `{column:.60}`.",
                hint=f"They have {', '.join(known)}."
                if known
                else "Give slices to run.evaluate(), or evaluate on data with columns.",
            )
        if column in found or self.dataset is None:
            return found
        return {**found, column: beside.values(self.dataset, column, found["id"])}

    def row_of(self, id: str) -> int:
        """Return the position of a sample.

        Raises:
            NotFoundError: there is none of that id.
        """
        place = _places(self.objects.root, errors.kept_samples(self.evaluation)).get(id)
        if place is None:
            raise NotFoundError(f"The evaluation has no sample `{id:.60}`.")
        return place

    def matrix(self, order: Order = "label") -> Matrix | None:
        """Return the confusion matrix; None when the task has no single label, or too many."""
        if self.evaluation.task not in LABELLED:
            return None
        digest = errors.kept_samples(self.evaluation)
        return _matrix(self.objects.root, digest, tuple(self.evaluation.classes), order)

    def per_class(self, order: Order = "label") -> list[ClassRow]:
        """Return the numbers of each class; none where a task has no classes."""
        task = self.evaluation.task
        if task in LABELLED:
            matrix = self.matrix(order)
            return [] if matrix is None else matrix.per_class()
        count = _COUNTS.get(task)
        return [] if count is None else count(self.results, self.evaluation.classes)

    def scores_of(self, label: str | None) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Return, of each example, whether it is of a class, and the score of that class.

        Args:
            label: None means the second class of a binary task.

        Raises:
            NotFoundError: no scores were kept, or there is no such class.
            UsageError: the task has no classes, or several and none is named.
        """
        evaluation = self.evaluation
        if evaluation.task not in LABELLED:
            raise UsageError(f"The task {evaluation.task} has no classes to draw a curve of.")
        if evaluation.scores is None:
            raise NotFoundError(
                "No scores were kept with this evaluation.", hint="Give scores to run.evaluate()."
            )
        if label is None:
            if evaluation.task != "binary":
                raise UsageError("There are several classes.", hint="Say which: of=CLASS.")
            label = evaluation.classes[-1]
        if label not in evaluation.classes:
            raise NotFoundError(f"There is no class `{label:.60}`.")
        table = _scores(self.objects.root, evaluation.scores)
        is_of = np.array([value == label for value in self.results["true"].tolist()])
        return is_of, table[:, evaluation.classes.index(label)].astype(np.float64)

    def at(self, label: str | None, threshold: float) -> AtThreshold:
        """Return what deciding by a threshold comes to; scores are kept as float32, so .9 is meant
        as the nearest of these.
        """
        positive, scores = self.scores_of(label)
        found = at_threshold(positive, scores, float(np.float32(threshold)))
        return msgspec.structs.replace(found, threshold=threshold)

    def curves(self, label: str | None) -> Curves:
        """Return the curves of a class against the rest; see `scores_of`."""
        positive, scores = self.scores_of(label)
        is_probable = bool(((scores >= 0) & (scores <= 1)).all())
        return Curves(
            label=label or self.evaluation.classes[-1],
            positive=int(positive.sum()),
            negative=int((~positive).sum()),
            lowest=float(scores.min()) if len(scores) else 0.0,
            highest=float(scores.max()) if len(scores) else 1.0,
            roc=roc(positive, scores),
            precision_recall=precision_recall(positive, scores),
            calibration=calibration(positive, scores) if is_probable else None,
        )


class Curves(msgspec.Struct, frozen=True, kw_only=True):
    """What the scores of a class are worth; None where that is not defined."""

    label: str
    positive: int
    negative: int
    lowest: float
    highest: float
    roc: Curve | None
    precision_recall: Curve | None
    calibration: list[CalibrationBin] | None


@lru_cache(maxsize=6)
def _results(folder: Path, digest: str) -> Results:
    return samples.read(FolderObjects(folder), digest)


@lru_cache(maxsize=4)
def _places(folder: Path, digest: str) -> dict[str, int]:
    return {id: row for row, id in enumerate(_results(folder, digest)["id"].tolist())}


@lru_cache(maxsize=2)
def _scores(folder: Path, digest: str) -> NDArray[np.float32]:
    return samples.read_scores(FolderObjects(folder), digest)


@lru_cache(maxsize=6)
def _matrix(folder: Path, digest: str, classes: tuple[str, ...], order: Order) -> Matrix | None:
    found = _results(folder, digest)
    if len(set(classes).union(found["true"], found["predicted"])) > MATRIX_CLASSES_MAX:
        return None
    return confusion(found, list(classes)).ordered(order)

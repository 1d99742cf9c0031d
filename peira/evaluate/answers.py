"""What was true, what was predicted and with which scores, as one checked record for all tasks."""

from __future__ import annotations

from typing import Any, Literal, get_args

import msgspec
import numpy as np
from numpy.typing import NDArray

from peira.core.errors import UsageError

Task = Literal[
    "binary", "multiclass", "multilabel", "regression", "ranking", "detection", "segmentation",
    "text",
]  # fmt: skip
TASKS: tuple[Task, ...] = get_args(Task)

_SUM_TOLERANCE = 1e-3


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """The answers of a model to `n` examples, in one order.

    | task | true, predicted | scores |
    |---|---|---|
    | binary | labels, (n,) | of the second class, (n,), or of both, (n, 2) |
    | multiclass | labels, (n,) | of each class, (n, classes) |
    | multilabel | 0 and 1, (n, classes) | of each class, (n, classes) |
    | regression | numbers, (n,) or (n, outputs) | none |
    | ranking | relevance, (n,), from 0 | of each item, (n,); `groups` says which query |
    | detection | boxes of each picture, see `suites/detection.py` | with the boxes |
    | segmentation | class of each pixel, (n, height, width) | none |
    | text | texts, (n,) | none |
    """

    task: Task
    true: Any
    predicted: Any
    scores: NDArray[np.float64] | None = None
    classes: list[Any] = msgspec.field(default_factory=list)
    """All labels, in the order of the columns of `scores`."""
    groups: NDArray[Any] | None = None
    """The query of each item, for ranking."""

    def __len__(self) -> int:
        return len(self.true)


def answers(
    true: Any,
    predicted: Any = None,
    scores: Any = None,
    *,
    task: Task | None = None,
    classes: list[Any] | None = None,
    groups: Any = None,
) -> Answers:
    """Check what was given, and fill in what follows from it: the task, the classes, and the
    predictions that the scores make.

    Raises:
        UsageError: lengths, shapes or labels do not fit each other; says which.

    >>> answers([0, 1, 1], scores=[0.2, 0.9, 0.4]).predicted.tolist()
    [0, 1, 0]
    """
    if task is not None and task not in TASKS:
        raise UsageError(f"{task!r:.60} is no task.", hint=f"Use {', '.join(TASKS)}.")
    if task == "detection":
        return _boxes(true, predicted, scores, classes)
    if task in ("ranking", "text"):
        return _as_given(task, true, predicted, scores, groups)
    true = np.asarray(true)
    table = None if scores is None else np.asarray(scores, dtype=float)
    found = task or guess(true, table)
    if found in ("regression", "segmentation"):
        return _numbers(found, true, predicted, classes)
    if found == "multilabel":
        return _multilabel(true, predicted, table, classes)
    known = _classes(true, predicted, table, classes)
    table = _table(table, len(true), len(known), found)
    if predicted is None:
        if table is None:
            raise UsageError("There are neither predictions nor scores.")
        predicted = np.asarray(known, dtype=true.dtype)[table.argmax(axis=1)]
    predicted = np.asarray(predicted)
    _same_length(true, predicted)
    strange = set(true.tolist()) - set(known)
    if strange:
        raise UsageError(f"The labels {sorted(map(str, strange))[:5]} are not among the classes.")
    return Answers(task=found, true=true, predicted=predicted, scores=table, classes=known)


def guess(true: NDArray[Any], scores: NDArray[np.float64] | None) -> Task:
    """Return the task that true values and scores look like.

    Whole numbers with at most 1,000 different values, booleans and texts are labels; other numbers
    are regression. Two labels are binary.
    """
    if true.ndim == 3:
        return "segmentation"
    if true.ndim == 2 and true.shape[1] > 1 and set(np.unique(true).tolist()) <= {0, 1}:
        return "multilabel"
    if true.dtype.kind == "f" and not (np.mod(true, 1) == 0).all():
        return "regression"
    count = len(np.unique(true.astype(str) if true.dtype.kind == "O" else true))
    if scores is not None and scores.ndim == 2:
        count = max(count, scores.shape[1])
    if true.dtype.kind in "fiu" and scores is None and count > 1_000:
        return "regression"
    return "binary" if count <= 2 else "multiclass"


def _as_given(task: Task, true: Any, predicted: Any, scores: Any, groups: Any) -> Answers:
    if task == "ranking":
        relevance, table = np.asarray(true, dtype=float), np.asarray(scores, dtype=float)
        if groups is None:
            raise UsageError("Ranking wants `groups`: the query of each item.")
        queries = np.asarray(groups)
        for other in (table, queries):
            _same_length(relevance, other)
        return Answers(
            task=task, true=relevance, predicted=table, scores=table[:, None], groups=queries
        )
    if predicted is None:
        raise UsageError(f"The task {task} wants predictions.")
    _same_length(true, predicted)
    return Answers(task=task, true=list(true), predicted=list(predicted))


def _boxes(true: Any, predicted: Any, scores: Any, classes: list[Any] | None) -> Answers:
    from peira.evaluate.boxes import checked

    if predicted is None or scores is not None:
        raise UsageError(
            "Detection wants predictions with their scores in them.",
            hint='y_pred=[{"boxes": […], "labels": […], "scores": […]}, …]',
        )
    _same_length(true, predicted)
    wanted = [checked(p, f"True picture {n}", classes) for n, p in enumerate(true)]
    given = [checked(p, f"Predicted picture {n}", classes) for n, p in enumerate(predicted)]
    bare = next((n for n, picture in enumerate(given) if "scores" not in picture), None)
    if bare is not None:
        raise UsageError(f"Predicted picture {bare}: its boxes have no `scores`.")
    labels = {label for picture in (*wanted, *given) for label in picture["labels"]}
    if len({isinstance(label, str) for label in labels}) > 1:
        raise UsageError(
            "Some labels of boxes are names and some are numbers, so none of them agree.",
            hint="Name all classes in the order of the numbers: classes=[…].",
        )
    known = sorted(labels) if classes is None else list(classes)
    return Answers(task="detection", true=wanted, predicted=given, classes=known)


def _numbers(task: Task, true: NDArray[Any], predicted: Any, classes: list[Any] | None) -> Answers:
    if predicted is None:
        raise UsageError(f"The task {task} wants predictions.")
    predicted = np.asarray(predicted)
    if true.shape != predicted.shape:
        raise UsageError(f"True values have the shape {true.shape}, predictions {predicted.shape}.")
    known = list(classes or [])
    if task == "segmentation" and not known:
        known = np.union1d(true, predicted).tolist()
    return Answers(task=task, true=true, predicted=predicted, classes=known)


def _multilabel(
    true: NDArray[Any], predicted: Any, scores: NDArray[np.float64] | None,
    classes: list[Any] | None,
) -> Answers:  # fmt: skip
    if predicted is None:
        if scores is None:
            raise UsageError("There are neither predictions nor scores.")
        predicted = scores >= 0.5
    predicted = np.asarray(predicted).astype(int)
    for name, table in (("Predictions", predicted), ("Scores", scores)):
        if table is not None and table.shape != true.shape:
            raise UsageError(f"{name} have the shape {table.shape}, true values {true.shape}.")
    known = list(classes or range(true.shape[1]))
    return Answers(
        task="multilabel", true=true.astype(int), predicted=predicted, scores=scores, classes=known
    )


def _classes(
    true: NDArray[Any], predicted: Any, scores: NDArray[np.float64] | None,
    classes: list[Any] | None,
) -> list[Any]:  # fmt: skip
    if classes is not None:
        return list(classes)
    seen = set(true.tolist()) | (
        set() if predicted is None else set(np.asarray(predicted).tolist())
    )
    known = sorted(seen, key=lambda label: (isinstance(label, str), label))
    if scores is not None and scores.ndim == 2 and len(known) != scores.shape[1]:
        width = scores.shape[1]
        if all(isinstance(label, int) and 0 <= label < width for label in known):
            return list(range(width))
        raise UsageError(
            f"Scores have {width} columns, and {len(known)} labels were seen.",
            hint="Name all classes in the order of the columns: classes=[…].",
        )
    return known


def _table(
    scores: NDArray[np.float64] | None, rows: int, classes: int, task: Task
) -> NDArray[np.float64] | None:
    """Return scores as (rows, classes)."""
    if scores is None:
        return None
    if scores.ndim == 1 or (scores.ndim == 2 and scores.shape[1] == 1):
        if task != "binary":
            raise UsageError(f"Scores of {classes} classes must have a column for each.")
        flat = scores.ravel()
        scores = np.column_stack([1 - flat, flat])
    if scores.shape != (rows, max(2, classes)):
        raise UsageError(
            f"Scores have the shape {scores.shape}; {rows} examples and {classes} classes were"
            " expected."
        )
    return scores


def is_probability(scores: NDArray[np.float64]) -> bool:
    """Whether each row of scores sums to 1 and none is negative."""
    return bool((scores >= 0).all() and np.allclose(scores.sum(axis=1), 1, atol=_SUM_TOLERANCE))


def _same_length(true: Any, other: Any) -> None:
    if len(true) != len(other):
        raise UsageError(
            f"There are {len(true)} true values and {len(other)} predictions or scores.",
            hint="Give one for each example, in the same order.",
        )

"""What was true, what was predicted and with which scores, as one checked record for all tasks."""

from __future__ import annotations

from typing import Any, Literal, get_args

import msgspec
import numpy as np
from numpy.typing import NDArray

from peira.core.errors import UsageError
from peira.evaluate import labels
from peira.evaluate.labels import Labels

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
    | segmentation | class of each pixel, (n, height, width); below 0 or no class: left out | none |
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


_LABELS_MAX = 1_000
_FEW = 20
"""Targets such as prices are whole numbers, too: many different ones, and floats as a rule."""


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
    true = _array(true)
    table = None if scores is None else _scores(scores)
    found = task or guess(true, table, predicted, has_classes=classes is not None)
    if found in ("regression", "segmentation"):
        return _numbers(found, true, predicted, classes)
    if found == "multilabel":
        return _multilabel(true, predicted, table, classes)
    return _labelled(task, true, predicted, table, classes)


def _labelled(
    task: Task | None, true: Any, predicted: Any, table: NDArray[np.float64] | None,
    classes: list[Any] | None,
) -> Answers:  # fmt: skip
    given = None if predicted is None else labels.read(predicted, "Predictions")
    true, given, named = labels.made_alike(labels.read(true, "True values"), given, classes)
    if given is not None:
        _same_length(true, given)
    known = _classes(true, given, table, named)
    if task == "binary" and len(known) > 2:
        raise UsageError(f"The task binary has two classes; these are {len(known)}: {known[:5]}.")
    found: Task = task or ("binary" if len(known) <= 2 else "multiclass")
    table = _table(table, len(true), known, found, has_predictions=given is not None)
    if given is None:
        if table is None:
            raise UsageError("There are neither predictions nor scores.")
        given = np.array(known)[table.argmax(axis=1)]
    return Answers(task=found, true=true, predicted=given, scores=table, classes=known)


def guess(
    true: NDArray[Any],
    scores: NDArray[np.float64] | None,
    predicted: Any = None,
    *,
    has_classes: bool = False,
) -> Task:
    """Return the task that true values, scores and predictions look like.

    Booleans, texts and whole numbers are labels, other numbers are regression. So are whole ones
    without scores for which others were predicted; more than 1,000 different ones; and more than
    20, when their type has fractions or they occur less than twice each, and no classes are named.
    Two labels are binary.

    Raises:
        UsageError: what was predicted of two labels are no labels but probabilities.
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
    if true.dtype.kind in "biuf" and scores is None:
        is_rare = true.dtype.kind == "f" or count > len(true) / 2
        if not has_classes and (count > _LABELS_MAX or (count > _FEW and is_rare)):
            return "regression"
        if _has_fractions(predicted):
            if count <= 2 and set(np.unique(true).tolist()) <= {0, 1} and _is_in_unit(predicted):
                raise UsageError(
                    "The true values are 0 and 1, and what was predicted lies between.",
                    hint="Probabilities go to scores=; of numbers say task='regression'.",
                )
            return "regression"
    return "binary" if count <= 2 else "multiclass"


def _has_fractions(predicted: Any) -> bool:
    found = np.asarray(predicted)
    return found.dtype.kind == "f" and not bool((np.mod(found, 1) == 0).all())


def _is_in_unit(predicted: Any) -> bool:
    found = np.asarray(predicted)
    return bool(((found >= 0) & (found <= 1)).all())


def _array(values: Any) -> NDArray[Any]:
    try:
        return np.asarray(values)
    except ValueError:
        raise UsageError(
            "The true values are lists, or pictures, of different sizes.",
            hint="Give an array; boxes want task='detection', several labels a column for each.",
        ) from None


def _scores(scores: Any, what: str = "scores") -> NDArray[np.float64]:
    try:
        table = np.asarray(scores, dtype=float)
    except (TypeError, ValueError):
        raise UsageError(f"The {what} must be numbers, a row an example.") from None
    if not np.isfinite(table).all():
        first = int(np.flatnonzero(~np.isfinite(table).reshape(len(table), -1).all(axis=1))[0])
        raise UsageError(
            f"The {what} of example {first} are not finite: {table[first].ravel()[:5].tolist()}.",
            hint="Leave such samples out, or mend the model.",
        )
    return table[:, 0] if table.ndim == 2 and table.shape[1] == 1 else table


def _as_given(task: Task, true: Any, predicted: Any, scores: Any, groups: Any) -> Answers:
    if task == "ranking":
        if scores is None and predicted is None:
            raise UsageError("Ranking wants the score of each item: scores=.")
        relevance = _scores(true, "relevances")
        table = _scores(predicted if scores is None else scores)
        if relevance.ndim != 1 or table.ndim != 1 or (relevance < 0).any():
            raise UsageError("Ranking wants a relevance of 0 or more, and a score, for each item.")
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
    seen = {label for picture in (*wanted, *given) for label in picture["labels"]}
    if len({isinstance(label, str) for label in seen}) > 1:
        raise UsageError(
            "Some labels of boxes are names and some are numbers, so none of them agree.",
            hint="Name all classes in the order of the numbers: classes=[…].",
        )
    known = sorted(seen) if classes is None else list(classes)
    return Answers(task="detection", true=wanted, predicted=given, classes=known)


def _numbers(task: Task, true: NDArray[Any], predicted: Any, classes: list[Any] | None) -> Answers:
    if predicted is None:
        raise UsageError(f"The task {task} wants predictions.")
    predicted = _array(predicted)
    if task == "regression":
        true, predicted = _finite(true, "True value"), _finite(predicted, "Prediction")
    if true.shape != predicted.shape:
        raise UsageError(f"True values have the shape {true.shape}, predictions {predicted.shape}.")
    known = list(classes or [])
    if task == "segmentation":
        true, predicted, known = _pixels(true, predicted, known)
    return Answers(task=task, true=true, predicted=predicted, classes=known)


def _pixels(
    true: NDArray[Any], predicted: NDArray[Any], known: list[Any]
) -> tuple[NDArray[Any], NDArray[Any], list[Any]]:
    """Return the labels of pixels as whole numbers, and the classes.

    Raises:
        UsageError: they are no whole numbers, or a class was predicted that is none.
    """
    made = []
    for what, values in (("True", true), ("Predicted", predicted)):
        is_whole = values.dtype.kind in "biu" or (
            values.dtype.kind == "f" and bool((np.mod(values, 1) == 0).all())
        )
        if not is_whole:
            raise UsageError(f"{what} classes of pixels must be whole numbers.")
        made.append(values.astype(np.int64))
    true, predicted = made
    if not known:
        known = np.union1d(true[true >= 0], predicted[true >= 0]).tolist()
    codes = list(range(len(known))) if all(isinstance(c, str) for c in known) else known
    strange = np.setdiff1d(predicted[np.isin(true, codes)], codes).tolist()
    if strange:
        raise UsageError(f"The classes {strange[:5]} were predicted, and are not among classes=.")
    nothing = min([0, *codes]) - 1
    return np.where(np.isin(true, codes), true, nothing), predicted, known


def _finite(values: NDArray[Any], what: str) -> NDArray[Any]:
    """Return numbers, of one output in one dimension."""
    try:
        found = values.astype(float) if values.dtype.kind == "O" else values
        is_finite = np.isfinite(found)
    except (TypeError, ValueError):
        raise UsageError(f"{what}s of a regression must be numbers.") from None
    if not is_finite.all():
        first = int(np.argwhere(~is_finite)[0][0])
        raise UsageError(
            f"{what} {first} is not finite: {found[first]}.",
            hint="A mean over it would say nothing; leave such samples out, or mend the model.",
        )
    return found[:, 0] if found.ndim == 2 and found.shape[1] == 1 else found


def _multilabel(
    true: NDArray[Any], predicted: Any, scores: NDArray[np.float64] | None,
    classes: list[Any] | None,
) -> Answers:  # fmt: skip
    if predicted is None:
        if scores is None:
            raise UsageError("There are neither predictions nor scores.")
        _only_probabilities(scores)
        predicted = scores >= 0.5
    predicted = _array(predicted)
    for name, table in (("Predictions", predicted), ("Scores", scores)):
        if table is not None and table.shape != true.shape:
            raise UsageError(f"{name} have the shape {table.shape}, true values {true.shape}.")
    for name, table in (("True values", true), ("Predictions", predicted)):
        if not np.isin(table, (0, 1)).all():
            raise UsageError(
                f"{name} of several labels must be 0 or 1, a column for each class.",
                hint="Probabilities go to scores=.",
            )
    known = list(classes or range(true.shape[1]))
    if len(known) != true.shape[1]:
        raise UsageError(f"There are {len(known)} classes and {true.shape[1]} columns of labels.")
    return Answers(
        task="multilabel", true=true.astype(int), predicted=predicted.astype(int), scores=scores,
        classes=known,
    )  # fmt: skip


def _only_probabilities(scores: NDArray[np.float64]) -> None:
    """Raise unless a score of .5 may be taken for the border between yes and no."""
    if ((scores < 0) | (scores > 1)).any():
        raise UsageError(
            "The scores are no probabilities, so nobody knows from which on they say yes.",
            hint="Give the predictions, too: y_pred=(scores > 0) of logits.",
        )


def _classes(
    true: Labels, predicted: Labels | None, scores: NDArray[np.float64] | None,
    named: list[Any] | None,
) -> list[Any]:  # fmt: skip
    """Return all labels; in the order of the columns of scores, where there are some."""
    seen = set(true.tolist()) | (set() if predicted is None else set(predicted.tolist()))
    if named is not None:
        strange = sorted(set(true.tolist()) - set(named), key=str)
        if strange:
            raise UsageError(f"The labels {strange[:5]} are not among the classes.")
        others = sorted(seen - set(named), key=str)
        if others and scores is not None:
            raise UsageError(f"The predictions {others[:5]} are not among the classes.")
        return named + others
    known = sorted(seen)
    is_number = all(isinstance(label, int) for label in known)
    if scores is None or not known:
        return known
    width = 2 if scores.ndim == 1 else scores.shape[1]
    if len(known) == width or (scores.ndim == 1 and len(known) > 2):
        return known
    if is_number and all(0 <= label < width for label in known):
        is_truth = width == 2 and all(isinstance(label, bool) for label in known)
        return [False, True] if is_truth else list(range(width))
    raise UsageError(
        f"Scores have {width} columns, and {len(known)} labels were seen."
        if scores.ndim == 2
        else f"Scores are of the second of two classes, and only {known[0]!r:.60} was seen.",
        hint="Name all classes in the order of the columns: classes=[…].",
    )


def _table(
    scores: NDArray[np.float64] | None, rows: int, classes: list[Any], task: Task, *,
    has_predictions: bool,
) -> NDArray[np.float64] | None:  # fmt: skip
    """Return scores as (rows, classes)."""
    if scores is None:
        return None
    if scores.ndim == 1:
        if task != "binary":
            raise UsageError(f"Scores of {len(classes)} classes must have a column for each.")
        if not has_predictions:
            _only_probabilities(scores)
        is_share = bool(((scores >= 0) & (scores <= 1)).all())
        scores = np.column_stack([1 - scores if is_share else -scores, scores])
    if scores.shape != (rows, max(2, len(classes))):
        raise UsageError(
            f"Scores have the shape {scores.shape}; {rows} examples and {len(classes)} classes were"
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

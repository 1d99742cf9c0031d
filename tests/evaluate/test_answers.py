"""Answers: what is understood, filled in and refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_diabetes

from peira.core.errors import UsageError
from peira.evaluate import samples
from peira.evaluate.answers import answers, guess
from peira.evaluate.matrix import confusion


@pytest.mark.parametrize(
    ("true", "scores", "task"),
    [
        ([0, 1, 1], None, "binary"),
        (["cat", "dog"], None, "binary"),
        ([True, False], None, "binary"),
        ([0, 1, 2], None, "multiclass"),
        ([0, 1], np.full((2, 3), 1 / 3), "multiclass"),
        ([0.5, 1.5], None, "regression"),
        ([[0, 1], [1, 1]], None, "multilabel"),
        (np.zeros((2, 4, 4), dtype=int), None, "segmentation"),
        (np.arange(2_000), None, "regression"),
        (np.arange(2_000) % 2 == 0, None, "binary"),
        (np.arange(200.0) % 40, None, "regression"),  # prices, years: floats as a rule
        (np.arange(200), None, "regression"),
        (np.arange(200) % 40, None, "multiclass"),
        (np.arange(200.0) % 10, None, "multiclass"),
    ],
)
def test_the_task_is_seen(true: Any, scores: Any, task: str) -> None:
    """Without a word the task follows from the values and the shape of the scores."""
    assert guess(np.asarray(true), scores) == task


def test_predictions_follow_from_scores() -> None:
    """The class with the highest score is predicted, under its own label."""
    found = answers(["b", "a"], scores=[[0.9, 0.1], [0.2, 0.8]], classes=["a", "b"])
    assert found.predicted.tolist() == ["a", "b"] and found.classes == ["a", "b"]


def test_one_column_of_scores_is_of_the_second_class() -> None:
    """Binary scores may come as one number an example."""
    found = answers([0, 1], scores=[0.25, 0.75])
    assert found.scores is not None and found.scores.tolist() == [[0.75, 0.25], [0.25, 0.75]]


def test_columns_stand_for_whole_numbers() -> None:
    """A class that no example has is still one of the columns."""
    assert answers([0, 2], scores=np.eye(4)[[0, 2]]).classes == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"true": [0, 1], "predicted": [0]}, "2 true values and 1 predictions"),
        ({"true": [0, 1]}, "neither predictions nor scores"),
        ({"true": ["a", "b", "c"], "scores": np.ones((3, 4))}, "4 columns, and 3 labels"),
        ({"true": [0, 3], "predicted": [0, 1], "classes": [0, 1]}, r"\[3\] are not among"),
        ({"true": [0, 1], "predicted": [0, 1], "task": "guessing"}, "is no task"),
        ({"true": [0.5], "predicted": [[0.5, 1.0]]}, "shape"),
        ({"true": [1, 0], "scores": [1, 0], "task": "ranking"}, "wants `groups`"),
        ({"true": [1, 0], "task": "ranking", "groups": [0, 0]}, "wants the score of each item"),
        ({"true": [-1, 0], "scores": [1, 0], "task": "ranking", "groups": [0, 0]}, "of 0 or more"),
        ({"true": [0, 1], "predicted": ["0", "1"]}, "predictions are texts: they never agree"),
        ({"true": [0, 1], "predicted": [0.2, 0.9]}, "Probabilities go to scores="),
        ({"true": [0, 1], "predicted": np.eye(2)}, r"shape \(2, 2\)"),
        ({"true": [0, 1, 2], "predicted": [0, 1, 2], "task": "binary"}, "these are 3"),
        ({"true": [0, 1], "scores": [0.1, np.nan]}, "example 1 are not finite"),
        ({"true": [0, 1, 2], "scores": [[0.1] * 3, [np.nan] * 3, [0.2] * 3]}, "example 1"),
        ({"true": [0.5, np.nan], "predicted": [0.5, 1.0]}, "True value 1 is not finite"),
        ({"true": [0.5, 1.0], "predicted": [0.5, np.inf]}, "Prediction 1 is not finite"),
        ({"true": ["a", None], "predicted": ["a", "b"]}, "missing for 1 samples"),
        ({"true": [0, 1], "scores": [-2.0, 3.0]}, r"y_pred=\(scores > 0\)"),
        ({"true": [[0, 1], [1, 0]], "scores": [[-1, 3], [2, -2]]}, "no probabilities"),
        ({"true": [[0, 1], [1, 0]], "predicted": [[0.1, 0.9], [0.8, 0.2]]}, "must be 0 or 1"),
        ({"true": [[0, 1], [1, 0]], "predicted": [[0, 1], [1, 0]], "classes": ["a"]}, "1 classes"),
        ({"true": ["b"], "scores": [0.9]}, "only 'b' was seen"),
        ({"true": [0, 1], "predicted": [0, 1], "classes": [0, 1, 1]}, "named twice"),
        ({"true": [0, 1], "predicted": [0, 1], "classes": ["only"]}, "there are 1 classes"),
        ({"true": [[1, 2], [3]], "predicted": [1, 2]}, "different sizes"),
        ({"true": [[[0, 7]]], "predicted": [[[0, 3]]], "classes": [0, 7]}, r"\[3\] were predicted"),
    ],
)
def test_what_does_not_fit_is_refused(given: dict[str, Any], message: str) -> None:
    """The error says what does not fit what."""
    with pytest.raises(UsageError, match=message):
        answers(**given)


@pytest.mark.parametrize(
    ("given", "labels", "classes"),
    [
        ({"true": [0.0, 1.0], "predicted": [0, 1]}, [0, 1], [0, 1]),
        ({"true": np.uint8([0, 1]), "predicted": [False, True]}, [0, 1], [0, 1]),
        ({"true": [[0], [1]], "predicted": [0, 1]}, [0, 1], [0, 1]),
        ({"true": [True, True], "predicted": [True, True], "scores": [0.9, 0.6]}, [True, True],
         [False, True]),
        ({"true": [1, 1], "scores": [0.9, 0.6]}, [1, 1], [0, 1]),
        ({"true": [0, 1], "predicted": ["cat", "dog"], "classes": ["cat", "dog"]}, ["cat", "dog"],
         ["cat", "dog"]),
        ({"true": [1, 0], "scores": np.eye(3)[[1, 0]], "classes": list("abc")}, ["b", "a"],
         ["a", "b", "c"]),
        ({"true": np.array(["a", "b"], dtype=object), "predicted": ["a", "b"]}, ["a", "b"],
         ["a", "b"]),
    ],
)  # fmt: skip
def test_labels_are_made_alike(
    given: dict[str, Any], labels: list[Any], classes: list[Any]
) -> None:
    """1, 1.0 and True beside numbers are one label, also by name; the missing one of two classes is
    known; all answers are right, in the matrix, too.
    """
    found = answers(**given)
    assert found.true.tolist() == found.predicted.tolist() == labels
    assert found.classes == classes and [type(c) for c in found.classes] == [*map(type, classes)]
    kept = {name: np.array(list(v), dtype=object) for name, v in samples.results(found).items()}
    matrix = confusion(kept, [str(label) for label in found.classes])
    assert matrix.classes == [*map(str, classes)] and np.trace(matrix.counts) == 2


def test_three_classes_are_not_binary() -> None:
    """A class that is named, or was predicted, counts, though no example is of it."""
    assert answers(["a", "b"], ["a", "b"], classes=["a", "b", "c"]).task == "multiclass"
    assert answers(["a", "b"], ["a", "c"]).task == "multiclass"


def test_whole_numbers_for_which_others_were_predicted_are_numbers() -> None:
    """An age of 33 that was predicted as 33.2 is no label."""
    assert answers([33, 40, 50], [33.2, 41.0, 49.5]).task == "regression"


def test_targets_that_are_whole_numbers_are_numbers() -> None:
    """scikit-learn's diabetes has 214 whole numbers of type float; a tree predicts such ones."""
    target = load_diabetes().target
    assert answers(target, target[::-1]).task == "regression"
    assert answers(target, target[::-1], classes=sorted(set(target))).task == "multiclass"


def test_logits_of_two_classes() -> None:
    """With predictions, scores that are no probabilities are kept as they are."""
    found = answers([0, 1], [0, 1], scores=[-2.0, 3.0])
    assert found.scores is not None and found.scores.tolist() == [[2.0, -2.0], [-3.0, 3.0]]

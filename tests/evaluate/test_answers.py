"""Answers: what is understood, filled in and refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from peira.core.errors import UsageError
from peira.evaluate.answers import answers, guess


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
        ({"true": [0, 3], "predicted": [0, 1], "classes": [0, 1]}, r"\['3'\] are not among"),
        ({"true": [0, 1], "predicted": [0, 1], "task": "guessing"}, "is no task"),
        ({"true": [0.5], "predicted": [[0.5]]}, "shape"),
        ({"true": [1, 0], "scores": [1, 0], "task": "ranking"}, "wants `groups`"),
    ],
)
def test_what_does_not_fit_is_refused(given: dict[str, Any], message: str) -> None:
    """The error says what does not fit what."""
    with pytest.raises(UsageError, match=message):
        answers(**given)

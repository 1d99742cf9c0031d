"""Suites: known answers, other implementations, and the evaluator's digest."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, f1_score, log_loss, roc_auc_score

from peira.core.direction import guess_direction
from peira.evaluate import perclass, samples, suites
from peira.evaluate.answers import TASKS, Answers, Task, answers
from peira.evaluate.evaluation import digest_of
from peira.evaluate.suites import areas
from peira.evaluate.suites.segmentation import overlaps


@pytest.fixture(scope="module")
def digits() -> Answers:
    data = load_digits()
    model = LogisticRegression(max_iter=300).fit(data.data[:900] / 16, data.target[:900])
    return answers(data.target[900:], scores=model.predict_proba(data.data[900:] / 16))


def test_classification_agrees_with_scikit_learn(digits: Answers) -> None:
    """Our wrappings of several classes give what scikit-learn's own averages give."""
    found = suites.compute(digits)
    assert found["accuracy"] == (digits.true == digits.predicted).mean()
    assert found["log_loss"] == pytest.approx(log_loss(digits.true, digits.scores))
    expected = roc_auc_score(digits.true, digits.scores, multi_class="ovr", average="macro")
    assert found["auroc"] == pytest.approx(expected)
    assert 0.9 < found["accuracy"] < found["top5_accuracy"] <= 1
    assert 0 < found["calibration_error"] < 0.3


def test_binary_by_hand() -> None:
    """Four answers whose metrics can be counted on the fingers."""
    found = suites.compute(answers([0, 0, 1, 1], scores=[0.1, 0.6, 0.4, 0.9]))
    assert found["accuracy"] == found["precision"] == found["recall"] == found["f1"] == 0.5
    assert found["auroc"] == 0.75
    assert found["brier"] == pytest.approx((0.01 + 0.36 + 0.36 + 0.01) / 4)


@pytest.mark.parametrize("task", TASKS)
def test_the_name_of_each_metric_tells_its_direction(task: Task) -> None:
    """Of what Peira computes nobody has to say whether more or less is better."""
    for metric in suites.suite(task):
        assert guess_direction(f"dev/{metric.name}") == metric.direction, metric.name
    assert guess_direction("dev/iou/lost error") == guess_direction("dev/ap/cat") == "max"
    assert guess_direction("dev/iou_count/cat") is None


def test_a_perfectly_calibrated_model_has_no_error() -> None:
    """Right in 70 % of the cases at a score of 0.7: the calibration error is 0."""
    scores = np.tile([0.3, 0.7], (10, 1))
    found = suites.compute(answers([1] * 7 + [0] * 3, scores=scores))
    assert found["calibration_error"] == pytest.approx(0)


def test_what_is_not_defined_is_nan() -> None:
    """One class only: there is no ROC curve; scores that are no probabilities: no log loss."""
    found = suites.compute(answers([1, 1], [1, 1], [2.5, 3.5], classes=[0, 1]))
    assert math.isnan(found["auroc"]) and "log_loss" not in found
    assert found["accuracy"] == 1.0


def test_regression_by_hand() -> None:
    """Errors of 1, 0 and 2."""
    found = suites.compute(answers([1.5, 2.5, 3.5], [2.5, 2.5, 1.5]))
    assert found["mae"] == 1.0 and found["max_error"] == 2.0
    assert found["rmse"] == pytest.approx((5 / 3) ** 0.5)


def test_multilabel_by_hand() -> None:
    """One of two examples has all labels right; one of four labels is wrong."""
    found = suites.compute(answers([[0, 1], [1, 1]], [[0, 1], [1, 0]]))
    assert found["subset_accuracy"] == 0.5 and found["hamming_loss"] == 0.25


def test_ranking_by_hand() -> None:
    """Two queries: the relevant item is first in one and second in the other."""
    found = suites.compute(
        answers(
            [1, 0, 0, 1], scores=[0.9, 0.1, 0.9, 0.1], task="ranking", groups=["a", "a", "b", "b"]
        )
    )
    assert found["mrr"] == 0.75 and found["recall_10"] == 1.0
    assert found["ndcg_10"] == pytest.approx((1 + 1 / math.log2(3)) / 2)


def test_segmentation_by_hand() -> None:
    """Half of one class is taken for the other."""
    true = np.array([[[0, 0, 1, 1]]])
    given = answers(true, np.array([[[0, 0, 0, 1]]]), task="segmentation")
    assert overlaps(given).tolist() == [2 / 3, 1 / 2]
    found = suites.compute(given)
    assert found["mean_iou"] == pytest.approx(7 / 12) and found["pixel_accuracy"] == 0.75


def test_text_by_hand() -> None:
    """Exact, equal but for case and articles, and partly right."""
    found = suites.compute(
        answers(["a cat", "The dog.", "big red bus"], ["a cat", "dog", "red bus"], task="text")
    )
    assert found["exact_match"] == pytest.approx(1 / 3)
    assert found["normalised_match"] == pytest.approx(2 / 3)
    assert found["token_f1"] == pytest.approx((1 + 1 + 0.8) / 3)


@pytest.mark.parametrize("task", TASKS)
def test_names_are_unique_and_the_evaluator_has_a_digest(task: str) -> None:
    """No two metrics of a task share a name; the digest is the same each time."""
    names = [metric.name for metric in suites.suite(task)]  # type: ignore[arg-type]
    assert len(names) == len(set(names))
    assert suites.evaluator(task) == suites.evaluator(task)  # type: ignore[arg-type]


def test_evaluators_of_tasks_differ() -> None:
    """Numbers of two tasks are never of one kind."""
    assert len({suites.evaluator(task) for task in TASKS}) == len(TASKS)


def test_areas_are_those_of_scikit_learn() -> None:
    """Also where many scores are equal, and where all are."""
    rng = np.random.default_rng(0)
    for scores in (rng.random(500), rng.integers(0, 5, 500) / 5, np.ones(500)):
        positive = rng.random(500) < 0.2
        assert areas.roc_auc(positive, scores) == pytest.approx(roc_auc_score(positive, scores))
        wanted = average_precision_score(positive, scores)
        assert areas.average_precision(positive, scores) == pytest.approx(wanted)


def test_masks_have_an_overlap_of_each_class() -> None:
    """Of the classes that occur; the mean is over them."""
    true, given = np.array([[[0, 0], [1, 1]]]), np.array([[[0, 1], [1, 1]]])
    found = suites.compute(answers(true, given, classes=[0, 1, 2]))
    assert found["iou/0"] == 0.5 and found["iou/1"] == pytest.approx(2 / 3)
    assert "iou/2" not in found and found["mean_iou"] == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_the_order_of_equal_scores_says_nothing() -> None:
    """A model that gives every item one score is as good as chance, wherever relevant items stand;
    means over all orders, counted.
    """
    rng = np.random.default_rng(0)
    for relevant, items in ((1, 4), (3, 14), (2, 30)):
        true = np.arange(items) < relevant
        scores = rng.integers(0, 3, items)
        orders = [rng.permutation(items) for _ in range(4_000)]
        ranked = [true[order][np.argsort(-scores[order], kind="stable")] for order in orders]
        for given in (true, true[::-1]):
            same = scores if given is true else scores[::-1]
            found = suites.compute(
                answers(given, scores=same, task="ranking", groups=np.zeros(items))
            )
            mrr = np.mean([1 / (1 + np.flatnonzero(one)[0]) for one in ranked])
            recall = np.mean([one[:10].sum() / relevant for one in ranked])
            assert found["mrr"] == pytest.approx(mrr, abs=0.02)
            assert found["recall_10"] == pytest.approx(recall, abs=0.02)


@pytest.mark.parametrize("classes", [[0, 1], ["sky", "road"], None])
def test_pixels_of_no_class_are_left_out(classes: list[Any] | None) -> None:
    """Where nobody said what a pixel is (-1; 255 when classes are named), nothing is counted."""
    void = -1 if classes is None else 255
    true = np.array([[[0, 1], [void, 1]], [[void, void], [void, void]]])
    given = np.array([[[0, 1], [0, 0]], [[1, 1], [0, 0]]])
    read = answers(true, given, classes=classes)
    found = suites.compute(read)
    assert found["pixel_accuracy"] == pytest.approx(2 / 3) and found["mean_iou"] == 0.5
    assert len(read.classes) == 2 and len([name for name in found if "/" in name]) == 2
    kept = samples.results(read)
    assert kept["loss"][0] == pytest.approx(1 / 3) and kept["loss"][1] is None
    rows = perclass.of_pixels(
        {name: np.array(list(v), dtype=object) for name, v in kept.items()},
        [str(label) for label in read.classes],
    )
    assert [(r.support, r.predicted, r.right) for r in rows] == [(1, 2, 1), (2, 1, 1)]


def test_a_class_that_is_nowhere_does_not_count() -> None:
    """Perfect answers have perfect means over classes, with scores of more classes or without; all
    of them are those of scikit-learn.
    """
    true = np.array([0, 2, 2, 0, 3])
    for given in (answers(true, true), answers(true, scores=np.eye(5)[true])):
        found = suites.compute(given)
        assert found["f1_macro"] == found["recall_macro"] == found["precision_macro"] == 1.0
    predicted = np.array([0, 2, 1, 0, 0])
    found = suites.compute(answers(true, predicted))
    for average in ("macro", "weighted"):
        wanted = f1_score(true, predicted, average=average, zero_division=0)
        assert found[f"f1_{average}"] == pytest.approx(wanted)


def test_masks_that_leave_out_other_pixels_are_of_other_labels() -> None:
    """Which pixels are left out is a part of the true values; a class that a model invents is not,
    nor is -1 where it is the name of a class.
    """
    true = np.array([[[0, 1], [255, -1]]])
    every = answers(true, np.zeros_like(true), classes=[0, 1, 255, -1])
    some = answers(true, np.zeros_like(true), classes=[0, 1])
    invented = answers(true, np.full_like(true, 7), classes=[0, 1, 7])
    labels = [digest_of(["a"], one.true) for one in (every, some, invented)]
    assert labels[0] != labels[1] == labels[2]
    assert suites.compute(every)["pixel_accuracy"] == 0.25
    assert suites.compute(some)["pixel_accuracy"] == 0.5

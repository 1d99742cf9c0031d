"""Results down to the sample: what is kept of each example, exact; damage; what is comparable."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from peira.core.errors import DamagedError, UsageError
from peira.evaluate import samples
from peira.evaluate.answers import answers
from peira.evaluate.evaluation import Place, digests, evaluate
from peira.evaluate.opened import Opened
from peira.objects.folder import FolderObjects


@pytest.fixture
def objects(tmp_path: Path) -> FolderObjects:
    return FolderObjects(tmp_path / "objects")


def names(count: int) -> list[str]:
    return [f"{n:032x}" for n in range(count)]


def test_each_example_is_kept(objects: FolderObjects) -> None:
    """Label, prediction, correctness, both scores and the loss of each example come back."""
    found = answers(["a", "b", "b"], scores=[[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]])
    kept = samples.read(objects, samples.write(objects, names(3), found, {"size": [1, 2, None]}))
    assert kept["id"].tolist() == names(3)
    assert kept["true"].tolist() == ["a", "b", "b"]
    assert kept["predicted"].tolist() == ["a", "b", "a"]
    assert kept["correct"].tolist() == [True, True, False]
    assert kept["score"].tolist() == [0.9, 0.8, 0.7]
    assert kept["true_score"].tolist() == [0.9, 0.8, 0.3]
    assert kept["loss"].tolist() == pytest.approx([-math.log(0.9), -math.log(0.8), -math.log(0.3)])
    assert kept["size"].tolist() == [1, 2, None]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(values=st.lists(st.floats(width=64, allow_nan=False, allow_infinity=False), min_size=1))
def test_numbers_come_back_exact(objects: FolderObjects, values: list[float]) -> None:
    """True values and predictions of a regression are the same doubles."""
    true = [value + 0.0 for value in values]
    found = answers(true, values[::-1], task="regression")
    kept = samples.read(objects, samples.write(objects, names(len(true)), found))
    assert kept["true"].tolist() == true and kept["predicted"].tolist() == values[::-1]


@pytest.mark.parametrize(
    ("given", "loss"),
    [
        ({"true": [[0, 1], [1, 1]], "predicted": [[0, 1], [1, 0]]}, [0, 0.5]),
        ({"true": [0, 1], "predicted": [0, 0]}, [0, 1]),
        ({"true": ["red bus"], "predicted": ["bus"], "task": "text"}, [1 / 3]),
        (
            {"true": np.zeros((1, 2, 2), int), "predicted": np.array([[[0, 0], [0, 1]]])},
            [0.25],
        ),
    ],
)
def test_the_loss_of_one_example(
    objects: FolderObjects, given: dict[str, Any], loss: list[float]
) -> None:
    """Each task has a loss of one example, by which the worst come first."""
    found = answers(**given)
    kept = samples.read(objects, samples.write(objects, names(len(loss)), found))
    assert kept["loss"].tolist() == pytest.approx(loss)


def test_scores_come_back(objects: FolderObjects) -> None:
    """All scores are kept as float32."""
    scores = np.random.default_rng(0).dirichlet(np.ones(5), 20)
    kept = samples.read_scores(objects, samples.write_scores(objects, scores))
    assert kept.dtype == np.float32 and np.array_equal(kept, scores.astype(np.float32))


def test_damage_is_found(objects: FolderObjects) -> None:
    """A flipped bit is an error, never another result."""
    digest = samples.write(objects, names(2), answers([0, 1], [0, 1]))
    path = objects.path(digest)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(DamagedError):
        samples.read(objects, digest)


def test_the_event_says_what_was_evaluated(objects: FolderObjects) -> None:
    """Metrics, digests and objects stand in one event; NaN is data."""
    place = Place(name="dev", step=3, dataset="pets:v2", split="main/dev")
    event = evaluate(objects, place, names(2), answers([1, 1], [1, 0], classes=[0, 1]))
    assert event.metrics["accuracy"] == 0.5 and event.rows == 2 and event.name == "dev"
    assert event.dataset == "pets:v2" and event.samples is not None
    assert objects.exists(event.samples) and event.classes == ["0", "1"]


def test_the_same_examples_in_another_order_are_comparable() -> None:
    """Digests of ids and labels do not depend on the order, but on every id and label."""
    first = digests(["a", "b", "c"], answers([0, 1, 2], [0, 0, 0]))
    moved = digests(["c", "a", "b"], answers([2, 0, 1], [0, 0, 0]))
    assert first == moved
    other = digests(["a", "b", "c"], answers([0, 2, 2], [0, 0, 0]))
    assert first.ids == other.ids and first.labels != other.labels
    assert digests(["a", "b", "d"], answers([0, 1, 2], [0, 0, 0])).ids != first.ids


@pytest.mark.parametrize("ids", [["a"], ["a", "a"]])
def test_ids_are_one_for_each(objects: FolderObjects, ids: list[str]) -> None:
    """Missing or double ids are refused."""
    with pytest.raises(UsageError, match=r"[Ii]ds"):
        evaluate(objects, Place(name="dev"), ids, answers([0, 1], [0, 1]))


def test_a_threshold_is_met_by_the_score_that_it_names(objects: FolderObjects) -> None:
    """Scores are kept as float32, in which .9 is a little less: it still counts as .9."""
    given = answers([0, 1, 1], scores=[0.1, 0.9, 0.8])
    event = evaluate(objects, Place(name="dev"), names(3), given)
    found = Opened(objects, event).at(None, 0.9)
    assert (found.true_positive, found.false_negative, found.threshold) == (1, 1, 0.9)

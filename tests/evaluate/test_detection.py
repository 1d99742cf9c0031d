"""Object detection: COCO's average precision by hand and against pycocotools; what is kept."""

from __future__ import annotations

import contextlib
import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from peira.core.errors import UsageError
from peira.evaluate import samples, suites
from peira.evaluate.answers import Answers, answers
from peira.objects.folder import FolderObjects

Picture = dict[str, Any]


def detection(true: list[Picture], predicted: list[Picture], **options: Any) -> Answers:
    return answers(true, predicted, task="detection", **options)


def box(*corners: float, label: Any = "cat") -> Picture:
    return {"boxes": [list(corners)], "labels": [label]}


def test_a_box_found_and_a_box_missed() -> None:
    """Of two cats one is found exactly: precision is 1 up to a recall of one half, and COCO reads
    it at 51 of 101 recalls."""
    true = {"boxes": [[0, 0, 10, 10], [20, 20, 30, 30]], "labels": ["cat", "cat"]}
    found = suites.compute(detection([true], [box(0, 0, 10, 10) | {"scores": [0.9]}]))
    names = ("map", "ap_50", "ap_75", "ap/cat", "recall_100")
    assert [found[name] for name in names] == pytest.approx([51 / 101] * 4 + [0.5])


def test_overlap_decides() -> None:
    """A box that overlaps by 0.6 counts at the thresholds .50, .55 and .60."""
    found = suites.compute(detection([box(0, 0, 10, 10)], [box(0, 0, 10, 6) | {"scores": [1]}]))
    assert found["ap_50"] == pytest.approx(1) and found["ap_75"] == 0
    assert found["map"] == pytest.approx(0.3) and found["recall_100"] == pytest.approx(0.3)


def test_nothing_to_find_is_nan() -> None:
    """Without a true box no precision is defined."""
    found = suites.compute(
        detection([{"boxes": [], "labels": []}], [box(0, 0, 1, 1) | {"scores": [1]}])
    )
    assert all(math.isnan(value) for value in found.values()) and "map" in found


def made(seed: int, *, pictures: int = 15) -> tuple[list[Picture], list[Picture]]:
    """Pictures with boxes of three classes, crowds too, and a detector that moves, misses, doubles
    and invents them, with scores of which some are equal."""
    rng = np.random.default_rng(seed)
    true, predicted = [], []
    for _ in range(pictures):
        count = int(rng.integers(0, 12))
        start = rng.uniform(0, 300, (count, 2))
        corners = np.hstack([start, start + rng.uniform(5, 150, (count, 2))])
        labels = rng.integers(0, 3, count)
        true.append({"boxes": corners.tolist(), "labels": labels.tolist(),
                     "crowd": (rng.uniform(size=count) < 0.15).tolist()})  # fmt: skip
        kept = np.flatnonzero(rng.uniform(size=count) < 0.85)
        kept = np.concatenate([kept, kept[: len(kept) // 3]])
        moved = corners[kept] + rng.normal(0, 4, (len(kept), 4))
        invented = rng.uniform(0, 200, (int(rng.integers(0, 400)), 2))
        moved = np.vstack([moved, np.hstack([invented, invented + 40])])
        moved[:, 2:] = np.maximum(moved[:, 2:], moved[:, :2] + 1)
        named = np.concatenate([labels[kept], rng.integers(0, 3, len(invented))])
        predicted.append({"boxes": moved.tolist(), "labels": named.tolist(),
                          "scores": rng.uniform(size=len(moved)).round(2).tolist()})  # fmt: skip
    return true, predicted


def by_pycocotools(true: list[Picture], predicted: list[Picture]) -> list[float]:
    """The same numbers from the reference: AP, AP50, AP75, AR of 100, then AP of each class."""
    coco = pytest.importorskip("pycocotools.coco")
    evaluation = pytest.importorskip("pycocotools.cocoeval")
    regions, found = [], []
    for image, (wanted, given) in enumerate(zip(true, predicted, strict=True), 1):
        for (x1, y1, x2, y2), label, crowd in zip(
            *(wanted[k] for k in ("boxes", "labels", "crowd")), strict=True
        ):
            regions.append({"id": len(regions) + 1, "image_id": image, "category_id": label + 1,
                            "bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1),
                            "iscrowd": int(crowd)})  # fmt: skip
        for (x1, y1, x2, y2), label, score in zip(
            *(given[k] for k in ("boxes", "labels", "scores")), strict=True
        ):
            found.append({"image_id": image, "category_id": label + 1, "score": score,
                          "bbox": [x1, y1, x2 - x1, y2 - y1]})  # fmt: skip
    with contextlib.redirect_stdout(io.StringIO()):
        reference = coco.COCO()
        reference.dataset = {
            "info": {}, "annotations": regions,
            "images": [{"id": n} for n in range(1, len(true) + 1)],
            "categories": [{"id": n, "name": str(n)} for n in (1, 2, 3)],
        }  # fmt: skip
        reference.createIndex()
        judge = evaluation.COCOeval(reference, reference.loadRes(found), "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    precision = judge.eval["precision"][:, :, :, 0, 2]
    each = [precision[:, :, c].mean() for c in range(3)]
    return [*(float(judge.stats[n]) for n in (0, 1, 2, 8)), *map(float, each)]


@pytest.mark.parametrize("seed", range(4))
def test_numbers_are_those_of_pycocotools(seed: int) -> None:
    """With crowds, doubles, equal scores and more than 100 boxes of a class: the same to 1e-12."""
    true, predicted = made(seed)
    found = suites.compute(detection(true, predicted))
    names = ("map", "ap_50", "ap_75", "recall_100", "ap/0", "ap/1", "ap/2")
    expected = by_pycocotools(true, predicted)
    assert [found[name] for name in names] == pytest.approx(expected, abs=1e-12)


def test_each_metric_alone_is_the_same() -> None:
    """The suite names what `compute` returns."""
    given = detection(*made(1, pictures=3))
    found = suites.compute(given)
    for metric in suites.suite("detection"):
        assert metric.compute(given) == found[metric.name]


def test_each_picture_has_a_loss(tmp_path: Path) -> None:
    """1 minus F1 at half overlap: all found, one of two found with one too many, nothing asked."""
    two = {"boxes": [[0, 0, 10, 10], [20, 20, 30, 30]], "labels": ["cat", "dog"]}
    nothing: Picture = {"boxes": [], "labels": []}
    false = {"boxes": [[0, 0, 10, 10], [20, 20, 30, 30]], "labels": ["cat", "cat"]}
    given = detection(
        [two, two, nothing, nothing],
        [p | {"scores": [0.5] * len(p["labels"])} for p in (two, false, nothing, two)],
    )
    objects = FolderObjects(tmp_path)
    kept = samples.read(objects, samples.write(objects, list("abcd"), given))
    assert kept["loss"].tolist() == [0, 0.5, 0, 1]
    assert kept["correct"].tolist() == [True, False, True, False]
    assert '"labels":["cat","dog"]' in kept["true"][0]


def test_numbers_of_classes_become_names() -> None:
    """A model that predicts places in `classes` is compared with data that has names."""
    predicted = [box(0, 0, 10, 10, label=np.int64(1)) | {"scores": np.array([0.9])}]
    given = detection([box(0, 0, 10, 10)], predicted, classes=["dog", "cat"])
    assert suites.compute(given)["map"] == pytest.approx(1)
    with pytest.raises(UsageError, match="names and some are numbers"):
        detection([box(0, 0, 10, 10)], predicted)


@pytest.mark.parametrize(
    ("predicted", "told"),
    [
        (box(0, 0, 1, 1), "picture 0: its boxes have no `scores`"),
        (box(0, 0, 1, 1) | {"scores": [1, 2]}, "1 boxes and 2 scores"),
        (box(5, 0, 1, 1) | {"scores": [1]}, "ends before it begins"),
        (box(0, 0, 1, 1) | {"scores": [math.nan]}, "not finite"),
        (box(0, 0, 1) | {"scores": [1]}, "four numbers"),
        ([0, 0, 1, 1], "were expected"),
    ],
)
def test_wrong_boxes_are_told(predicted: Any, told: str) -> None:
    """What cannot be boxes is refused, with the picture and what is wrong."""
    with pytest.raises(UsageError, match=told):
        detection([box(0, 0, 1, 1)], [predicted])

"""Numbers of each class where there is no confusion matrix: several labels, boxes, pixels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec
import numpy as np

from peira.evaluate.boxes import FOUND_AT, match, pairs
from peira.evaluate.matrix import ClassRow
from peira.evaluate.samples import Results


def of_several(results: Results, classes: Sequence[str]) -> list[ClassRow]:
    """Return the numbers of each class of a multi-label task: it was given, or not."""
    true = [msgspec.json.decode(text) for text in results["true"].tolist()]
    given = [msgspec.json.decode(text) for text in results["predicted"].tolist()]
    support, predicted, right = _nothing(), _nothing(), _nothing()
    for wanted, got in zip(true, given, strict=True):
        for label in wanted:
            support[label] += 1
            right[label] += label in got
        for label in got:
            predicted[label] += 1
    return [class_row(name, support[name], predicted[name], right[name]) for name in classes]


def of_boxes(results: Results, classes: Sequence[str]) -> list[ClassRow]:
    """Return the numbers of each class of a detection: `support` counts true boxes, `predicted`
    boxes of any score, `right` those that overlap a free true one by `FOUND_AT`.
    """
    support, predicted, right = _nothing(), _nothing(), _nothing()
    threshold = np.array([FOUND_AT])
    for true, given in zip(results["true"].tolist(), results["predicted"].tolist(), strict=True):
        both = msgspec.json.decode(true), msgspec.json.decode(given)
        for label, wanted, got in pairs(*both):
            matches, name = match(got, wanted, threshold), str(label)
            support[name] += int((~wanted.is_crowd).sum())
            predicted[name] += int((~matches.is_ignored).sum())
            right[name] += int(matches.is_right.sum())
    return [class_row(name, support[name], predicted[name], right[name]) for name in classes]


def of_pixels(results: Results, classes: Sequence[str]) -> list[ClassRow]:
    """Return the numbers of each class of a segmentation, in pixels; none of results that were kept
    before their pixels were counted.
    """
    support, predicted, right = _nothing(), _nothing(), _nothing()
    for true, given in zip(results["true"].tolist(), results["predicted"].tolist(), strict=True):
        if true is None:
            return []
        for label, count in msgspec.json.decode(true).items():
            support[label] += count
        for label, (count, hits) in msgspec.json.decode(given).items():
            predicted[label] += count
            right[label] += hits
    return [class_row(name, support[name], predicted[name], right[name]) for name in classes]


def _nothing() -> Counter[str]:
    """Counts by class, also of one that is beyond the classes that are shown."""
    return Counter()


def class_row(label: str, support: int, predicted: int, right: int) -> ClassRow:
    """Return what follows from three counts.

    >>> class_row("cat", 4, 2, 1).recall
    0.25
    """
    return ClassRow(
        label=label,
        support=support,
        predicted=predicted,
        right=right,
        precision=right / predicted if predicted else None,
        recall=right / support if support else None,
        f1=2 * right / (support + predicted) if support + predicted else None,
    )

"""Boxes in pictures: what was given, checked; and which predicted box finds which true one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from peira.core.errors import UsageError

FOUND_AT = 0.5
"""The overlap from which a box counts as found, where one must be chosen."""


class Boxes(NamedTuple):
    """The boxes of one class in one picture."""

    corners: NDArray[np.float64]
    """(boxes, 4): left, top, right, bottom."""
    scores: NDArray[np.float64]
    is_crowd: NDArray[np.bool_]

    def first(self, count: int) -> Boxes:
        """Return the first `count` boxes."""
        return Boxes(self.corners[:count], self.scores[:count], self.is_crowd[:count])


class Matches(NamedTuple):
    """What came of predicted boxes, each (thresholds, boxes)."""

    is_right: NDArray[np.bool_]
    is_ignored: NDArray[np.bool_]
    """It lies on a crowd: neither right nor wrong."""


def checked(given: Any, place: str, classes: Sequence[Any] | None = None) -> dict[str, Any]:
    """Return the boxes of one picture as plain lists.

    Args:
        given: `boxes` (left, top, right, bottom each) and `labels`; predicted ones with `scores`,
            true ones may have `crowd`.
        classes: names, by which whole numbers among the labels are replaced.

    Raises:
        UsageError: lengths or numbers do not fit.
    """
    if not isinstance(given, Mapping) or "boxes" not in given or "labels" not in given:
        raise UsageError(
            f"{place}: boxes of a picture were expected, not {given!r:.60}.",
            hint='Give {"boxes": [[left, top, right, bottom], …], "labels": […], "scores": […]}.',
        )
    try:
        corners = np.asarray(given["boxes"], dtype=float).reshape(len(given["boxes"]), 4)
    except (TypeError, ValueError):
        raise UsageError(f"{place}: each of its boxes must be four numbers.") from None
    labels = [_label(label, classes) for label in given["labels"]]
    found: dict[str, Any] = {"boxes": corners.tolist(), "labels": labels}
    for name, plain in (("scores", float), ("crowd", bool)):
        if given.get(name) is not None:
            found[name] = [plain(value) for value in given[name]]
    for name, values in found.items():
        if len(values) != len(corners):
            raise UsageError(f"{place}: there are {len(corners)} boxes and {len(values)} {name}.")
    is_finite = np.isfinite(corners).all() and np.isfinite(found.get("scores", [])).all()
    if not is_finite or (corners[:, 2:] < corners[:, :2]).any():
        raise UsageError(
            f"{place}: a box ends before it begins, or has a number that is not finite.",
            hint="Corners are left, top, right, bottom.",
        )
    return found


def _label(label: Any, classes: Sequence[Any] | None) -> Any:
    plain = label.item() if hasattr(label, "item") else label
    is_place = isinstance(plain, int) and classes is not None and plain not in classes
    if is_place and classes is not None and 0 <= plain < len(classes):
        return classes[plain]
    return plain


def by_class(picture: Mapping[str, Any]) -> dict[Any, Boxes]:
    """Return the boxes of a picture, as `checked` returns them, by label, best scores first."""
    labels = picture["labels"]
    count = len(labels)
    corners = np.asarray(picture["boxes"], dtype=float).reshape(-1, 4)
    scores = np.asarray(picture.get("scores", np.ones(count)), dtype=float)
    is_crowd = np.asarray(picture.get("crowd", np.zeros(count)), dtype=bool)
    rows: dict[Any, list[int]] = {}
    for row in np.argsort(-scores, kind="stable").tolist():
        rows.setdefault(labels[row], []).append(row)
    return {label: Boxes(corners[own], scores[own], is_crowd[own]) for label, own in rows.items()}


def overlaps(predicted: Boxes, true: Boxes) -> NDArray[np.float64]:
    """Return intersection over union of each pair, (predicted, true); with a crowd it is the share
    of the predicted box that lies on it.
    """
    left, right = predicted.corners[:, None], true.corners[None]
    sides = np.minimum(left[..., 2:], right[..., 2:]) - np.maximum(left[..., :2], right[..., :2])
    both = sides.clip(0).prod(axis=2)
    own, other = _areas(predicted.corners), _areas(true.corners)
    either = np.where(true.is_crowd[None], own[:, None], own[:, None] + other[None] - both)
    shares: NDArray[np.float64] = np.divide(both, either, out=np.zeros_like(both), where=either > 0)
    return shares


def _areas(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    areas: NDArray[np.float64] = (corners[:, 2:] - corners[:, :2]).prod(axis=1)
    return areas


def match(predicted: Boxes, true: Boxes, thresholds: NDArray[np.float64]) -> Matches:
    """Give each predicted box, best scores first, the true one that it overlaps most and that is
    free; a crowd is never used up.

    Source: COCOeval.evaluateImg of pycocotools, whose ties are kept: of equal overlaps the later.
    """
    count, shape = len(true.corners), (len(thresholds), len(predicted.corners))
    is_right, is_ignored = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    if not count:
        return Matches(is_right, is_ignored)
    least = np.minimum(thresholds, 1 - 1e-10)[:, None]
    is_free = np.repeat(~true.is_crowd[None], len(thresholds), axis=0)
    has_crowd = bool(true.is_crowd.any())
    every = np.arange(len(thresholds))
    table = overlaps(predicted, true)
    for box in np.flatnonzero(table.max(axis=1) >= least.min()).tolist():
        reaches = table[box] >= least  # (thresholds, true)
        fitting = np.where(reaches & is_free, table[box], -1)
        best = count - 1 - fitting[:, ::-1].argmax(axis=1)
        found = fitting[every, best] >= 0
        is_free[every[found], best[found]] = False
        is_right[:, box] = found
        if has_crowd:
            is_ignored[:, box] = ~found & (reaches & true.is_crowd).any(axis=1)
    return Matches(is_right, is_ignored)


NONE = Boxes(np.empty((0, 4)), np.empty(0), np.empty(0, dtype=bool))


def pairs(
    true: Mapping[str, Any], predicted: Mapping[str, Any]
) -> Iterator[tuple[Any, Boxes, Boxes]]:
    """Yield each label of a picture with its true and its predicted boxes."""
    wanted, given = by_class(true), by_class(predicted)
    for label in dict.fromkeys([*wanted, *given]):
        yield label, wanted.get(label, NONE), given.get(label, NONE)


def picture_f1(true: Mapping[str, Any], predicted: Mapping[str, Any]) -> float:
    """Return F1 of the boxes of one picture: found is what overlaps by `FOUND_AT` and has the
    same label. 1 when there is nothing, and nothing was predicted.
    """
    right = count = 0
    for _, wanted, given in pairs(true, predicted):
        matches = match(given, wanted, np.array([FOUND_AT]))
        right += int(matches.is_right.sum())
        count += int((~wanted.is_crowd).sum()) + int((~matches.is_ignored).sum())
    return 2 * right / count if count else 1.0

"""Confusion matrices: counts, per-class numbers, orders, differences."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from peira.evaluate.matrix import Matrix, confusion

LABELS = ["a", "b", "c", "d"]


def results(true: list[str], predicted: list[str]) -> dict[str, np.ndarray]:
    return {
        "true": np.array(true, dtype=object),
        "predicted": np.array(predicted, dtype=object),
    }


@given(pairs=st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1))
def test_counts_and_classes_are_those_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    """The matrix and the per-class numbers agree with another implementation."""
    true, given_ = [t for t, _ in pairs], [p for _, p in pairs]
    found = confusion(results(true, given_), LABELS)
    assert np.array_equal(found.counts, confusion_matrix(true, given_, labels=LABELS))
    precision, recall, f1, support = precision_recall_fscore_support(
        true, given_, labels=LABELS, zero_division=0
    )
    for i, row in enumerate(found.per_class()):
        assert (row.precision or 0) == precision[i] and (row.recall or 0) == recall[i]
        assert abs((row.f1 or 0) - f1[i]) < 1e-12 and row.support == support[i]
        assert (row.precision is None) == (row.predicted == 0)


@given(pairs=st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1))
def test_another_order_holds_the_same_counts(pairs: list[tuple[str, str]]) -> None:
    """Ordering moves rows and columns together and loses nothing."""
    matrix = confusion(results([t for t, _ in pairs], [p for _, p in pairs]), LABELS)
    for order in ("label", "confusion"):
        moved = matrix.ordered(order)
        assert sorted(moved.classes) == LABELS
        for i, label in enumerate(moved.classes):
            for j, other in enumerate(moved.classes):
                before = matrix.counts[LABELS.index(label), LABELS.index(other)]
                assert moved.counts[i, j] == before


def test_what_is_confused_stands_together() -> None:
    """Two pairs of classes that are taken for each other come out side by side."""
    counts = np.diag([50] * 4)
    counts[0, 3] = counts[3, 0] = counts[1, 2] = counts[2, 1] = 20
    counts[0, 1] = counts[1, 3] = 1
    order = Matrix(classes=LABELS, counts=counts).ordered("confusion").classes
    assert abs(order.index("a") - order.index("d")) == 1
    assert abs(order.index("b") - order.index("c")) == 1


def test_numbers_are_ordered_by_value() -> None:
    """Class 10 comes after class 9."""
    labels = ["10", "9", "cat"]
    matrix = Matrix(classes=labels, counts=np.zeros((3, 3), dtype=np.int64))
    assert matrix.ordered("label").classes == ["9", "10", "cat"]


def test_labels_that_nobody_named_come_after() -> None:
    """A label outside the list is counted, not lost."""
    found = confusion(results(["a", "z"], ["a", "a"]), ["b", "a"])
    assert found.classes == ["b", "a", "z"] and found.counts.sum() == 2

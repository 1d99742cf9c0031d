"""Checks: what is planted is found, what is clean is left alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits

from peira.data import assign
from peira.data.checks import View, check
from peira.data.checks._base import Origin
from peira.data.rows import row_ids
from tests.data_versions.worlds import SHARES, find, view

DIGITS = load_digits()


def digits(x: Any = None, y: Any = None, **options: Any) -> View:
    return view(
        {"X": DIGITS.data if x is None else x, "y": DIGITS.target if y is None else y}, **options
    )


def planted(copies: Any, count: int) -> View:
    """Digits whose last `count` rows, all of them in test, are made from training rows."""
    x = np.vstack([DIGITS.data, copies])
    y = np.concatenate([DIGITS.target, DIGITS.target[:count]])
    n = len(DIGITS.data)
    parts = {"train": np.arange(1_200), "test": np.arange(1_200, n + count)}
    return digits(x, y, parts=parts)


@pytest.mark.parametrize("seed", range(2))
def test_clean_data_raise_no_alarm(seed: int) -> None:
    """Real digits, split at random: no leak of any kind is found, at any seed."""
    seen = digits(seed=seed)
    for name in ("duplicates", "conflicting-labels", "near-duplicates", "group-leak",
                 "time-leak", "label-leak", "split-drift"):  # fmt: skip
        assert [found for found in find(seen, name) if found.action != "note"] == [], name


def test_exact_copies_are_all_found() -> None:
    """100 % of the planted copies are named with their twin, and they block."""
    seen = planted(DIGITS.data[:30], 30)
    (found,) = find(seen, "duplicates")
    assert found.count == 30 and found.action == "block"
    assert set(found.twins) == {id.decode() for id in seen.ids[:30].tolist()}


def test_texts_are_equal_whatever_their_case_and_blanks() -> None:
    """Texts are compared in lower case without doubled blanks."""
    texts = np.array(["A  cat", "a dog", "a cat", "x"], dtype=object)
    parts = {"train": np.array([0, 1]), "test": np.array([2, 3])}
    (found,) = find(view({"text": texts}, parts=parts), "duplicates")
    assert found.count == 1


@pytest.mark.parametrize(("noise", "least"), [(0.25, 1.0), (0.5, 0.9)])
def test_light_noise_does_not_hide_a_copy(noise: float, least: float) -> None:
    """Copies with light noise are found, and no clean row with them."""
    rng = np.random.default_rng(1)
    copies = DIGITS.data[:60] + noise * rng.standard_normal((60, 64))
    seen = planted(copies, 60)
    (found,) = find(seen, "near-duplicates")
    planted_ids = {id.decode() for id in seen.ids[-60:].tolist()}
    assert len(planted_ids & set(found.rows)) >= least * 60
    assert len(set(found.rows) - planted_ids) <= 0.01 * 600 and found.action == "block"
    assert "not looked for" in found.limits


def test_brightness_does_not_hide_a_copy() -> None:
    """A copy at 80 % of the brightness is a copy."""
    (found,) = find(planted(DIGITS.data[:40] * 0.8, 40), "near-duplicates")
    assert found.count >= 40


def test_conflicting_labels_are_found() -> None:
    """Equal inputs with two labels are named."""
    x = np.vstack([DIGITS.data, DIGITS.data[:5]])
    y = np.concatenate([DIGITS.target, (DIGITS.target[:5] + 1) % 10])
    (found,) = find(digits(x, y), "conflicting-labels")
    assert found.count == 10 and found.detail["inputs"] == 5


def test_groups_on_both_sides_are_found() -> None:
    """Patients with several rows leak in a random split, and do not in a split by patient."""
    patients = np.random.default_rng(0).integers(0, 300, len(DIGITS.data))
    columns = {"X": DIGITS.data, "y": DIGITS.target, "patient_id": patients}
    (found,) = find(view(columns), "group-leak")
    assert found.action == "warn" and found.columns == ["patient_id"] and found.share > 0.9
    (named,) = find(view(columns, group="patient_id"), "group-leak")
    assert named.action == "block"
    ids = row_ids({name: np.asarray(values) for name, values in columns.items()})
    parts = assign.grouped(ids, SHARES, 0, patients)
    assert find(view(columns, parts=parts), "group-leak") == []


def test_the_past_in_test_is_found() -> None:
    """A random split of dated rows tests on the past; a split by time does not."""
    days = np.arange(len(DIGITS.data))
    columns = {"X": DIGITS.data, "y": DIGITS.target, "day": days}
    (found,) = find(view(columns), "time-leak")
    assert found.columns == ["day"] and found.share > 0.9
    assert find(view(columns, parts=assign.ordered(days, SHARES)), "time-leak") == []


def test_a_column_that_tells_the_label_is_found() -> None:
    """A code of the diagnosis beside real measurements is named; the measurements are not."""
    data = load_breast_cancer()
    columns = {name: data.data[:, i] for i, name in enumerate(data.feature_names)}
    assert find(view({**columns, "y": data.target}), "label-leak") == []
    rng = np.random.default_rng(0)
    code = np.where(data.target == 1, rng.integers(0, 50, 569), rng.integers(60, 99, 569))
    (found,) = find(view({**columns, "code": code, "y": data.target}), "label-leak")
    assert found.columns == ["code"] and found.action == "warn"


def test_all_columns_that_tell_the_label_are_named() -> None:
    """The most telling first, with the share of each; the column that a split is grouped by is
    left out, as no value of it in test was seen in training.
    """
    rng = np.random.default_rng(0)
    patient = np.repeat(np.arange(60), 10)
    y = (patient % 2).astype(int)
    copy = np.where(rng.random(600) < 0.01, 1 - y, y)
    columns = {"age": rng.random(600), "copy": copy, "patient_id": patient, "code": 9 - y, "y": y}
    (found,) = find(view(columns), "label-leak")
    assert set(found.columns) == {"patient_id", "code", "copy"}
    assert "3 columns each tell the label alone, by share of rows: " in found.title
    parts = assign.grouped(view(columns).ids, SHARES, 0, patient)
    by_patient = view(columns, parts=parts, origin=Origin(grouped_by="patient_id"))
    (found,) = find(by_patient, "label-leak")
    assert found.columns == ["code", "copy"]
    assert ": code 100 %, copy 9" in found.title and "patient" not in found.title
    wide = {f"c{n}": y for n in range(12)} | {"y": y}
    (found,) = find(view(wide), "label-leak")
    assert "and 2 others; all columns together 100 %" in found.title


def test_parts_that_look_different_are_told() -> None:
    """A test part that was scanned darker is seen, with the columns that tell it."""
    x = DIGITS.data.copy()
    x[1_200:] *= 0.7
    parts = {"train": np.arange(1_200), "test": np.arange(1_200, len(x))}
    (found,) = find(digits(x, parts=parts), "split-drift")
    assert found.detail["auc"] > 0.9 and found.columns[0].startswith("X[")


def test_wrong_labels_come_first() -> None:
    """Of 5 % wrong labels two thirds are found; with right labels about 1 % of rows are."""
    (clean,) = find(digits(), "suspicious-labels")
    assert clean.share < 0.01 and clean.action == "note"
    rng = np.random.default_rng(0)
    wrong = rng.choice(len(DIGITS.target), 90, replace=False)
    y = DIGITS.target.copy()
    y[wrong] = (y[wrong] + rng.integers(1, 10, 90)) % 10
    seen = digits(y=y)
    (found,) = find(seen, "suspicious-labels")
    names = {seen.ids[row].decode() for row in wrong}
    assert len(names & set(found.rows)) >= 60
    assert len(names & set(found.rows[:50])) >= 40


def test_blocking_findings_come_first() -> None:
    """All checks together, the ones that forbid belief at the head."""
    found = check(planted(DIGITS.data[:30], 30), ["suspicious-labels", "duplicates"])
    assert [finding.check for finding in found] == ["duplicates", "suspicious-labels"]


def test_a_version_without_split_or_labels_is_checked_as_far_as_it_goes() -> None:
    """Nothing to compare is no error."""
    arrays = {"X": DIGITS.data}
    assert check(View(arrays, row_ids(arrays))) == []

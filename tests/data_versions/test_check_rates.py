"""How often the checks find what is planted, and how often they raise a false alarm.

`docs/reference/data-checks.md` names these figures.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris

from peira.core.errors import UsageError
from peira.data import assign
from peira.data.checks import Origin, View, check
from peira.data.rows import row_ids
from tests.data_versions.worlds import (
    SHARES,
    Table,
    across,
    alarms,
    clean_tables,
    find,
    mixed,
    simulated,
    splits,
    table,
    view,
)

CLEAN = clean_tables()
DAYS = np.arange("2023-01-01", "2024-02-05", dtype="datetime64[D]")


@pytest.mark.parametrize("name", ["duplicates", "conflicting-labels", "near-duplicates"])
def test_tables_split_at_random_hold_no_copies(name: str) -> None:
    """Of 275 random splits of eleven clean tables none raises an alarm, of near copies at most two.
    A flower of iris was entered twice.
    """
    raised = [
        title
        for title, columns in CLEAN.items()
        for seen in splits(columns, 25)
        if alarms(find(seen, name)) and (title, name) != ("iris", "duplicates")
    ]
    assert len(raised) <= (2 if name == "near-duplicates" else 0), raised


@pytest.mark.parametrize("name", ["digits", "cancer", "cancer in one array", "wine", "8 numbers"])
def test_near_copies_of_rows_are_found(name: str) -> None:
    """Noise of a hundredth of each column's spread hides none of 20 copies, in 5 worlds each; of
    clean rows less than 1 in 100 is named beside them.
    """
    columns, found, others = CLEAN[name], 0, 0
    for seed in range(5):
        random = np.random.default_rng(seed)
        sources = random.choice(len(columns["y"]), 20, replace=False)
        copies = {n: blurred(n, v, sources, random) for n, v in columns.items()}
        seen = across(columns, copies, sources, random)
        (finding,) = find(seen, "near-duplicates")
        planted = {id.decode() for id in seen.ids[-20:].tolist()}
        found += len(planted & set(finding.rows))
        others += len(set(finding.rows) - planted)
        assert finding.action == "block"
    assert found == 100 and others <= 0.01 * 5 * 0.3 * len(columns["y"])


def blurred(name: str, values: Any, rows: Any, random: np.random.Generator) -> Any:
    if name == "y":
        return values[rows]
    return values[rows] + 0.01 * values.std(axis=0) * random.standard_normal(values[rows].shape)


def test_near_copies_are_found_where_training_rows_have_them_too() -> None:
    """Copies that were there before a random split are among training rows as well: what is normal
    there does not excuse them.
    """
    for seed in range(10):
        random = np.random.default_rng(seed)
        columns = CLEAN["cancer"]
        sources = random.choice(569, 56, replace=False)
        more = {n: np.concatenate([v, blurred(n, v, sources, random)]) for n, v in columns.items()}
        (finding,) = find(view(more, seed), "near-duplicates")
        assert finding.action == "block" and finding.count >= 10


def test_equal_rows_of_few_values_are_no_copies() -> None:
    """Five yes-or-no answers of 1,000 people: equal ones come about by chance, are a note, and so
    are their different labels; a tenth of real numbers copied blocks.
    """
    for seed in range(20):
        random = np.random.default_rng(seed)
        answers = {f"q{n}": random.integers(0, 2, 1_000) for n in range(5)}
        seen = view({**answers, "y": random.integers(0, 2, 1_000)}, seed)
        for name in ("duplicates", "conflicting-labels"):
            (finding,) = find(seen, name)
            assert finding.action == "note" and "by chance" in finding.limits
        columns = mixed(random, 400)
        more = {name: np.concatenate([v, v[:40]]) for name, v in columns.items()}
        more["y"][400:] = 1 - more["y"][:40]
        assert [finding.action for finding in find(view(more, seed), "duplicates")] == ["block"]
        (conflict,) = find(view(more, seed), "conflicting-labels")
        assert conflict.action == "warn" and conflict.detail["inputs"] == 40


def dated(random: np.random.Generator, kind: str) -> Table:
    """400 rows over 400 days, some of them without a date, in any order."""
    order = random.permutation(400)
    when: Any = DAYS[order]
    missing = random.random(400) < 0.05
    if kind == "texts":
        when = np.array([None if m else str(w) for w, m in zip(when, missing, strict=True)])
    elif kind == "dates":
        when = np.where(missing, np.datetime64("NaT"), when)
    else:
        when = np.where(missing, np.nan, order + 19_358.0)
    return {**simulated(random), "day": when}


@pytest.mark.parametrize("kind", ["texts", "dates", "numbers"])
def test_the_past_in_test_is_found_whatever_tells_the_time(kind: str) -> None:
    """In each of 40 random splits, with times missing here and there; in none of 40 by time."""
    for seed in range(40):
        columns = dated(np.random.default_rng(seed), kind)
        (finding,) = find(view(columns, seed), "time-leak")
        assert finding.columns == ["day"] and finding.share > 0.8
        assert finding.action == ("note" if kind == "numbers" else "warn")
        (named,) = find(view(columns, seed, time="day"), "time-leak")
        assert named.action == "warn" and named.detail["missing"] > 0
        order = {"texts": lambda v: v.astype("datetime64[D]"), "dates": lambda v: v,
                 "numbers": lambda v: v}[kind](columns["day"])  # fmt: skip
        known = np.flatnonzero(order == order)
        known = known[np.argsort(order[known])]
        parts = {"train": known[:280], "test": known[280:]}
        assert find(view(columns, parts=parts), "time-leak") == []


def test_measurements_are_no_times() -> None:
    """Months, hours, durations and texts with digits do not tell when a row came to be: no finding
    in 40 random splits. What is called a year is a note: it may be the year of a car.
    """
    for seed in range(40):
        random = np.random.default_rng(seed)
        columns = {
            **simulated(random),
            "month": random.integers(1, 13, 400),
            "hour_of_day": random.integers(0, 24, 400),
            "run_time": random.exponential(20, 400),
            "yearly_income": random.normal(40_000, 9_000, 400),
            "phone": np.array([f"0{n}" for n in random.integers(1e8, 9e8, 400)], dtype=object),
        }
        assert find(view(columns, seed), "time-leak") == []
        columns["model_year"] = random.integers(1990, 2024, 400)
        (finding,) = find(view(columns, seed), "time-leak")
        assert finding.action == "note" and "--time model_year" in finding.limits


@pytest.mark.parametrize("kind", ["numbers", "texts", "with missing ones"])
def test_groups_on_both_sides_are_found_in_each_world(kind: str) -> None:
    """In each of 40 random splits of 80 patients; in none of 40 splits by patient, and rows without
    a patient are in no group.
    """
    for seed in range(40):
        random = np.random.default_rng(seed)
        patients: Any = random.integers(0, 80, 400)
        missing = random.random(400) < 0.2
        if kind == "texts":
            patients = np.array([f"p{n}" for n in patients], dtype=object)
            patients[missing] = None
        elif kind != "numbers":
            patients = np.where(missing, np.nan, patients)
        columns = {**simulated(random), "patientId": patients}
        (finding,) = find(view(columns, seed), "group-leak")
        assert finding.action == "warn" and finding.share > 0.8
        (named,) = find(view(columns, seed, group="patientId"), "group-leak")
        assert named.action == "block"
        assert not {"None", "nan"} & set(finding.detail["groups"])
        texts = np.array([f"{n} {i if n != n or n is None else ''}" for i, n in
                          enumerate(patients.tolist())])  # fmt: skip
        ids = row_ids({"x": np.arange(400)})
        parts = assign.grouped(ids, SHARES, seed, texts)
        assert find(view(columns, parts=parts, group="patientId"), "group-leak") == []


def test_categories_are_no_groups() -> None:
    """Numbers of whole euros, acids, a few cities: no finding in 40 random splits. Many repeated
    texts without such a name are a note.
    """
    for seed in range(40):
        random = np.random.default_rng(seed)
        columns = {
            **mixed(random, 400),
            "acid": random.integers(0, 60, 400),
            "paid": random.integers(0, 80, 400),
            "treatment_group": random.integers(0, 2, 400),
        }
        few = {name: values[:100] for name, values in columns.items()}
        assert find(view(columns, seed), "group-leak") == find(view(few, seed), "group-leak") == []
        jobs = np.array([f"job {n}" for n in random.integers(0, 50, 400)], dtype=object)
        (finding,) = find(view({**columns, "job": jobs}, seed), "group-leak")
        assert finding.action == "note" and "--group job" in finding.limits


def leaks(y: Any, random: np.random.Generator) -> Table:
    """Columns that only somebody has who knows the label."""
    code = random.permutation(20)[random.integers(0, 10, len(y)) + 10 * y]
    return {
        "code": code,
        "code as text": np.array([f"code {n}" for n in code], dtype=object),
        "label again": y.astype(bool),
        "missing where 1": np.where(y == 1, np.nan, random.random(len(y))),
        "infinite where 1": np.where(y == 1, np.inf, random.random(len(y))),
    }


def test_columns_that_tell_the_label_are_found_in_each_world() -> None:
    """Five kinds of leaks in 3 worlds each are named first, 12 or more of the 15 as a warning; of
    20 clean worlds none is warned of.
    """
    warned = 0
    for seed in range(3):
        random = np.random.default_rng(seed)
        columns = simulated(random)
        for name, values in leaks(columns["y"], random).items():
            (finding,) = find(view({**columns, name: values}, seed), "label-leak")
            assert finding.columns[0] == name
            warned += finding.action == "warn"
    assert warned >= 12
    clean = [table(load_iris()), table(load_breast_cancer()), simulated(np.random.default_rng(9))]
    for columns, worlds in zip(clean, (9, 2, 9), strict=True):
        for seen in splits(columns, worlds):
            assert alarms(find(seen, "label-leak")) == []


def test_columns_that_tell_a_number_are_found() -> None:
    """A price in another currency among honest columns; the honest ones are none."""
    columns = table(load_diabetes(scaled=False))
    for seed, seen in enumerate(splits(columns, 3)):
        assert find(seen, "label-leak") == []
        noise = np.random.default_rng(seed).normal(0, 1, len(columns["y"]))
        copy = np.log(3 * columns["y"] + noise)
        (finding,) = find(view({**columns, "copy": copy}, seed), "label-leak")
        assert finding.columns == ["copy"] and "R²" in finding.title


def test_random_parts_do_not_look_different() -> None:
    """At most 1 of 25 random splits is told apart; one column moved by its spread is seen each
    time, and so are other cities and values that are missing in one part.
    """
    raised = [seed for seed in range(25) if drift(seed, lambda _, __: None)]
    assert len(raised) <= 1, raised
    for seed in range(2):
        for name, change in CHANGES.items():
            (finding,) = drift(seed, change)
            assert finding.columns[0] == name, (name, finding.title)


def _moved(columns: Table, test: Any) -> None:
    columns["c3"][test] += 1


def _elsewhere(columns: Table, test: Any) -> None:
    columns["city"][test[::2]] = "city 3"


def _missing(columns: Table, test: Any) -> None:
    columns["c4"][test[::2]] = np.nan


CHANGES = {"c3": _moved, "city": _elsewhere, "c4": _missing}


def drift(seed: int, change: Any) -> Any:
    random = np.random.default_rng(seed)
    columns = {**simulated(random), "city": mixed(random, 400)["city"]}
    rows = random.permutation(400)
    change(columns, rows[280:])
    return find(view(columns, parts={"train": rows[:280], "test": rows[280:]}), "split-drift")


@pytest.mark.parametrize(
    ("noise", "precision", "recall"), [(0.01, 0.5, 0.7), (0.05, 0.7, 0.7), (0.15, 0.8, 0.7)]
)
def test_wrong_labels_are_found(
    noise: float, precision: float, recall: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the digits with 1, 5 and 15 % wrong labels; less than 2.5 % of right ones are listed."""
    monkeypatch.setattr("peira.data.checks._base.ROWS_MAX", 10_000)
    digits, random = load_digits(), np.random.default_rng(0)
    count = len(digits.target)
    wrong = random.choice(count, int(noise * count), replace=False)
    y = digits.target.copy()
    y[wrong] = (y[wrong] + random.integers(1, 10, len(wrong))) % 10
    columns = {"X": digits.data, "y": y}
    seen = View(columns, row_ids(columns), label="y")
    (finding,) = find(seen, "suspicious-labels")
    planted = {seen.ids[row].decode() for row in wrong}
    both = planted & set(finding.rows)
    assert len(both) >= precision * finding.count and len(both) >= recall * len(wrong)
    assert finding.count - len(both) <= 0.025 * (count - len(wrong))


def test_labels_that_can_hardly_be_told_are_not_suspicious() -> None:
    """A model that knows little expects other labels anywhere: nothing in 20 worlds of two classes
    that overlap or have nothing to do with the numbers.
    """
    for seed in range(10):
        random = np.random.default_rng(seed)
        columns = simulated(random)
        assert find(view(columns, seed), "suspicious-labels") == []
        columns["y"] = (random.random(400) < 0.3).astype(int)
        assert find(view(columns, seed), "suspicious-labels") == []


def test_a_split_by_groups_does_not_drift_by_its_groups() -> None:
    """Patients are on one side each: their numbers tell the parts, and that is no finding."""
    random = np.random.default_rng(0)
    columns = {**simulated(random), "patient": random.integers(0, 60, 400)}
    parts = {"train": np.flatnonzero(columns["patient"] < 40)}
    parts["test"] = np.flatnonzero(columns["patient"] >= 40)
    (finding,) = find(view(columns, parts=parts), "split-drift")
    assert finding.columns[0] == "patient"
    assert (
        find(view(columns, parts=parts, origin=Origin(grouped_by="patient")), "split-drift") == []
    )


def test_rare_classes_and_missing_labels_do_not_switch_the_check_off() -> None:
    """Rows of a class of two, and rows without a label, are left out and counted."""
    random = np.random.default_rng(0)
    columns = simulated(random)
    y = columns["y"].astype(object)
    columns["c0"] += 4 * columns["y"]
    y[:2], y[2:7] = 7, None
    y[7:17] = 1 - columns["y"][7:17]
    seen = view({**columns, "y": y})
    (finding,) = find(seen, "suspicious-labels")
    planted = {id.decode() for id in seen.ids[7:17].tolist()}
    assert len(planted & set(finding.rows)) >= 4
    assert "7 rows without a label" in finding.limits


def test_folds_are_held_against_each_other() -> None:
    """A model of folds is fitted to all but one: copies, groups and near copies across folds are
    found as across parts, and clean folds raise no alarm.
    """
    digits = load_digits()
    copies = digits.data[:30]
    columns = {"X": np.vstack([digits.data, copies]),
               "y": np.concatenate([digits.target, digits.target[:30]])}  # fmt: skip
    ids = row_ids(columns)
    parts = assign.folds(ids, 5, 0)
    fold_of = {row: name for name, rows in parts.items() for row in rows.tolist()}
    count = len(digits.data)
    across_folds = sum(fold_of[row] != fold_of[count + row] for row in range(30))
    found = find(view(columns, parts=parts), "duplicates")
    assert sum(finding.count for finding in found) == 2 * across_folds > 0
    assert all("also in the other parts" in finding.title for finding in found)
    (worst,) = check(view(columns, parts=parts), ["duplicates"])
    assert worst.share == max(finding.share for finding in found)
    assert worst.title.endswith(f"; {len(found) - 1} more parts alike.")
    assert {worst.detail["part"], *worst.detail["others"]} == {f.detail["part"] for f in found}
    clean = {"X": digits.data, "y": digits.target}
    seen = view(clean, parts=assign.folds(row_ids(clean), 5, 0))
    for name in ("duplicates", "near-duplicates", "group-leak", "label-leak"):
        assert alarms(find(seen, name)) == []


def odd(kind: str) -> tuple[Table, dict[str, Any]]:
    """Columns and parts that no check may stumble over."""
    random = np.random.default_rng(0)
    columns = simulated(random, 60)
    columns["same"] = np.ones(60)
    columns["flag"] = random.random(60) < 0.5
    columns["huge"] = np.where(random.random(60) < 0.3, np.inf, 1e300)
    columns["none"] = np.full(60, np.nan)
    columns["text"] = np.array([None if n % 7 == 0 else f"t{n}" for n in range(60)], dtype=object)
    columns["boxes"] = np.empty(60, dtype=object)
    columns["boxes"][:] = [[{"a": n}] * (n % 3) for n in range(60)]
    columns["when"] = np.full(60, np.datetime64("NaT"), dtype="datetime64[D]")
    parts = {"train": np.arange(57), "test": np.arange(57, 60)}
    if kind == "one class":
        columns["y"] = np.zeros(60, dtype=int)
    if kind == "no label anywhere":
        columns["y"] = np.full(60, None, dtype=object)
    if kind == "texts as labels":
        columns["y"] = np.array(["yes" if n % 2 else None for n in range(60)], dtype=object)
    if kind == "numbers as labels":
        columns["y"] = random.random(60)
        columns["y"][:9] = np.nan
    if kind == "several labels":
        columns["y"] = random.integers(0, 2, (60, 3))
    if kind == "enough to test":
        parts = {"train": np.arange(40), "test": np.arange(40, 60)}
    if kind == "empty part":
        parts["test"] = np.empty(0, dtype=np.intp)
    if kind == "one row to learn from":
        parts = {"train": np.arange(1), "test": np.arange(1, 60)}
    return columns, parts


KINDS = ["one class", "no label anywhere", "texts as labels", "numbers as labels",
         "several labels", "enough to test", "empty part", "one row to learn from"]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("error")
def test_no_check_stumbles_over_odd_columns(kind: str) -> None:
    """Constants, booleans, infinities, missing values, texts, one class, three test rows: each
    check ends, without a warning of NumPy's, and raises no alarm.
    """
    columns, parts = odd(kind)
    seen = view(columns, parts=parts)
    assert [finding.title for finding in alarms(check(seen))] == []
    named = view(columns, parts=parts, group="text", time="c0")
    assert {finding.check for finding in alarms(check(named))} <= {"time-leak", "group-leak"}


def test_rows_without_a_label_do_not_conflict() -> None:
    """Nor does a labelled row with an equal one that has none yet."""
    for nothing, kind in ((np.nan, float), (None, object)):
        columns = {"x": np.array([1.5, 1.5, 2.5, 2.5]), "z": np.arange(4) // 2}
        columns["y"] = np.array([nothing, nothing, 1, nothing], dtype=kind)
        assert find(view(columns), "conflicting-labels") == []


def test_a_time_that_cannot_be_read_is_told() -> None:
    """What the user names must be times."""
    columns = {
        **simulated(np.random.default_rng(0), 40),
        "week": np.array(["w1"] * 40, dtype=object),
    }
    with pytest.raises(UsageError, match="week cannot be read as times"):
        find(view(columns, time="week"), "time-leak")

"""Worlds for the checks: real and simulated data, clean or with something planted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine

from peira.data import assign
from peira.data.checks import CHECKS, Finding, View
from peira.data.rows import row_ids

SHARES = {"train": 0.7, "test": 0.3}
Table = dict[str, Any]


def view(columns: Table, seed: int = 0, **options: Any) -> View:
    """A view of columns with a random split."""
    arrays = {name: np.asarray(values) for name, values in columns.items()}
    ids = row_ids(arrays)
    parts = options.pop("parts", None) or assign.random(ids, SHARES, seed)
    return View(arrays, ids, label="y" if "y" in arrays else None, parts=parts, **options)


def find(seen: View, name: str) -> list[Finding]:
    return list(CHECKS[name](seen))


def alarms(found: list[Finding]) -> list[Finding]:
    """What is more than a note."""
    return [finding for finding in found if finding.action != "note"]


def table(bunch: Any) -> Table:
    """A data set of scikit-learn with a column a feature."""
    names = map(str, bunch.feature_names)
    return {**dict(zip(names, bunch.data.T, strict=True)), "y": bunch.target}


def simulated(random: np.random.Generator, rows: int = 400, columns: int = 5) -> Table:
    """Numbers of which the first two have to do with the label."""
    y = random.integers(0, 2, rows)
    numbers = random.standard_normal((rows, columns)) + 0.8 * y[:, None] * (np.arange(columns) < 2)
    return {**{f"c{n}": numbers[:, n] for n in range(columns)}, "y": y}


def mixed(random: np.random.Generator, rows: int = 900) -> Table:
    """Ages, incomes, cities: few dimensions, long tails, few values."""
    cities = np.array([f"city {n}" for n in range(12)], dtype=object)
    return {
        "age": random.integers(18, 90, rows).astype(float),
        "income": np.exp(random.normal(10, 1, rows)),
        "city": random.choice(cities, rows),
        "sex": random.integers(0, 2, rows),
        "y": random.integers(0, 2, rows),
    }


def clean_tables() -> dict[str, Table]:
    """Tables with nothing planted, of 2 to 64 dimensions."""
    random = np.random.default_rng(0)
    digits, cancer = load_digits(), load_breast_cancer()
    return {
        "digits": {"X": digits.data, "y": digits.target},
        "cancer": table(cancer),
        "cancer in one array": {"X": cancer.data, "y": cancer.target},
        "iris": table(load_iris()),
        "wine": table(load_wine()),
        "diabetes": table(load_diabetes(scaled=False)),
        **{f"{n} numbers": simulated(random, 800, n) for n in (2, 3, 5, 8)},
        "mixed": mixed(random),
    }


def across(columns: Table, copies: Table, sources: Any, random: np.random.Generator) -> View:
    """A view whose last rows, all of them in test, are made from these training rows."""
    count, more = len(columns["y"]), len(sources)
    rest = random.permutation(np.setdiff1d(np.arange(count), sources))
    held = int(0.3 * count)
    parts = {
        "train": np.concatenate([sources, rest[held:]]),
        "test": np.concatenate([rest[:held], np.arange(count, count + more)]),
    }
    both = {name: np.concatenate([values, copies[name]]) for name, values in columns.items()}
    return view(both, parts=parts)


def splits(columns: Table, count: int) -> Iterator[View]:
    """The same data, split at random again and again."""
    for seed in range(count):
        yield view(columns, seed)

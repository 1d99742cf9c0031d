"""Leaks by label: single columns that tell it (nearly) by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from peira.data.checks._base import SEED, Finding, View, percent
from peira.data.rows import is_nested
from peira.science.proportions import wilson

SCORE = 0.98
SCORE_LOW = 0.95
"""So high the lower end of the score's 95 % interval must be: few rows prove little."""
MARGIN = 0.01
TREES = 20
ROWS = 4_000
ROWS_MIN = 20
NAMES_MAX = 10
"""More columns than that are counted in the sentence, not named."""
PLACES_MAX = 256
"""Arrays of more places a row are pictures and signals, no tables."""


class _Told(NamedTuple):
    """How well the label is told: accuracy of classes, R² of numbers, of rows not learned from."""

    alone: dict[str, float]
    full: float
    chance: float
    rows: int
    is_classes: bool

    def is_sure(self, name: str) -> bool:
        score = self.alone[name]
        is_proved = not self.is_classes or wilson(score, self.rows)[0] >= SCORE_LOW
        return score >= max(SCORE, self.least) and is_proved

    @property
    def least(self) -> float:
        """Half of what there is to tell beyond the most frequent class, or the mean."""
        return self.chance + 0.5 * (1 - self.chance)


def label_leak(view: View) -> Iterator[Finding]:
    """Find single columns that tell the label (nearly) by themselves: a warning from 98 % on, or
    R² of 0.98; a note when all columns together tell it hardly better.
    """
    rows, y, is_classes = _labelled(view)
    columns = _single_columns(view, rows)
    if len(columns) < 2 or len(y) < ROWS_MIN or len(np.unique(y)) < 2:
        return
    told = _classes_told(columns, y) if is_classes else _numbers_told(columns, y)
    order = sorted(columns, key=lambda name: -told.alone[name])
    sure = [name for name in order if told.is_sure(name)]
    near = max(told.full - MARGIN, told.least)
    names = sure or [name for name in order if told.alone[name] >= near]
    if names:
        yield Finding(
            check="label-leak",
            action="warn" if sure else "note",
            title=_title(names, told),
            count=len(names),
            share=len(names) / len(columns),
            columns=names,
            detail={
                "alone": {name: told.alone[name] for name in names},
                "all": told.full,
                "chance": told.chance,
            },
            limits="A column that is known only with the label must go; one that is known before"
            " is a good one.",
        )


def _title(names: list[str], told: _Told) -> str:
    """Return a sentence with the columns that tell the label, the most telling first."""
    score = percent if told.is_classes else lambda share: f"{share:.3g}"
    end = f"all columns together {score(told.full)}."
    best = score(told.alone[names[0]])
    if len(names) == 1:
        is_told = f"of {best} of rows" if told.is_classes else f"(R² {best})"
        return f"The column {names[0]} alone tells the label {is_told}; {end}"
    each = [f"{name} {score(told.alone[name])}" for name in names[:NAMES_MAX]]
    if len(names) > NAMES_MAX:
        each.append(f"and {len(names) - NAMES_MAX} others")
    what = "by share of rows" if told.is_classes else "by R²"
    return f"{len(names)} columns each tell the label alone, {what}: {', '.join(each)}; {end}"


def _labelled(view: View) -> tuple[NDArray[np.intp], NDArray[Any], bool]:
    """Return rows to look at, their labels, and whether these are classes."""
    rng = np.random.default_rng(SEED)
    rows = rng.permutation(view.train if len(view.train) else np.arange(len(view)))
    if view.codes is not None:
        rows = rows[view.codes[rows] >= 0][:ROWS]
        return rows, view.codes[rows], True
    y = view.y
    if y is None or y.ndim != 1 or y.dtype.kind not in "iuf":
        return rows[:0], np.empty(0), False
    rows = rows[np.isfinite(y[rows])][:ROWS]
    return rows, y[rows].astype(float), False


def _single_columns(view: View, rows: NDArray[np.intp]) -> dict[str, NDArray[Any]]:
    """Return single values as ranks from 0, which a missing value has one of, too; texts as codes
    below 0. The column that the split keeps together is left out: its values in test are none that
    a model has seen.
    """
    found: dict[str, NDArray[Any]] = {}
    for name, values in view.columns.items():
        if name in (view.label, view.origin.grouped_by) or values.ndim > 2 or is_nested(values):
            continue
        if values.dtype.kind == "O" and values.ndim == 1:
            texts = [str(v) for v in values[rows].tolist()]
            found[name] = ~np.unique(texts, return_inverse=True)[1]
        elif values.dtype.kind in "biuf" and values[:1].size <= PLACES_MAX:
            table = values.reshape(len(values), -1)[rows]
            for place in range(table.shape[1]):
                ranks = np.unique(table[:, place], return_inverse=True)[1]
                found[name if values.ndim == 1 else f"{name}[{place}]"] = ranks
    return found


def _classes_told(columns: dict[str, NDArray[Any]], y: NDArray[Any]) -> _Told:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.tree import DecisionTreeClassifier

    _, codes = np.unique(y, return_inverse=True)
    leaves = max(2, min(4 * (int(codes.max()) + 1), 200))
    tree = DecisionTreeClassifier(max_leaf_nodes=leaves, min_samples_leaf=2, random_state=0)
    forest = RandomForestClassifier(TREES, min_samples_leaf=2, random_state=0, n_jobs=1)
    table = _table(columns)
    alone = {}
    for place, (name, values) in enumerate(columns.items()):
        # Texts have no order: each is looked up. Whole numbers may be codes, or amounts.
        given = [_looked_up(np.abs(values), codes)]
        if values.min() >= 0:
            given.append(_fitted(tree, table[:, [place]], codes))
        alone[name] = max(float(np.mean(one == codes)) for one in given)
    full = float(np.mean(_fitted(forest, table, codes) == codes))
    chance = float(np.bincount(codes).max() / len(codes))
    return _Told(alone, max(full, *alone.values()), chance, len(y), is_classes=True)


def _numbers_told(columns: dict[str, NDArray[Any]], y: NDArray[Any]) -> _Told:
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.metrics import r2_score
    from sklearn.tree import DecisionTreeRegressor

    tree = DecisionTreeRegressor(max_leaf_nodes=200, min_samples_leaf=2, random_state=0)
    forest = RandomForestRegressor(TREES, min_samples_leaf=2, random_state=0, n_jobs=1)
    table = _table(columns)
    alone = {
        name: float(r2_score(y, _fitted(tree, table[:, [place]], y)))
        for place, name in enumerate(columns)
    }
    full = float(r2_score(y, _fitted(forest, table, y)))
    return _Told(alone, max(full, *alone.values()), 0.0, len(y), is_classes=False)


def _table(columns: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
    return np.column_stack([np.abs(values) for values in columns.values()]).astype(np.float32)


def _halves(count: int) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Return rows to fit and rows to tell, twice: rows come in no order."""
    first, second = np.arange(0, count, 2), np.arange(1, count, 2)
    return [(first, second), (second, first)]


def _fitted(model: Any, table: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
    """Return what a model tells of each row when fitted to the other half."""
    found = np.empty(len(y), dtype=y.dtype)
    for fit, rest in _halves(len(y)):
        found[rest] = model.fit(table[fit], y[fit]).predict(table[rest])
    return found


def _looked_up(values: NDArray[Any], codes: NDArray[Any]) -> NDArray[Any]:
    """Return the most frequent class of each value in the other half; of an unknown value the most
    frequent of all.
    """
    found = np.empty(len(codes), dtype=codes.dtype)
    classes = int(codes.max()) + 1
    for fit, rest in _halves(len(codes)):
        counts = np.zeros((int(values.max()) + 1, classes), dtype=np.float32)
        np.add.at(counts, (values[fit], codes[fit]), 1)
        counts += np.bincount(codes[fit], minlength=classes) / (2 * len(codes))
        found[rest] = counts.argmax(axis=1)[values[rest]]
    return found

"""Checks that fit a model: do the parts look alike, and which labels look wrong?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peira.data.checks._base import ROWS_MAX, SEED, Finding, View, percent
from peira.data.rows import as_text

CROSS_FIT = 1.5
"""So much more than independent scores do the cross-validated ones of random splits vary: 1.3 to
1.5 times on scikit-learn's digits, its breast cancer data and random numbers, 80 splits each.
"""
DRIFT_ROWS = 4_000
DRIFT_ROWS_MIN = 1_000
DRIFT_VALUES = 1_000_000
"""Of more features fewer rows are drawn: so many values of a part are looked at."""
CATEGORIES_MAX = 50
"""Texts of more different values are looked at by their length."""
NOISE_ROWS_MAX = 100_000
NOISE_VALUES = 2_000_000
NOISE_FIT_ROWS = 10_000
NOISE_FEATURES = 64
"""A table of more values is reduced to its first so many principal components."""
PRINCIPAL_ROWS = 10_000
NOISE_SKILL = 0.5
NOISE_SURE = 0.6
FOLDS = 5


def split_drift(view: View) -> Iterator[Finding]:
    """Find parts that a classifier tells apart from training: its cross-validated AUC, with a
    99 % interval (Hanley and McNeil 1982, widened for cross-validation) that lies above one half.
    """
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(SEED)
    places = sum(values[:1].size for values in view.inputs.values())
    drawn = int(np.clip(DRIFT_VALUES // max(1, places), DRIFT_ROWS_MIN, DRIFT_ROWS))
    for part, rows, learned in view.trials():
        train, test = rng.permutation(learned)[:drawn], rng.permutation(rows)[:drawn]
        if min(len(train), len(test)) < 2 * FOLDS:
            continue
        both = np.concatenate([train, test])
        is_test = np.arange(len(both)) >= len(train)
        columns = _columns(view, both)
        if not columns:
            return
        table = np.column_stack([*columns.values()])
        area = float(roc_auc_score(is_test, _part_told(table, is_test)))
        low = area - 2.58 * CROSS_FIT * _auc_error(area, len(test), len(train))
        if low > 0.5:
            areas = _telling(columns, is_test)
            names = list(areas)
            yield Finding(
                check="split-drift",
                action="note",
                title=f"Rows of {part} can be told from those of {view.learned}: AUC {area:.3f}, at"
                f" least {low:.3f}; most by {', '.join(names[:3])}.",
                count=len(rows),
                share=1.0,
                columns=names,
                detail={"part": part, "auc": area, "at_least": low, "columns": areas},
            )


def _columns(view: View, rows: NDArray[np.intp]) -> dict[str, NDArray[Any]]:
    """Return single values of some rows by name, as ranks from 0, the missing ones last: of texts
    with few values the value, of others the length.
    """
    found: dict[str, NDArray[Any]] = {}
    for name, values in view.inputs.items():
        if name in (view.origin.ordered_by, view.origin.grouped_by):
            continue  # parts differ in it by their making
        kind = values.dtype.kind
        if kind == "O" and values.ndim == 1:
            texts = ["" if v is None else as_text(v) for v in values[rows].tolist()]
            known, codes = np.unique(texts, return_inverse=True)
            lengths = np.fromiter(map(len, texts), dtype=np.intp, count=len(texts))
            found[name] = codes if len(known) <= CATEGORIES_MAX else lengths
        elif kind in tuple("biuf"):
            table = values[rows].reshape(len(rows), -1)
            names = [name] if values.ndim == 1 else [f"{name}[{n}]" for n in range(table.shape[1])]
            found |= dict(zip(names, table.T, strict=True))
    return {name: np.unique(one, return_inverse=True)[1] for name, one in found.items()}


def _part_told(table: NDArray[Any], is_test: NDArray[np.bool_]) -> NDArray[Any]:
    """Return the probability that a row is of the tested part, by a model that did not see it."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from threadpoolctl import threadpool_limits

    model = HistGradientBoostingClassifier(
        max_iter=30, max_leaf_nodes=8, max_bins=32, early_stopping=False, random_state=0
    )
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    # Its threads wait for each other without sleeping: beside other programs they take minutes.
    with threadpool_limits(1, "openmp"):
        given = cross_val_predict(model, table, is_test, cv=folds, method="predict_proba")
    found: NDArray[Any] = given[:, 1]
    return found


def _auc_error(area: float, positive: int, negative: int) -> float:
    """Return the standard error of an AUC. Source: Hanley and McNeil 1982, Radiology 143."""
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    spread = area * (1 - area) + (positive - 1) * (q1 - area**2) + (negative - 1) * (q2 - area**2)
    return math.sqrt(max(0.0, spread) / (positive * negative))


def _telling(columns: dict[str, NDArray[Any]], is_test: NDArray[np.bool_]) -> dict[str, float]:
    """Return the AUC of the columns that tell the parts apart by themselves, the best first; of few
    values, which need have no order, by how often each is of the tested part.
    """
    from sklearn.metrics import roc_auc_score

    found: dict[str, float] = {}
    for name, values in columns.items():
        known, ranks, counts = np.unique(values, return_inverse=True, return_counts=True)
        shares = np.bincount(ranks, weights=is_test) / counts
        by = shares[ranks] if len(known) <= CATEGORIES_MAX else ranks
        area = float(roc_auc_score(is_test, by))
        found[name] = max(area, 1 - area)
    return {name: found[name] for name in sorted(found, key=lambda name: -found[name])[:10]}


def suspicious_labels(view: View) -> Iterator[Finding]:
    """Find rows whose label a model that did not see them is confident is another.

    Confident learning: a row counts for class k when its out-of-fold probability of k is at least
    the mean probability of k among rows labelled k, and of all such k it is the highest; k is not
    its label. Where classes can hardly be told apart that is a third of all rows and says nothing:
    so the model must tell at least half of what the most frequent class does not, and k must have
    0.6. Rows that are found are to be looked at first, they are not mistakes.
    Source: Northcutt et al. 2021, arXiv:1911.00068; rates: SCIENCE 3.
    """
    if view.codes is None or not view.numbers.shape[1] or len(view) > NOISE_ROWS_MAX:
        return
    counts = np.bincount(view.codes[view.codes >= 0], minlength=1)
    is_fit = (view.codes >= 0) & (counts[view.codes] >= FOLDS)
    kept = np.flatnonzero(is_fit)
    classes, codes = np.unique(view.codes[kept], return_inverse=True)
    if len(classes) < 2:
        return
    table = view.numbers if is_fit.all() else view.numbers[kept]
    given = _out_of_fold(table, codes)
    told, chance = float((given.argmax(axis=1) == codes).mean()), float(np.bincount(codes).max())
    if told < 1 - NOISE_SKILL * (1 - chance / len(codes)):
        return
    limits = np.array([given[codes == k, k].mean() for k in range(len(classes))])
    confident = np.where(given >= limits, given, -1.0)
    best = confident.argmax(axis=1)
    is_other = (confident.max(axis=1) >= NOISE_SURE) & (best != codes)
    rows = np.flatnonzero(is_other)
    if len(rows):
        order = rows[np.argsort(given[rows, codes[rows]])]
        suggested = [view.classes[classes[best[row]]] for row in order[:ROWS_MAX]]
        left_out = len(view) - len(kept)
        yield Finding(
            check="suspicious-labels",
            action="note",
            title=f"Look at {len(rows)} labels first ({percent(len(rows) / len(kept))}): a model"
            " that did not see them expects others.",
            count=len(rows),
            share=len(rows) / len(kept),
            rows=view.names(kept[order]),
            detail={"expected": suggested},
            limits=f"It tells {percent(told)} of labels. Rows that are hard to tell are found, too."
            + (f" {left_out} rows without a label, or of rare classes, are not." * (left_out > 0)),
        )


def _out_of_fold(table: NDArray[Any], codes: NDArray[np.intp]) -> NDArray[Any]:
    """Return the probability of each class, by models that did not see the row."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if table.size > NOISE_VALUES and table.shape[1] > NOISE_FEATURES:
        table = _principal(table)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=100, tol=1e-3))
    found = np.zeros((len(table), int(codes.max()) + 1))
    rng = np.random.default_rng(SEED)
    for fit, rest in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(table, codes):
        seen = fit if len(fit) <= NOISE_FIT_ROWS else rng.permutation(fit)[:NOISE_FIT_ROWS]
        model.fit(table[seen], codes[seen])
        found[np.ix_(rest, model.classes_)] = model.predict_proba(table[rest])
    return found


def _principal(table: NDArray[Any]) -> NDArray[np.float32]:
    """Return the first principal components of standardised features, found on some rows. They say
    nothing of labels, so that folds still do not see each other's.
    """
    rng = np.random.default_rng(SEED)
    some = table[np.sort(rng.permutation(len(table))[:PRINCIPAL_ROWS])].astype(np.float32)
    middle, spread = some.mean(axis=0), some.std(axis=0)
    spread[spread == 0] = 1
    some = (some - middle) / spread
    _, vectors = np.linalg.eigh(some.T @ some)
    turned = vectors[:, ::-1][:, :NOISE_FEATURES] / spread[:, None]
    found = np.empty((len(table), turned.shape[1]), dtype=np.float32)
    for start in range(0, len(table), PRINCIPAL_ROWS):
        block = table[start : start + PRINCIPAL_ROWS].astype(np.float32) - middle
        found[start : start + PRINCIPAL_ROWS] = block @ turned
    return found

"""Checks that fit a model: do the parts look alike, and which labels look wrong?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peira.data.checks._base import ROWS_MAX, SEED, Finding, View, percent

DRIFT_ROWS = 4_000
NOISE_ROWS_MAX = 100_000
FOLDS = 5


def split_drift(view: View) -> Iterator[Finding]:
    """Find parts that a classifier tells apart from training: its cross-validated AUC, with a
    99 % interval (Hanley and McNeil 1982) that lies above one half.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    table = view.numbers
    if not len(view.train) or not table.shape[1]:
        return
    rng = np.random.default_rng(SEED)
    train = rng.permutation(view.train)[:DRIFT_ROWS]
    for part, rows in view.tests.items():
        test = rng.permutation(rows)[:DRIFT_ROWS]
        if min(len(train), len(test)) < 2 * FOLDS:
            continue
        both = np.concatenate([train, test])
        is_test = np.arange(len(both)) >= len(train)
        model = HistGradientBoostingClassifier(max_iter=30, max_leaf_nodes=8, random_state=0)
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
        given = cross_val_predict(model, table[both], is_test, cv=folds, method="predict_proba")
        area = float(roc_auc_score(is_test, given[:, 1]))
        low = area - 2.58 * _auc_error(area, len(test), len(train))
        if low > 0.5:
            names, areas = _telling_columns(view, both, is_test)
            yield Finding(
                check="split-drift",
                action="note",
                title=f"Rows of {part} can be told from training rows: AUC {area:.3f}, at least"
                f" {low:.3f}; most by {', '.join(names[:3])}.",
                count=len(rows),
                share=1.0,
                columns=names,
                detail={"part": part, "auc": area, "at_least": low, "columns": areas},
            )


def _auc_error(area: float, positive: int, negative: int) -> float:
    """Return the standard error of an AUC. Source: Hanley and McNeil 1982, Radiology 143."""
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    spread = area * (1 - area) + (positive - 1) * (q1 - area**2) + (negative - 1) * (q2 - area**2)
    return math.sqrt(max(0.0, spread) / (positive * negative))


def _telling_columns(
    view: View, rows: NDArray[np.intp], is_test: NDArray[np.bool_]
) -> tuple[list[str], dict[str, float]]:
    """Return the features that tell the parts apart by themselves, the best first."""
    from sklearn.metrics import roc_auc_score

    found: dict[str, float] = {}
    for name, values in view.inputs.items():
        if values.dtype.kind not in "biuf":
            continue
        flat = values[rows].reshape(len(rows), -1)
        for place in range(flat.shape[1]):
            column = np.nan_to_num(flat[:, place].astype(float))
            area = float(roc_auc_score(is_test, column))
            label = name if flat.shape[1] == 1 else f"{name}[{place}]"
            found[label] = max(area, 1 - area)
    best = sorted(found, key=lambda name: -found[name])[:10]
    return best, {name: found[name] for name in best}


def suspicious_labels(view: View) -> Iterator[Finding]:
    """Find rows whose label a model that did not see them is confident is another.

    Confident learning: a row counts for class k when its out-of-fold probability of k is at least
    the mean probability of k among rows labelled k, and of all such k it is the highest; k is not
    its label. With right labels about 0.7 % of rows are found, so they are rows to look at first,
    not mistakes. Source: Northcutt et al. 2021, arXiv:1911.00068; rates: SCIENCE 3.
    """
    codes = view.codes
    if codes is None or not view.numbers.shape[1] or len(view) > NOISE_ROWS_MAX:
        return
    counts = np.bincount(codes)
    if len(counts) < 2 or counts.min() < FOLDS:
        return
    given = _out_of_fold(view.numbers, codes)
    limits = np.array([given[codes == k, k].mean() for k in range(len(counts))])
    confident = np.where(given >= limits, given, -1.0)
    best = confident.argmax(axis=1)
    is_other = (confident.max(axis=1) > 0) & (best != codes)
    rows = np.flatnonzero(is_other)
    if len(rows):
        order = rows[np.argsort(given[rows, codes[rows]])]
        suggested = [view.classes[best[row]] for row in order[:ROWS_MAX]]
        yield Finding(
            check="suspicious-labels",
            action="note",
            title=f"Look at {len(rows)} labels first ({percent(len(rows) / len(view))}): a model"
            " that did not see them expects others.",
            count=len(rows),
            share=len(rows) / len(view),
            rows=view.names(order),
            detail={"expected": suggested},
            limits="About 0.7 % are found where all labels are right.",
        )


def _out_of_fold(table: NDArray[np.float64], codes: NDArray[np.intp]) -> NDArray[Any]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=100, tol=1e-3))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    found: NDArray[Any] = cross_val_predict(model, table, codes, cv=folds, method="predict_proba")
    return found

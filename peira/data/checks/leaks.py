"""Leaks by group, by time and by label."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peira.data.checks._base import SEED, Finding, View, percent

GROUPS_SHARE_MIN = 0.02
"""A column with fewer values, relative to rows, looks like a category rather than like a group."""
LABEL_SCORE = 0.98
LABEL_MARGIN = 0.01
LABEL_ROWS = 4_000
TIME_WORDS = ("time", "date", "day", "month", "year", "timestamp")


def group_leak(view: View) -> Iterator[Finding]:
    """Find groups (patients, users, sessions) that have rows in training and in test."""
    if not len(view.train):
        return
    for name, values in view.columns.items():
        is_named = name == view.group
        if name == view.label or not (is_named or _looks_like_group(name, values)):
            continue
        texts = np.array([str(v) for v in values.tolist()])
        known = set(texts[view.train].tolist())
        for part, rows in view.tests.items():
            groups = set(texts[rows].tolist())
            both = groups & known
            share = len(both) / max(1, len(groups))
            expected = _expected_overlap(texts, len(view.train) / len(view), groups)
            # A split by groups shares none; one at random shares about what chance gives.
            if not both or (not is_named and share < 0.5 * expected):
                continue
            yield Finding(
                check="group-leak",
                action="block" if is_named else "warn",
                title=f"{len(both)} of {len(groups)} values of {name} in {part} ({percent(share)})"
                " are also in training.",
                count=len(both),
                share=share,
                columns=[name],
                detail={"part": part, "expected_share": expected, "groups": sorted(both)[:20]},
            )


def _looks_like_group(name: str, values: NDArray[Any]) -> bool:
    """Many values, most of them repeated; numbers with fractions are measurements."""
    if values.ndim != 1 or values.dtype.kind not in "iuO" or len(values) < 20:
        return False
    _, counts = np.unique(np.array([str(v) for v in values.tolist()]), return_counts=True)
    is_many = len(counts) >= max(5, GROUPS_SHARE_MIN * len(values))
    is_named = name.lower().endswith(("id", "group", "user", "patient", "subject", "session"))
    return bool(is_many and np.mean(counts > 1) > 0.5 and (is_named or values.dtype.kind == "O"))


def _expected_overlap(texts: NDArray[Any], train_share: float, groups: set[str]) -> float:
    """Return the share of these groups that a random split would have in training, too."""
    names, counts = np.unique(texts, return_counts=True)
    sizes = dict(zip(names.tolist(), counts.tolist(), strict=True))
    return float(np.mean([1 - (1 - train_share) ** (sizes[g] - 1) for g in groups] or [0.0]))


def time_leak(view: View) -> Iterator[Finding]:
    """Find test rows that are older than the newest training row: a claim about the future is then
    tested on the past.
    """
    if not len(view.train):
        return
    for name, values in view.columns.items():
        is_time = values.dtype.kind == "M" or (
            values.ndim == 1
            and values.dtype.kind in "iuf"
            and any(word in name.lower().split("_") for word in TIME_WORDS)
        )
        if name != view.time and not is_time:
            continue
        newest = values[view.train].max()
        for part, rows in view.tests.items():
            older = rows[values[rows] < newest]
            if len(older):
                share = len(older) / len(rows)
                yield Finding(
                    check="time-leak",
                    action="warn",
                    title=f"{len(older)} rows of {part} ({percent(share)}) are older, by {name},"
                    " than the newest training row.",
                    count=len(older),
                    share=share,
                    rows=view.names(older),
                    columns=[name],
                    detail={"part": part},
                    limits="It matters when the claim is about data to come.",
                )


def label_leak(view: View) -> Iterator[Finding]:
    """Find single columns that tell the label (nearly) by themselves."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.tree import DecisionTreeClassifier

    codes = view.codes
    table, names = _single_columns(view)
    if codes is None or len(set(codes.tolist())) < 2 or not names:
        return
    rng = np.random.default_rng(SEED)
    rows = rng.permutation(view.train if len(view.train) else np.arange(len(view)))[:LABEL_ROWS]
    fit, score = rows[: len(rows) // 2], rows[len(rows) // 2 :]
    if len(set(codes[fit].tolist())) < 2 or not len(score):
        return
    classes = int(codes.max()) + 1
    leaves = max(2, min(4 * classes, 200))
    alone = {}
    for place, name in enumerate(names):
        tree = DecisionTreeClassifier(max_leaf_nodes=leaves, min_samples_leaf=2, random_state=0)
        column = table[:, [place]]
        alone[name] = float(tree.fit(column[fit], codes[fit]).score(column[score], codes[score]))
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200))
    full = float(model.fit(table[fit], codes[fit]).score(table[score], codes[score]))
    chance = float(np.bincount(codes[score]).max() / len(score))
    limit = max(min(LABEL_SCORE, full - LABEL_MARGIN), chance + 0.5 * (1 - chance))
    noise = math.sqrt(0.25 / len(score))
    told = [name for name in names if alone[name] >= max(limit, chance + 3 * noise)]
    if told and len(names) > 1:
        told.sort(key=lambda name: -alone[name])
        best = percent(alone[told[0]])
        yield Finding(
            check="label-leak",
            action="warn",
            title=f"The column {told[0]} alone tells the label of {best} of rows; all"
            f" columns together {percent(full)}.",
            count=len(told),
            share=len(told) / len(names),
            columns=told,
            detail={"alone": {name: alone[name] for name in told}, "all": full, "chance": chance},
        )


def _single_columns(view: View) -> tuple[NDArray[np.float64], list[str]]:
    """Return one-dimensional inputs as numbers, (rows, columns); texts by their code."""
    names, parts = [], []
    for name, values in view.columns.items():
        if name == view.label or values.ndim != 1 or values.dtype.kind not in "biufO":
            continue
        if values.dtype.kind == "O":
            _, coded = np.unique([str(v) for v in values.tolist()], return_inverse=True)
            parts.append(coded.astype(float))
        else:
            parts.append(np.nan_to_num(values.astype(float)))
        names.append(name)
    return (np.column_stack(parts) if parts else np.empty((len(view), 0))), names

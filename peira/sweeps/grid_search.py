"""What scikit-learn's searches found: `GridSearchCV`, `RandomizedSearchCV` and their halving kin.

    search.fit(X, y)
    peira.record_search(search)

Each row of `cv_results_` becomes a trial and a run, with the mean score, its spread over the folds
and the score of each fold. Of a halving search only the last iteration had all resources: trials
of the others are given up, as by a pruner, for their scores are of fewer samples.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

from peira.core.clock import now_s
from peira.core.errors import UsageError
from peira.core.ids import new_run_id
from peira.lab.place import find
from peira.sweeps.definition import Objective
from peira.sweeps.folder import SweepFolder
from peira.sweeps.foreign import (
    ForeignRecord,
    ForeignSweep,
    ForeignTrial,
    foreign_sweep,
    space_of,
)
from peira.sweeps.records import EndState

_KEY = "_peira_search"
"""Attribute of a search that was recorded: recording it again adds nothing."""


def record_search(
    search: Any,
    name: str | None = None,
    *,
    project: str | None = None,
    why: str | None = None,
    lab: str | os.PathLike[str] | None = None,
) -> SweepFolder:
    """Record a fitted scikit-learn search as a sweep; recording it again adds nothing.

    Args:
        search: a fitted `GridSearchCV`, `RandomizedSearchCV` or one of their halving kin.
        name: of the sweep; a readable one when None.
        why: the reason for the search.

    Raises:
        UsageError: the search is not fitted.

    >>> import tempfile
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> search = GridSearchCV(DecisionTreeClassifier(), {"max_depth": [1, 2, 3]}, cv=2)
    >>> _ = search.fit([[0], [1], [2], [3]] * 5, [0, 0, 1, 1] * 5)
    >>> folder = record_search(search, "depths", lab=tempfile.mkdtemp())
    >>> folder.read().name
    'depths'
    """
    results = getattr(search, "cv_results_", None)
    if not isinstance(results, Mapping) or "params" not in results:
        raise UsageError(
            f"A {type(search).__name__} without results cannot be recorded.",
            hint="Call search.fit(X, y) first.",
        )
    key = getattr(search, _KEY, None) or f"scikit-learn {new_run_id()}"
    setattr(search, _KEY, key)
    metrics = _metrics(search, results)
    rows: Sequence[Mapping[str, Any]] = results["params"]
    if not rows:
        raise UsageError("The search has tried nothing.")
    is_grid = hasattr(search, "param_grid")
    folder = foreign_sweep(
        find(lab),
        ForeignSweep(
            key=key,
            objectives=(Objective(metric=metrics[0], direction="maximize"),),
            space=space_of(rows),
            what="scikit-learn",
            sampler="grid" if is_grid else "random",
            name=name,
            project=project,
            why=why,
        ),
    )
    record = ForeignRecord(folder)
    end = now_s()
    for trial in _trials(search, results, metrics, end):
        record.add(trial)
    return folder


def _metrics(search: Any, results: Mapping[str, Any]) -> list[str]:
    """Return the names of the scores as `cv_results_` has them, the decisive one first."""
    names = [
        column.removeprefix("mean_test_") for column in results if column.startswith("mean_test_")
    ]
    refit = getattr(search, "refit", None)
    if isinstance(refit, str) and refit in names:
        names.remove(refit)
        names.insert(0, refit)
    if not names:
        raise UsageError("The search has no scores.")
    return names


def _trials(
    search: Any, results: Mapping[str, Any], metrics: Sequence[str], end: float
) -> list[ForeignTrial]:
    number = len(results["params"])
    fit_s = [float(v) for v in results.get("mean_fit_time", [0.0] * number)]
    score_s = [float(v) for v in results.get("mean_score_time", [0.0] * number)]
    folds = int(getattr(search, "n_splits_", 1) or 1)
    # They ran one after the other, as far as the results tell: the last one ended now.
    took_s = [folds * (f + s) for f, s in zip(fit_s, score_s, strict=True)]
    begins = [end - math.fsum(took_s[i:]) for i in range(number)]
    estimator = getattr(search, "estimator", None)
    facts = {"estimator": type(estimator).__name__, "folds": folds}
    resource = str(getattr(search, "resource", "resources"))
    iterations = [int(v) for v in results.get("iter", [0] * number)]
    resources = [int(v) for v in results.get("n_resources", [0] * number)]
    last = max(iterations, default=0)
    found = []
    for i, params in enumerate(results["params"]):
        score = float(results[f"mean_test_{metrics[0]}"][i])
        others = {
            **{name: float(results[f"mean_test_{name}"][i]) for name in metrics[1:]},
            **{f"{name}/std": float(results[f"std_test_{name}"][i]) for name in metrics},
            "fit_time_s": fit_s[i],
        }
        for name in metrics:
            for fold in range(folds):
                column = results.get(f"split{fold}_test_{name}")
                if column is not None:
                    others[f"{name}/fold{fold}"] = float(column[i])
        state: EndState = "complete" if math.isfinite(score) else "nan"
        reason = "" if math.isfinite(score) else "the fit failed: scikit-learn scored it NaN"
        if iterations[i] < last and state == "complete":
            state = "pruned"
            reason = f"iteration {iterations[i]} of {last}, {resources[i]} {resource}"
        found.append(
            ForeignTrial(
                number=i,
                params=dict(params),
                values=(score,),
                state=state,
                started=begins[i],
                ended=begins[i] + took_s[i],
                metrics={k: v for k, v in others.items() if math.isfinite(v)},
                facts={**facts, resource: resources[i]} if resources[i] else facts,
                reason=reason,
            )
        )
    return found

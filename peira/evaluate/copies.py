"""An evaluation with and without the rows that were also learned from: exact copies in training.

The number without them is of the samples that are left; nothing is predicted anew. Of a sealed
hold-out there is neither: it would be a look that nobody counts.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from peira.core.errors import DamagedError, NotFoundError
from peira.data import relations
from peira.data.catalog import Catalog, Version
from peira.data.checks import Finding
from peira.data.checks.version import Question, copies, known_findings, split_of
from peira.data.dataset import Dataset
from peira.evaluate import samples
from peira.evaluate.price import price_of
from peira.lab.lab import Lab
from peira.lab.runs import RunRecord
from peira.record.events import Evaluation

CHECK = "duplicates"
_METRICS = {
    "binary": "accuracy",
    "multiclass": "accuracy",
    "multilabel": "subset_accuracy",
    "text": "exact_match",
    "regression": "rmse",
}
"""The metric that a task's stored results give by themselves; of other tasks the mean loss."""


class WithoutCopies(msgspec.Struct, frozen=True, kw_only=True):
    """A metric of all evaluated rows, and of those that are not in training."""

    run: str
    name: str
    """Of the run."""
    evaluation: str
    step: int | None
    split: str
    """`split/part`"""
    metric: str
    value: float
    without: float | None
    """None when all rows are copies."""
    rows: int
    copies: int

    @property
    def text(self) -> str:
        """What is to be said wherever the number is shown."""
        left = self.rows - self.copies
        those = (
            "none are left" if self.without is None else f"{self.without:.4g} of the other {left}"
        )
        return (
            f"{self.copies} of {self.rows} samples are also in training: {self.metric}"
            f" {self.value:.4g} of all, {those}"
        )


def with_evaluations(
    lab: Lab, version: Version, findings: Sequence[Finding], split: str | None
) -> list[Finding]:
    """Return findings, those of copies with the evaluations on their part: `evaluations` in
    `detail`, the latest run first, of each run and name the last one.

    Args:
        split: that was checked; None means the only one.
    """
    if all(finding.check != CHECK for finding in findings):
        return list(findings)
    checked = split_of(Dataset(lab.root, version), split)
    assert checked is not None  # or there would be no parts
    records = [lab.run(id) for id in dict.fromkeys(u.run for u in relations.users(lab, version))]
    return [
        msgspec.structs.replace(finding, detail={**finding.detail, "evaluations": told})
        if (told := _evaluations(lab, records, version, finding, checked.name))
        else finding
        for finding in findings
    ]


def _evaluations(
    lab: Lab, records: list[RunRecord], version: Version, finding: Finding, split: str
) -> list[dict[str, Any]]:
    if finding.check != CHECK:
        return []
    parts = {f"{split}/{part}" for part in _parts(finding)}
    found = []
    for record in records:
        every = record.evaluations()
        own = [one for one in every if one.split in parts and one.dataset == version.ref]
        for evaluation in {one.name: one for one in own}.values():
            told = of_evaluation(lab, record, evaluation, finding)
            if told is not None:
                found.append(msgspec.to_builtins(told))
    return found


def of_evaluation(
    lab: Lab, record: RunRecord, evaluation: Evaluation, finding: Finding | None = None
) -> WithoutCopies | None:
    """Return what an evaluation comes to without the copies; None when there are none, when nobody
    has checked the split, or when it is of a sealed hold-out.

    Args:
        finding: of the copies in its part, when it is at hand.
    """
    if evaluation.samples is None or evaluation.dataset is None or evaluation.split is None:
        return None
    price = price_of(lab, evaluation)
    if price is not None and price.is_sealed:
        return None
    finding = finding or _finding(lab.root, evaluation)
    if finding is None or finding.action != "block":
        return None
    try:
        results = samples.read(lab.objects, evaluation.samples)
        ids = _ids(lab.root, evaluation, finding)
    except (NotFoundError, DamagedError):  # what it was computed from is not here any more
        return None
    metric = _METRICS.get(evaluation.task, "loss")
    is_copy = np.fromiter(
        (id in ids for id in results["id"].tolist()), dtype=bool, count=len(results["id"])
    )
    if not is_copy.any():
        return None
    values = results["loss" if metric in ("loss", "rmse") else "correct"].astype(float)

    def mean(chosen: NDArray[np.float64]) -> float:
        return float(chosen.mean() ** (0.5 if metric == "rmse" else 1))

    return WithoutCopies(
        run=record.id,
        name=record.name,
        evaluation=evaluation.name,
        step=evaluation.step,
        split=evaluation.split,
        metric=metric,
        value=mean(values),
        without=None if is_copy.all() else mean(values[~is_copy]),
        rows=len(values),
        copies=int(is_copy.sum()),
    )


def _parts(finding: Finding) -> list[str]:
    """Return the parts that a finding is about: of folds there may be more."""
    return [finding.detail["part"], *finding.detail.get("others", ())]


def _finding(root: Path, evaluation: Evaluation) -> Finding | None:
    """Return the copies that were found in the part that was evaluated, when it was checked."""
    assert evaluation.dataset is not None and evaluation.split is not None
    split, _, part = evaluation.split.partition("/")
    try:
        version = Catalog(root).find(evaluation.dataset)
        found = known_findings(root, version, Question(split=split)) or []
    except NotFoundError:  # removed since
        return None
    return next((f for f in found if f.check == CHECK and part in _parts(f)), None)


def _ids(root: Path, evaluation: Evaluation, finding: Finding) -> Collection[str]:
    """Return the ids of all copies: a finding names only the first ones, of one part."""
    assert evaluation.dataset is not None and evaluation.split is not None
    split, _, part = evaluation.split.partition("/")
    if part == finding.detail["part"] and finding.count <= len(finding.rows):
        return frozenset(finding.rows)
    version = Catalog(root).find(evaluation.dataset)
    return _all(root, version.ref, version.manifest, split).get(part, frozenset())


@lru_cache(maxsize=4)
def _all(root: Path, ref: str, _manifest: str, split: str) -> dict[str, frozenset[str]]:
    return copies(root, Catalog(root).find(ref), split)

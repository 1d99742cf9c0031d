"""Answers of the HTTP API about evaluations; see `records.py`."""

from __future__ import annotations

from typing import Any, Literal

from peira.evaluate.comparable import Mismatch
from peira.evaluate.copies import WithoutCopies
from peira.evaluate.curves import AtThreshold, CalibrationBin
from peira.evaluate.ledger import Look
from peira.evaluate.matrix import ClassRow
from peira.evaluate.slices import Slice
from peira.server.records import Answer


class EvaluationRow(Answer, frozen=True, kw_only=True):
    """An evaluation of a run. `kind` is equal for numbers that may stand in one column."""

    name: str
    step: int | None
    time: float
    task: str
    rows: int
    metrics: dict[str, Any]
    dataset: str | None
    split: str | None
    classes: int
    kind: str
    look: int | None
    sealed: bool
    price: str | None
    """What its numbers cost, when they are of a hold-out, or of one that was unsealed."""


class EvaluationsAnswer(Answer, frozen=True, kw_only=True):
    """The evaluations of a run, in the order in which it made them."""

    run: str
    evaluations: list[EvaluationRow]


class MatrixAnswer(Answer, frozen=True, kw_only=True):
    """A confusion matrix: the cells that are not 0. Row is the true class, column the predicted."""

    classes: list[str]
    rows: list[int]
    columns: list[int]
    counts: list[int]


class Residuals(Answer, frozen=True, kw_only=True):
    """True and predicted values of a regression, one an example."""

    ids: list[str]
    true: list[Any]
    predicted: list[Any]


class EvaluationAnswer(EvaluationRow, frozen=True, kw_only=True):
    """One evaluation, opened. Of a sealed hold-out there is no more than the row."""

    run: str
    run_name: str
    names: list[str]
    steps: list[int]
    looks: list[Look]
    looks_left: int | None
    warnings: list[str]
    """Which of the runs of these looks, or this one, had sealed rows with their labels."""
    unsealed: bool
    """Whether the hold-out was unsealed since: `price` says by whom and why."""
    matrix: MatrixAnswer | None
    per_class: list[ClassRow]
    residuals: Residuals | None
    slices: list[str]
    curves: list[str]
    samples_as: Literal["picture", "sound", "text"] | None
    """How samples can be shown; null when only their ids are known."""
    checked: bool
    """Whether the labels of the data version were checked: `peira data check`."""
    copies: WithoutCopies | None
    """What the main metric is without samples that are also in training; null when there are none,
    or nobody has checked.
    """
    took_ms: float


class SamplesAnswer(Answer, frozen=True, kw_only=True):
    """Samples of an evaluation; `matched` counts all that fit."""

    matched: int
    columns: list[str]
    samples: list[dict[str, Any]]
    texts: list[str | None]
    """What was shown of each, where samples are texts; else empty."""
    suspicious: list[str]
    """Ids among these whose labels the checks of the data version found suspicious."""


class SlicesAnswer(Answer, frozen=True, kw_only=True):
    """The results by one column."""

    column: str
    slices: list[Slice]


class CurveRow(Answer, frozen=True, kw_only=True):
    """Points of a curve; `thinned` when it has more corners than are sent. `area` is of all."""

    x: list[float]
    y: list[float]
    thresholds: list[float | None]
    area: float
    thinned: bool


class CurvesAnswer(Answer, frozen=True, kw_only=True):
    """The curves of one class against the rest, and what a threshold on its score comes to; null
    where that is not defined.
    """

    label: str
    positive: int
    negative: int
    lowest: float
    highest: float
    roc: CurveRow | None
    precision_recall: CurveRow | None
    calibration: list[CalibrationBin] | None
    at: AtThreshold | None


class PairRow(Answer, frozen=True, kw_only=True):
    """An example that two runs were evaluated on."""

    id: str
    true: Any
    predicted: Any
    other: Any
    loss: Any
    other_loss: Any


class DifferenceAnswer(Answer, frozen=True, kw_only=True):
    """A run (A) against another (B) on the same examples. `matrix` is A minus B."""

    other: str
    other_name: str
    mismatches: list[Mismatch]
    matrix: MatrixAnswer | None
    both: int
    only_a: int
    only_b: int
    fixed: int
    broken: int
    both_wrong: int
    pairs: list[PairRow]

"""Evaluations down to the sample: the Evaluate screen."""

from __future__ import annotations

import time
from typing import Annotated, Any

import numpy as np
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from peira.evaluate import beside, errors, slices
from peira.evaluate.choose import choose
from peira.evaluate.comparable import kind, mismatches
from peira.evaluate.copies import of_evaluation
from peira.evaluate.curves import Curve
from peira.evaluate.difference import Change, Difference, difference
from peira.evaluate.errors import Filter, Sort
from peira.evaluate.fairness import unfair
from peira.evaluate.matrix import Matrix, Order
from peira.evaluate.opened import LABELLED, Opened
from peira.evaluate.price import Price, price_of, prices
from peira.lab.lab import Lab
from peira.lab.runs import RunRecord
from peira.record.events import Evaluation
from peira.server.cells import cell
from peira.server.evaluation_records import (
    CurveRow,
    CurvesAnswer,
    DifferenceAnswer,
    EvaluationAnswer,
    EvaluationRow,
    EvaluationsAnswer,
    MatrixAnswer,
    PairRow,
    Residuals,
    SamplesAnswer,
    SlicesAnswer,
)
from peira.server.parameters import LabNow, PathText
from peira.server.pictures import kind_of, picture_of, sound_of, texts_of

PAGE_MAX = 10_000
Step = Annotated[int | None, QueryParameter(ge=-(2**63), le=2**63 - 1)]
Text = Annotated[str | None, QueryParameter(max_length=10_000)]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)]
Offset = Annotated[int, QueryParameter(ge=0, le=2**53)]


def open_evaluation(lab: LabNow, run: PathText, name: PathText, step: Step = None) -> Opened:
    """Return the evaluation that an address names; the latest step without `step`."""
    return Opened(lab.objects, choose(lab.run(run), name, step))


EvaluationNow = NamedDependency[Opened]
"""The evaluation of the address."""


@get("/api/runs/{run:str}/evaluations", sync_to_thread=True)
def evaluations(lab: LabNow, run: PathText) -> EvaluationsAnswer:
    """The evaluations of a run."""
    record = lab.run(run)
    every = record.evaluations()
    costs = prices(lab, record.id, every)
    return EvaluationsAnswer(
        run=record.id, evaluations=[EvaluationRow(**_row(o, costs.get(o.name))) for o in every]
    )


@get("/api/runs/{run:str}/evaluations/{name:str}", sync_to_thread=True)
def evaluation(
    lab: LabNow, evaluation: EvaluationNow, run: PathText, order: FromQuery[Order] = "label"
) -> EvaluationAnswer:
    """One evaluation: confusion matrix, numbers per class, residuals."""
    return answer_of(lab, lab.run(run), evaluation, order)


def answer_of(lab: Lab, record: RunRecord, evaluation: Opened, order: Order) -> EvaluationAnswer:
    """Return an opened evaluation as the API tells it."""
    started = time.perf_counter()
    event = evaluation.evaluation
    every = record.evaluations()
    is_open = not evaluation.is_sealed
    matrix = evaluation.matrix(order) if is_open else None
    price = price_of(lab, event, record.id)
    return EvaluationAnswer(
        **_row(event, price),
        looks=[] if price is None else price.looks,
        looks_left=None if price is None else price.left,
        warnings=[] if price is None else price.warnings,
        unsealed=price is not None and not price.is_sealed,
        run=record.id,
        run_name=record.name,
        names=list(dict.fromkeys(one.name for one in every)),
        steps=sorted({o.step for o in every if o.name == event.name and o.step is not None}),
        matrix=None if matrix is None else _matrix(matrix),
        per_class=evaluation.per_class(order) if is_open else [],
        residuals=_residuals(evaluation) if is_open and event.task == "regression" else None,
        slices=evaluation.columns if is_open else [],
        curves=_curves(evaluation),
        samples_as=kind_of(evaluation) if is_open else None,
        checked=beside.suspicious(lab.root, evaluation.dataset) is not None,
        copies=of_evaluation(lab, record, event),
        took_ms=round((time.perf_counter() - started) * 1000, 3),
    )


@get("/api/runs/{run:str}/evaluations/{name:str}/samples", sync_to_thread=True)
def samples(
    lab: LabNow,
    evaluation: EvaluationNow,
    *,
    true: Text = None,
    predicted: Text = None,
    wrong: FromQuery[bool] = False,
    column: Text = None,
    value: Text = None,
    sort: FromQuery[Sort] = "-loss",
    offset: Offset = 0,
    limit: Limit = 100,
) -> SamplesAnswer:
    """All samples of a cell, a class or a slice, page by page."""
    sliced = None if column is None or value is None else (column, value)
    wanted = Filter(true=true, predicted=predicted, only_wrong=wrong, slice=sliced, sort=sort)
    found = evaluation.results if sliced is None else evaluation.results_with(sliced[0])
    rows = errors.choose_rows(found, wanted)
    chosen = rows[offset : offset + limit]
    odd = beside.suspicious(lab.root, evaluation.dataset) or frozenset()
    has_texts = kind_of(evaluation) == "text"
    return SamplesAnswer(
        matched=len(rows),
        columns=list(found),
        samples=[cell(record) for record in errors.records(found, chosen)],
        texts=texts_of(evaluation, chosen.tolist()) if has_texts else [],
        suspicious=[id for id in found["id"][chosen].tolist() if id in odd],
    )


@get("/api/runs/{run:str}/evaluations/{name:str}/slices", sync_to_thread=True)
def sliced(
    evaluation: EvaluationNow, column: Annotated[str, QueryParameter(max_length=10_000)]
) -> SlicesAnswer:
    """How good a model is where a column has this value or that."""
    found = evaluation.results_with(column)
    return SlicesAnswer(column=column, slices=slices.by_column(found, column))


@get("/api/runs/{run:str}/evaluations/{name:str}/curves", sync_to_thread=True)
def curves(
    evaluation: EvaluationNow, of: Text = None, threshold: FromQuery[float | None] = None
) -> CurvesAnswer:
    """ROC, precision and recall, and calibration of a class, and the counts at a threshold."""
    at = None if threshold is None else evaluation.at(of, threshold)
    found = evaluation.curves(of)
    return CurvesAnswer(
        label=found.label,
        positive=found.positive,
        negative=found.negative,
        lowest=found.lowest,
        highest=found.highest,
        roc=_curve(found.roc),
        precision_recall=_curve(found.precision_recall),
        calibration=found.calibration,
        at=at,
    )


@get("/api/runs/{run:str}/evaluations/{name:str}/difference", sync_to_thread=True)
def differing(
    lab: LabNow,
    evaluation: EvaluationNow,
    *,
    run: PathText,
    other: Annotated[str, QueryParameter(min_length=1, max_length=200)],
    change: FromQuery[Change] = "fixed",
    order: FromQuery[Order] = "label",
    offset: Offset = 0,
    limit: Limit = 100,
) -> DifferenceAnswer:
    """This run (A) against another (B): A's matrix minus B's, and the examples that changed."""
    record = lab.run(other)
    second = Opened(lab.objects, choose(record, evaluation.evaluation.name))
    found = difference(evaluation.results, second.results)
    chosen = np.flatnonzero(found.of(change))[offset : offset + limit]
    return DifferenceAnswer(
        other=record.id,
        other_name=record.name,
        mismatches=[
            *mismatches(evaluation.evaluation, second.evaluation),
            *unfair(lab, lab.run(run), record, evaluation.evaluation.name),
        ],
        matrix=_minus(evaluation, second, order),
        both=len(found.left),
        only_a=found.only_left,
        only_b=found.only_right,
        fixed=int(found.fixed.sum()),
        broken=int(found.broken.sum()),
        both_wrong=int(found.both_wrong.sum()),
        pairs=[_pair(evaluation, second, found, int(row)) for row in chosen],
    )


@get("/api/runs/{run:str}/evaluations/{name:str}/picture/{id:str}", sync_to_thread=True)
def sample_picture(lab: LabNow, evaluation: EvaluationNow, id: PathText) -> Response[bytes]:
    """What was shown to the model, as a PNG."""
    return Response(
        picture_of(lab, evaluation, id),
        media_type="image/png",
        headers={"Cache-Control": "private, max-age=600"},
    )


@get("/api/runs/{run:str}/evaluations/{name:str}/sound/{id:str}", sync_to_thread=True)
def sample_sound(evaluation: EvaluationNow, id: PathText) -> Response[bytes]:
    """What was played to the model, as a WAV file."""
    return Response(
        sound_of(evaluation, id),
        media_type="audio/wav",
        headers={"Cache-Control": "private, max-age=600"},
    )


HANDLERS = [
    evaluations,
    evaluation,
    samples,
    sliced,
    curves,
    differing,
    sample_picture,
    sample_sound,
]


def _row(event: Evaluation, price: Price | None) -> dict[str, Any]:
    return {
        "name": event.name,
        "step": event.step,
        "time": event.time,
        "task": event.task,
        "rows": event.rows,
        "metrics": cell(event.metrics),
        "dataset": event.dataset,
        "split": event.split,
        "classes": len(event.classes),
        "kind": kind(event),
        "look": event.look,
        "sealed": event.samples is None,
        "price": None if price is None else price.text,
    }


def _matrix(matrix: Matrix) -> MatrixAnswer:
    rows, columns = np.nonzero(matrix.counts)
    return MatrixAnswer(
        classes=matrix.classes,
        rows=rows.tolist(),
        columns=columns.tolist(),
        counts=matrix.counts[rows, columns].tolist(),
    )


def _minus(left: Opened, right: Opened, order: Order) -> MatrixAnswer | None:
    a, b = left.matrix(order), right.matrix(order)
    return None if a is None or b is None else _matrix(a.minus(b))


def _residuals(opened: Opened) -> Residuals | None:
    found = opened.results
    if found["true"].dtype.kind != "f":  # several outputs
        return None
    return Residuals(
        ids=found["id"].tolist(),
        true=cell(found["true"].tolist()),
        predicted=cell(found["predicted"].tolist()),
    )


def _curve(curve: Curve | None) -> CurveRow | None:
    if curve is None:
        return None
    return CurveRow(
        x=curve.x.tolist(),
        y=curve.y.tolist(),
        thresholds=[None if value != value else value for value in curve.thresholds.tolist()],
        area=curve.area,
        thinned=curve.is_thinned,
    )


def _curves(opened: Opened) -> list[str]:
    event = opened.evaluation
    has_scores = event.scores is not None and event.task in LABELLED and not opened.is_sealed
    return event.classes if has_scores else []


def _pair(left: Opened, right: Opened, found: Difference, at: int) -> PairRow:
    a, b = left.results, right.results
    i, j = found.left[at], found.right[at]
    return PairRow(
        id=a["id"][i],
        true=cell(a["true"][i]),
        predicted=cell(a["predicted"][i]),
        other=cell(b["predicted"][j]),
        loss=cell(float(a["loss"][i])),
        other_loss=cell(float(b["loss"][j])),
    )

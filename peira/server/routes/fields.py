"""The names that a query may use: all of them, the ones that fit, and the metrics of its runs."""

from __future__ import annotations

from typing import Annotated

from litestar import get
from litestar.params import QueryParameter

from peira.server.cells import cell
from peira.server.follower import revision
from peira.server.parameters import LabNow, PathText, Query
from peira.server.records import (
    CompletionRow,
    CompletionsAnswer,
    FieldRow,
    FieldsAnswer,
    MetricRow,
    MetricsAnswer,
)
from peira.server.table import Asked, read_page


@get("/api/projects/{project:str}/fields", sync_to_thread=True)
def fields(lab: LabNow, project: PathText) -> FieldsAnswer:
    """Every name a query may use, spelled as it would be there."""
    return FieldsAnswer(
        fields=[
            FieldRow(
                name=known.name,
                kind=known.kind,
                type=known.type,
                runs=known.runs,
                examples=cell(known.examples),
            )
            for known in lab.fields(project)
        ]
    )


@get("/api/projects/{project:str}/complete", sync_to_thread=True)
def complete(
    lab: LabNow,
    project: PathText,
    q: Query = "",
    at: Annotated[int | None, QueryParameter(ge=0, le=10_000)] = None,
) -> CompletionsAnswer:
    """What could be typed at the cursor, best first."""
    position = len(q) if at is None else min(at, len(q))
    found = lab.complete(q, position, project)
    return CompletionsAnswer(
        items=[
            CompletionRow(insert=each.insert, label=each.label, kind=each.kind, detail=each.detail)
            for each in found
        ],
        start=found[0].start if found else position,
        end=found[0].end if found else position,
    )


@get("/api/projects/{project:str}/metrics", sync_to_thread=True)
def metrics(lab: LabNow, project: PathText, q: Query = "") -> MetricsAnswer:
    """The metric keys of the runs that a query finds, sorted."""
    found = lab.metric_keys(q, project=project)
    page = read_page(lab, Asked(project=project, q=q, limit=1, columns=[]))
    return MetricsAnswer(
        metrics=[MetricRow(key=key, runs=runs) for key, runs in sorted(found)],
        matched=page.matched,
        rev=revision(lab),
    )

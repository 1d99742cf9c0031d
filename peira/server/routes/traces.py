"""Curves for drawing, of runs or of groups of runs, as columns."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from litestar import Response, post
from litestar.params import JSONBody
from sqlalchemy import func, select

from peira.lab.groups import group_runs
from peira.lab.index import schema
from peira.lab.lab import Lab
from peira.lab.query.parse import parse
from peira.lab.rows import select_numbers
from peira.lab.smoothing import Smoothing
from peira.lab.traces import Trace, Traces
from peira.server import columns
from peira.server.cells import cell
from peira.server.follower import revision
from peira.server.parameters import LabNow
from peira.server.problems import Field, RefusedError
from peira.server.records import TracesRequest

# Above this many points the answer is float32 offsets: half the bytes, and finer than any pixel.
EXACT_POINTS_MAX = 200_000
RUNS_MAX = 10_000
GROUPS_MAX = 1_000


@post("/api/traces", sync_to_thread=True, status_code=200)
def traces(lab: LabNow, data: JSONBody[TracesRequest]) -> Response[bytes]:
    """Curves thinned to the width of the drawing; every extreme stays."""
    view: dict[str, Any] = {
        "x": data.x,
        "pixels": data.pixels,
        "x_min": data.x_min,
        "x_max": data.x_max,
    }
    if data.group is not None:
        found = lab.bands(data.keys, _groups(lab, data), spread=data.band, **view)
        labels = {}
    else:
        runs = _runs(lab, data)
        smooth = None if data.smooth is None else Smoothing(data.smooth.kind, data.smooth.half_life)
        found = lab.traces(data.keys, runs, smooth=smooth, inherited=data.inherited, **view)
        labels = _names(lab, runs)
    return Response(encode(found, labels, rev=revision(lab)), media_type=columns.MEDIA_TYPE)


def encode(found: Traces, labels: dict[str, str], *, rev: int) -> bytes:
    """Return curves as columns; see docs/formats/columns.md.

    Args:
        labels: names of runs by id.
    """
    is_large = len(found.x) > EXACT_POINTS_MAX
    arrays: dict[str, Any] = {"x": columns.narrow_x(found.x, is_large=is_large)}
    series = [_header(trace, labels) for trace in found]
    values = {"y": found.y}
    if found.low is not None and found.high is not None and found.counts is not None:
        values |= {"low": found.low, "high": found.high}
    if is_large:
        origins = _subtract_origins(found, values)
        for header, y0 in zip(series, origins, strict=True):
            header["y0"] = y0
        values = {name: array.astype("<f4") for name, array in values.items()}
    arrays |= values
    if found.counts is not None:
        arrays["n"] = found.counts
    header = {
        "series": series,
        "took_ms": round(found.took_s * 1000, 3),
        "total_points": found.total_points,
        "rev": rev,
    }
    return columns.encode(arrays, header)


def _subtract_origins(found: Traces, values: dict[str, Any]) -> list[float]:
    """Make `values` offsets from one origin a series; returns the origins."""
    origins = []
    for name in values:
        values[name] = values[name].copy()
    for trace in found:
        ranges = [(trace.first, trace.count), *([trace.smooth] if trace.smooth else [])]
        y = values["y"][trace.first : trace.first + trace.count]
        finite = y[np.isfinite(y)]
        origin = float(finite[0]) if len(finite) else 0.0
        for first, count in ranges:
            for array in values.values():
                array[first : first + count] -= origin
        origins.append(origin)
    return origins


def _header(trace: Trace, labels: dict[str, str]) -> dict[str, Any]:
    header: dict[str, Any] = {
        "run": trace.run,
        "key": trace.key,
        "label": labels.get(trace.run or "", ""),
        "runs": trace.runs,
        "n": trace.n,
        "nonfinite": trace.nonfinite,
        "exact": trace.exact,
        "x0": trace.x0,
        "y0": 0.0,
        "first": trace.first,
        "count": trace.count,
        "smooth": None,
        "marks": trace.marks,
    }
    if trace.parts:
        header["parts"] = trace.parts
    if trace.smooth is not None:
        header["smooth"] = {"first": trace.smooth[0], "count": trace.smooth[1]}
    if trace.group is not None:
        header["group"] = cell(trace.group)
        header["label"] = ", ".join(f"{name}={value}" for name, value in header["group"].items())
    return header


def _runs(lab: Lab, data: TracesRequest) -> list[str]:
    if (data.runs is None) == (data.project is None):
        raise RefusedError(
            "request",
            "Either runs or a project with a query is asked for.",
            fields=(Field("runs", "body", "Give runs, or project and q."),),
        )
    if data.runs is not None:
        return data.runs
    query = parse(data.q or "")
    numbers = lab.ask(lambda c: select_numbers(c, query, project=data.project))[:RUNS_MAX]
    ids = _by_number(lab, numbers, "id")
    return [ids[n] for n in numbers if n in ids]


def _groups(lab: Lab, data: TracesRequest) -> list[tuple[dict[str, Any], list[str]]]:
    if data.project is None:
        raise RefusedError(
            "request",
            "Groups are made of the runs of a project.",
            fields=(Field("project", "body", "Give a project, and q if not all its runs."),),
        )
    query = parse(data.q or "")
    table = lab.ask(
        lambda c: group_runs(
            c, query, project=data.project, by=data.group, columns=[], limit=GROUPS_MAX
        )
    )
    chosen = None if data.runs is None else set(data.runs)
    groups = [
        (row.key, row.runs if chosen is None else [run for run in row.runs if run in chosen])
        for row in table
    ]
    return [(key, runs) for key, runs in groups if runs]


def _names(lab: Lab, runs: list[str]) -> dict[str, str]:
    wanted = msgspec.json.encode(runs).decode()
    run = schema.run.c
    listed = func.json_each(wanted).table_valued("value")
    question = select(run.id, run.name).where(run.id.in_(select(listed.c.value)))
    return lab.ask(lambda c: {row.id: row.name for row in c.execute(question)})


def _by_number(lab: Lab, numbers: list[int], name: str) -> dict[int, str]:
    run = schema.run.c
    listed = func.json_each(msgspec.json.encode(numbers).decode()).table_valued("value")
    question = select(run.n, run[name]).where(run.n.in_(select(listed.c.value)))
    return lab.ask(lambda c: {row[0]: row[1] for row in c.execute(question)})

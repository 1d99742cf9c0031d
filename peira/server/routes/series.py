"""The exact points of one metric of one run."""

from __future__ import annotations

import io
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from litestar import Response, get
from litestar.params import FromQuery, QueryParameter

from peira.server import columns
from peira.server.cells import cell
from peira.server.disposition import attachment
from peira.server.parameters import LabNow, PathText


@get("/api/runs/{run:str}/series", sync_to_thread=True)
def series(
    lab: LabNow,
    run: PathText,
    key: Annotated[str, QueryParameter(min_length=1, max_length=1000)],
    format: FromQuery[Literal["columns", "csv", "json"]] = "columns",
    inherited: FromQuery[bool] = False,
) -> Response[bytes]:
    """All points, none thinned: steps, times (seconds since the epoch), values."""
    record = lab.run(run)
    found = record.metric(key, inherited=inherited)
    name = f"{record.name}-{key.replace('/', '-')}"
    if format == "json":
        body: dict[str, Any] = {
            "run": record.id,
            "key": key,
            "steps": found.steps.tolist(),
            "times": found.times.tolist(),
            "values": [cell(value) for value in found.values.tolist()],
        }
        if found.runs:
            body["runs"] = found.runs
        return Response(msgspec.json.encode(body), media_type="application/json")
    if format == "csv":
        headers = {"Content-Disposition": attachment(f"{name}.csv")}
        return Response(_csv(found), media_type="text/csv; charset=utf-8", headers=headers)
    data = columns.encode(
        {
            "step": np.asarray(found.steps, "<i8"),
            "time": np.asarray(found.times, "<f8"),
            "value": np.asarray(found.values, "<f8"),
        },
        {"run": record.id, "key": key, "count": len(found.steps)}
        | ({"runs": found.runs} if found.runs else {}),
    )
    return Response(data, media_type=columns.MEDIA_TYPE)


def _csv(found: Any) -> bytes:
    out = io.StringIO()
    out.write("step,time,value\r\n")
    for step, time, value in zip(
        found.steps.tolist(), found.times.tolist(), found.values.tolist(), strict=True
    ):
        # repr of a float is its shortest exact text; "nan" and "inf" are what readers know.
        out.write(f"{step},{time!r},{value!r}\r\n")
    return out.getvalue().encode()

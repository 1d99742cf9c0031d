"""Fields of all runs that a query finds, as columns: the Explore screen."""

from __future__ import annotations

from typing import Any

import numpy as np
from litestar import Response, get
from litestar.params import FromQuery
from sqlalchemy import Connection

from peira.lab.axes import Axes, Axis, read_axes
from peira.lab.query.parse import parse
from peira.server import columns
from peira.server.decided import decide
from peira.server.default_axes import Objective, default_axes, default_objective, objective_of
from peira.server.follower import revision
from peira.server.parameters import LabNow, OptionalQuery, PathText, Query
from peira.server.problems import Field, RefusedError
from peira.server.records import Direction, ImportanceAnswer
from peira.server.table import check_columns, split_columns

AXES_MAX = 60


@get("/api/projects/{project:str}/explore", sync_to_thread=True)
def explore(
    lab: LabNow,
    project: PathText,
    *,
    q: Query = "",
    axes: OptionalQuery = None,
    objective: OptionalQuery = None,
) -> Response[bytes]:
    """Values of some fields for all runs that a query finds, as typed arrays."""
    query = parse(q)
    asked = None if axes is None else split_columns([axes])
    if asked is not None and len(asked) > AXES_MAX:
        raise RefusedError(
            "request",
            f"{len(asked)} axes were asked for; {AXES_MAX} are allowed.",
            fields=(Field("axes", "query", "Ask for fewer."),),
        )

    def ask(connection: Connection) -> tuple[Axes, Objective | None]:
        if objective is None:
            judged = default_objective(connection, query, project)
        else:
            check_columns(connection, [objective], project, parameter="objective")
            judged = objective_of(connection, objective, project)
        if asked is None:
            names = default_axes(connection, query, project)
        else:
            check_columns(connection, asked, project, parameter="axes")
            names = asked
        if judged is not None and judged.name not in names:
            names = [*names, judged.name]
        return read_axes(connection, query, names, project=project), judged

    found, judged = lab.ask(ask)
    data = encode(found, judged, {"chosen": "asked" if asked else "varying", "rev": revision(lab)})
    return Response(data, media_type=columns.MEDIA_TYPE)


@get("/api/projects/{project:str}/importance", sync_to_thread=True)
def importance(
    lab: LabNow,
    project: PathText,
    *,
    q: Query = "",
    objective: OptionalQuery = None,
    direction: FromQuery[Direction | None] = None,
) -> ImportanceAnswer:
    """Which params decided who is among the best of the runs, and what those have in common."""
    query = parse(q)

    def choose(connection: Connection) -> Objective | None:
        if objective is None:
            judged = default_objective(connection, query, project)
        else:
            check_columns(connection, [objective], project, parameter="objective")
            judged = objective_of(connection, objective, project)
        return judged and Objective(judged.name, direction or judged.direction)

    return decide(lab, query, project, choose)


def encode(found: Axes, objective: Objective | None, more: dict[str, Any]) -> bytes:
    """Return the runs and their axes as columns; see docs/formats/columns.md."""
    arrays: dict[str, Any] = {
        "ids": np.frombuffer("".join(found.ids).encode(), np.uint8),
    }
    for n, axis in enumerate(found.axes):
        if axis.numbers is not None:
            arrays[f"numbers{n}"] = axis.numbers
            arrays[f"missing{n}"] = axis.is_missing.astype(np.uint8)
        else:
            arrays[f"codes{n}"] = axis.codes
    header = {
        "objective": None
        if objective is None
        else {"name": objective.name, "direction": objective.direction},
        "total": found.total,
        "matched": len(found.ids),
        "names": found.names,
        "axes": [_header(axis) for axis in found.axes],
        "took_ms": round(found.took_s * 1000, 3),
        **more,
    }
    return columns.encode(arrays, header)


def _header(axis: Axis) -> dict[str, Any]:
    header: dict[str, Any] = {
        "name": axis.name,
        "kind": axis.kind,
        "type": axis.type,
        "missing": axis.missing,
    }
    if axis.numbers is None:
        return header | {"categories": axis.categories, "literals": axis.literals}
    finite = axis.numbers[np.isfinite(axis.numbers)]
    return header | {
        "whole": axis.is_whole,
        "nonfinite": len(axis.numbers) - len(finite) - axis.missing,
        "low": float(finite.min()) if len(finite) else None,
        "high": float(finite.max()) if len(finite) else None,
    }

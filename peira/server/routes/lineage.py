"""What a run comes from, and what came of it."""

from __future__ import annotations

from typing import Annotated, Literal

from litestar import get
from litestar.params import FromQuery, QueryParameter

from peira.lab.lineage import DEPTH, DEPTH_MAX, NODES_MAX
from peira.lab.lineage_graph import Side
from peira.server.follower import revision
from peira.server.parameters import LabNow, PathText
from peira.server.records import LineageAnswer

_SIDES: dict[str, tuple[Side, ...]] = {"up": ("up",), "down": ("down",), "both": ("up", "down")}


@get("/api/runs/{run:str}/lineage", sync_to_thread=True)
def lineage(
    lab: LabNow,
    run: PathText,
    side: FromQuery[Literal["up", "down", "both"]] = "both",
    depth: Annotated[int, QueryParameter(ge=1, le=DEPTH_MAX)] = DEPTH,
    nodes: Annotated[int, QueryParameter(ge=1, le=1000)] = NODES_MAX,
) -> LineageAnswer:
    """The graph of runs, artifacts, files and checkpoints around a run, within limits."""
    found = lab.lineage(run, sides=_SIDES[side], depth=depth, nodes=nodes)
    return LineageAnswer(
        run=found.run,
        nodes=found.nodes,
        edges=found.edges,
        cut=found.is_cut,
        took_ms=round(found.took_s * 1000, 3),
        rev=revision(lab),
    )

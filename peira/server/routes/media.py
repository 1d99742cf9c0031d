"""What a run logged to look at or hear."""

from __future__ import annotations

from typing import Annotated

from litestar import get
from litestar.params import QueryParameter

from peira.server.parameters import LabNow, PathText
from peira.server.records import MediaAnswer, MediaItem

ITEMS_MAX = 10_000


@get("/api/runs/{run:str}/media", sync_to_thread=True)
def media(
    lab: LabNow,
    run: PathText,
    key: Annotated[str | None, QueryParameter(max_length=1000)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=ITEMS_MAX)] = ITEMS_MAX,
) -> MediaAnswer:
    """Media records by key, then step; their bytes are at `/api/objects/{digest}`."""
    found = lab.run(run).media(key)
    items = [
        MediaItem(**{name: getattr(item, name) for name in MediaItem.__struct_fields__})
        for item in found[:limit]
    ]
    return MediaAnswer(items=items, total=len(found))

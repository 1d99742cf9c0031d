"""`/api/events`: server-sent events that say what changed."""

from __future__ import annotations

from litestar import get
from litestar.response import Stream as StreamingAnswer

from peira.server.parameters import OpenStreams


@get("/api/events", media_type="text/event-stream")
async def events(streams: OpenStreams) -> StreamingAnswer:
    """Hints, at most four a second: which runs changed. The dashboard fetches what it shows."""
    stream = streams.open()
    return StreamingAnswer(
        stream.lines(),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )

"""A piece of a run's console log."""

from __future__ import annotations

import stat
from typing import Annotated

from litestar import get
from litestar.params import QueryParameter

from peira.lab.lab import Lab
from peira.lab.run_console import ConsolePiece
from peira.record.folder import run_folder
from peira.server.parameters import LabNow, PathText
from peira.server.records import ConsoleAnswer

PIECE_BYTES_MAX = 1024 * 1024
PIECE_BYTES = 256 * 1024
Bytes = Annotated[int, QueryParameter(ge=1, le=PIECE_BYTES_MAX)]
OptionalBytes = Annotated[int | None, QueryParameter(ge=1, le=PIECE_BYTES_MAX)]


@get("/api/runs/{run:str}/console", sync_to_thread=True)
def console(
    lab: LabNow,
    run: PathText,
    after: Annotated[int, QueryParameter(ge=0, le=2**62)] = 0,
    limit: Bytes = PIECE_BYTES,
    tail: OptionalBytes = None,
) -> ConsoleAnswer:
    """What the run printed: from byte `after`, or the last `tail` bytes."""
    record = lab.run(run)
    piece = ConsolePiece("", 0, 0, 0)
    if console_size(lab, record.id):
        piece = record.console(after, limit, tail=tail)
    return ConsoleAnswer(
        text=piece.text,
        start=piece.start,
        end=piece.end,
        size=piece.size,
        live=record.state == "running",
    )


def console_size(lab: Lab, run_id: str) -> int:
    """Return the bytes printed so far; 0 for anything that is not a plain file (a planted link)."""
    try:
        found = run_folder(lab.root, run_id).console.lstat()
    except OSError:
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0

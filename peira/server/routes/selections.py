"""Lists of runs under short ids, so that an address with hundreds of runs stays short."""

from __future__ import annotations

import base64
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.params import JSONBody, PathParameter

from peira.core import ids
from peira.core.errors import NotFoundError
from peira.server.parameters import LabNow
from peira.server.problems import Field, RefusedError
from peira.server.records import SelectionAnswer, SelectionRequest

KIND = "selection"
_DIGEST_BYTES = 10


@post("/api/selections", sync_to_thread=True, status_code=200)
def keep_selection(lab: LabNow, data: JSONBody[SelectionRequest]) -> SelectionAnswer:
    """Keep a list; its id is a digest of it, so the same list has the same id and never changes."""
    wrong = [n for n, run in enumerate(data.runs) if not ids.is_run_id(run)]
    if wrong:
        raise RefusedError(
            "request",
            "A selection holds full run ids.",
            fields=(Field(f"runs[{wrong[0]}]", "body", "This is not a run id."),),
        )
    name = selection_id(data.runs)
    if name not in lab.journal.standing(KIND):
        lab.journal.append(KIND, name, data.runs)
    return SelectionAnswer(id=name, runs=data.runs)


@get("/api/selections/{selection:str}", sync_to_thread=True)
def selection(
    lab: LabNow, selection: Annotated[str, PathParameter(pattern=r"^[a-z2-7]{16}$")]
) -> SelectionAnswer:
    """Give a kept list back."""
    decision = lab.journal.standing(KIND).get(selection)
    runs: Any = decision.value if decision is not None else None
    if not isinstance(runs, list):
        raise NotFoundError(f"There is no selection {selection}.")
    return SelectionAnswer(id=selection, runs=[str(run) for run in runs])


def selection_id(runs: list[str]) -> str:
    """Return the id of a list of runs: 16 letters and digits."""
    from blake3 import blake3

    digest = blake3(msgspec.json.encode(runs)).digest(length=_DIGEST_BYTES)
    return base64.b32encode(digest).decode().lower()

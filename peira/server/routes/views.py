"""Saved views of a project, and its goal."""

from __future__ import annotations

from typing import Annotated

from litestar import delete, get, put
from litestar.params import JSONBody, PathParameter

from peira.core.errors import NotFoundError
from peira.lab import journal
from peira.lab.lab import Lab
from peira.server.parameters import LabNow, PathText
from peira.server.records import Goal, ViewRequest, ViewRow, ViewsAnswer

ViewId = Annotated[str, PathParameter(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


@put("/api/projects/{project:str}/goal", sync_to_thread=True)
def set_goal(lab: LabNow, project: PathText, data: JSONBody[Goal]) -> Goal:
    """Set what the project is after."""
    lab.set_goal(project, {"metric": data.metric, "direction": data.direction})
    return data


@get("/api/projects/{project:str}/views", sync_to_thread=True)
def views(lab: LabNow, project: PathText) -> ViewsAnswer:
    """The saved views of the project, by name."""
    rows = [_row(project, decision) for decision in _standing(lab, project)]
    return ViewsAnswer(views=sorted(rows, key=lambda row: (row.name.casefold(), row.id)))


@put("/api/projects/{project:str}/views/{view:str}", sync_to_thread=True)
def save_view(lab: LabNow, project: PathText, view: ViewId, data: JSONBody[ViewRequest]) -> ViewRow:
    """Keep a view under an id that the client chose."""
    value = {"name": data.name, "url": data.url, "scope": data.scope}
    lab.save_view(project, view, value)
    decision = lab.journal.history(journal.VIEW, f"{project}/{view}")[-1]
    return _row(project, decision)


@delete("/api/projects/{project:str}/views/{view:str}", sync_to_thread=True)
def drop_view(lab: LabNow, project: PathText, view: ViewId) -> None:
    """Take a view back; its history stays in the journal."""
    if not any(decision.id == f"{project}/{view}" for decision in _standing(lab, project)):
        raise NotFoundError(f"There is no view {view} in this project.")
    lab.save_view(project, view, None)


def _standing(lab: Lab, project: str) -> list[journal.Decision]:
    prefix = f"{project}/"
    return [
        decision
        for decision in lab.journal.standing(journal.VIEW).values()
        if decision.id.startswith(prefix) and "/" not in decision.id[len(prefix) :]
    ]


def _row(project: str, decision: journal.Decision) -> ViewRow:
    value = decision.value if isinstance(decision.value, dict) else {}
    return ViewRow(
        id=decision.id[len(project) + 1 :],
        name=str(value.get("name", "")),
        url=str(value.get("url", "")),
        by=decision.by,
        time=decision.time,
        scope=str(value.get("scope", "project")),
    )

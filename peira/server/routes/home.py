"""What this lab is, and its Home screen."""

from __future__ import annotations

from litestar import get
from sqlalchemy import func, select

from peira.core.version import __version__
from peira.lab.index import schema
from peira.lab.journal import user_name
from peira.lab.lab import Lab
from peira.server.records import LabAnswer


@get("/api/lab", sync_to_thread=True)
def lab_facts(lab: Lab) -> LabAnswer:
    """Where the lab is, and how much is in it."""
    run = schema.run.c
    question = select(
        func.count(), func.count(run.project.distinct()), func.coalesce(func.max(run.rev), 0)
    ).where(run.deleted == 0)
    runs, projects, rev = lab.ask(lambda connection: connection.execute(question).one())
    return LabAnswer(
        name=lab.root.parent.name,
        root=str(lab.root),
        version=__version__,
        runs=runs,
        projects=projects,
        rev=rev,
        user=user_name(),
    )

"""What this lab is, and its Home screen."""

from __future__ import annotations

from litestar import get
from sqlalchemy import func, select

from peira.core.version import __version__
from peira.lab.index import schema
from peira.lab.journal import user_name
from peira.lab.projects import ProjectSummary
from peira.lab.projects import Spark as LabSpark
from peira.server.cells import cell
from peira.server.follower import revision
from peira.server.parameters import LabNow
from peira.server.records import AlertRow, Goal, HomeAnswer, LabAnswer, ProjectRow, Spark
from peira.server.table import rows_of


@get("/api/lab", sync_to_thread=True)
def lab_facts(lab: LabNow) -> LabAnswer:
    """Where the lab is, and how much is in it."""
    run = schema.run.c
    question = select(func.count(), func.count(run.project.distinct())).where(run.deleted == 0)
    runs, projects = lab.ask(lambda connection: tuple(connection.execute(question).one()))
    return LabAnswer(
        name=lab.root.parent.name,
        root=str(lab.root),
        version=__version__,
        runs=runs,
        projects=projects,
        rev=revision(lab),
        user=user_name(),
    )


@get("/api/home", sync_to_thread=True)
def home(lab: LabNow) -> HomeAnswer:
    """Projects, the latest active first; runs that run; recent runs; the latest alerts."""
    found = lab.home()
    return HomeAnswer(
        projects=[_project(each, found.sparks.get(each.name)) for each in found.projects],
        alive=rows_of(found.alive),
        recent=rows_of(found.recent),
        alerts=[
            AlertRow(
                run=alert.run,
                name=alert.name,
                project=alert.project,
                level=alert.level,
                title=alert.title,
                text=alert.text,
                time=alert.time,
            )
            for alert in found.alerts
        ],
        rev=revision(lab),
    )


def _project(summary: ProjectSummary, spark: LabSpark | None) -> ProjectRow:
    goal = summary.goal
    return ProjectRow(
        name=summary.name,
        runs=summary.runs,
        alive=summary.alive,
        failed=summary.failed,
        alerts=summary.alerts,
        last_activity=summary.last_activity,
        people=summary.people,
        goal=None if goal is None else Goal(metric=goal.metric, direction=goal.direction),
        spark=None
        if spark is None
        else Spark(metric=spark.metric, direction=spark.direction, values=cell(spark.values)),
    )

"""Projects at a glance, and what the first screen shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
from sqlalchemy import Connection, and_, case, func, select

from peira.lab import cells
from peira.lab.goal import Goal, rank_metric, read_goal
from peira.lab.index import schema
from peira.lab.query import ast
from peira.lab.query.catalog import Catalog
from peira.lab.query.names import write_name
from peira.lab.query.parse import parse
from peira.lab.rows import COLUMNS, Page, RunRow, in_scope, select_page
from peira.record import events

SPARK_RUNS = 40
ALERTS_MAX = 30
ROWS_MAX = 20

"""Words that say a metric was measured on held-out data, the best first."""


class ProjectSummary(msgspec.Struct, frozen=True):
    """One project. `last_activity` is seconds since the epoch; `people` are sorted."""

    name: str
    runs: int
    alive: int
    failed: int
    last_activity: float
    people: list[str]
    goal: Goal | None
    alerts: int


class Spark(msgspec.Struct, frozen=True):
    """The primary metric of a project's latest runs, oldest first; None where a run has none."""

    metric: str
    direction: Literal["max", "min"] | None
    values: list[float | None]


class HomeAlert(msgspec.Struct, frozen=True):
    """An alert with the run it is about."""

    run: str
    name: str
    project: str
    level: str
    title: str
    text: str
    time: float


class Home(msgspec.Struct, frozen=True):
    """What the first screen shows. `sparks` are by project name."""

    projects: list[ProjectSummary]
    sparks: dict[str, Spark]
    alive: Page
    recent: Page
    alerts: list[HomeAlert]


def list_projects(connection: Connection) -> list[ProjectSummary]:
    """Return all projects that have runs, the latest active first."""
    run = schema.run.c
    found = connection.execute(
        select(
            run.project,
            func.count(),
            func.sum(case((run.state == "running", 1), else_=0)),
            func.sum(case((run.state == "failed", 1), else_=0)),
            func.max(run.seen),
            func.sum(run.alerts),
        )
        .where(run.deleted == 0)
        .group_by(run.project)
    ).all()
    people: dict[str, set[str]] = {}
    question = select(run.project, run.user).where(run.deleted == 0).distinct()
    for project, user in connection.execute(question):
        people.setdefault(project, set()).add(user)
    decision = schema.decision.c
    goals = connection.execute(
        select(decision.id, decision.value).where(
            decision.kind == "goal", decision.value.is_not(None)
        )
    )
    goal_of = {project: read_goal(value) for project, value in goals}
    summaries = [
        ProjectSummary(
            name, runs, alive, failed, seen, sorted(people[name]), goal_of.get(name), alerts
        )
        for name, runs, alive, failed, seen, alerts in found
    ]
    return sorted(summaries, key=lambda summary: summary.last_activity, reverse=True)


def read_home(connection: Connection) -> Home:
    """Return what the first screen shows, in a few statements whatever the size of the lab."""
    projects = list_projects(connection)
    sparks = {}
    for project in projects[:50]:
        spark = read_spark(connection, project.name)
        if spark is not None:
            sparks[project.name] = spark
    alive = ast.Query("alive", ast.Alive())
    return Home(
        projects,
        sparks,
        select_page(connection, alive, limit=ROWS_MAX),
        select_page(connection, parse(""), limit=ROWS_MAX),
        latest_alerts(connection),
    )


def read_spark(connection: Connection, project: str) -> Spark | None:
    """Return the primary metric of the latest runs of a project, or None when it has none."""
    run = schema.run.c
    latest = list(
        connection.scalars(
            in_scope(select(run.n), project).order_by(run.created.desc()).limit(SPARK_RUNS)
        )
    )
    catalog = Catalog(connection, project)
    metric = primary_metric(connection, catalog, latest)
    if metric is None:
        return None
    direction = catalog.direction(metric)
    name = write_name(metric, "metrics") + (".best" if direction else "")
    columns = cells.resolve_columns([name], catalog)
    found = cells.read_cells(connection, columns, latest)[0]
    values = [found.get(n) for n in reversed(latest)]
    return Spark(metric, direction, [v if isinstance(v, float) else None for v in values])


def primary_metric(connection: Connection, catalog: Catalog, runs: Sequence[int]) -> str | None:
    """Return the goal's metric; without a goal the most common one whose better side is known,
    rather of validation than of training.
    """
    for goal in catalog.goals():
        catalog.numbers([goal.metric])
        if catalog.has_metric(goal.metric):
            return goal.metric
    metric, key = schema.metric.c, schema.key.c
    counted = connection.execute(
        select(key.name, func.count())
        .join(schema.metric, and_(metric.key == key.n))
        .where(metric.run.in_(runs), ~key.name.startswith("system/"))
        .group_by(key.n)
    ).all()

    ranked = sorted(counted, key=lambda line: (*rank_metric(line[0]), -line[1], line[0]))
    return ranked[0][0] if ranked else None


def latest_alerts(connection: Connection, limit: int = ALERTS_MAX) -> list[HomeAlert]:
    """Return the latest alerts of runs that are not removed, latest first."""
    run, event = schema.run.c, schema.event.c
    alerted = connection.execute(
        in_scope(select(*COLUMNS), None)
        .where(run.alerts > 0)
        .order_by(run.seen.desc())
        .limit(limit)
    )
    rows = {row.n: row for row in (RunRow(*line) for line in alerted)}
    found = connection.execute(
        select(event.run, event.data)
        .where(event.run.in_(list(rows)), event.kind == "alert")
        .order_by(event.time.desc(), event.n.desc())
        .limit(limit)
    )
    decoder = msgspec.json.Decoder(events.Alert)
    alerts = []
    for n, data in found:
        alert, row = decoder.decode(data), rows[n]
        alerts.append(
            HomeAlert(
                row.id, row.name, row.project, alert.level, alert.title, alert.text, alert.time
            )
        )
    return alerts

"""Which columns the runs table shows before anybody chose: what differs, what most runs have."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from peira.lab.index import schema
from peira.lab.query.ast import Kind
from peira.lab.query.catalog import Catalog
from peira.lab.query.names import write_name

COLUMNS_MAX = 12
PARAMS_MAX = 6
RUNS_LOOKED_AT = 200


def default_columns(connection: Connection, project: str) -> list[str]:
    """Return names of columns for a project, judged by its latest runs.

    The goal's metric first, then params with more than one value, then the metrics that most runs
    have; what the machine did (`system/…`) is left to those who ask.
    """
    run = schema.run.c
    recent = connection.scalars(
        select(run.n)
        .where(run.project == project, run.deleted == 0)
        .order_by(run.created.desc())
        .limit(RUNS_LOOKED_AT)
    ).all()
    if not recent:
        return []
    goals = [goal.metric for goal in Catalog(connection, project).goals()]
    metrics = [name for name in _metrics(connection, recent) if not name.startswith("system/")]
    metrics = metrics[: 2 * COLUMNS_MAX] + [name for name in goals if name in metrics]
    metrics = list(dict.fromkeys(metrics))
    params = varying_params(connection, recent)[:PARAMS_MAX]
    both = ambiguous(connection, [*metrics, *params])

    def spell(name: str, kind: Kind) -> str:
        return write_name(name, kind if name in both else None)

    first = [spell(name, "metrics") for name in goals if name in metrics]
    middle = [spell(name, "params") for name in params]
    last = [spell(name, "metrics") for name in metrics if name not in goals]
    return [*first, *middle, *last][:COLUMNS_MAX]


def ambiguous(connection: Connection, names: Sequence[str]) -> set[str]:
    """Return the names that are a param and a metric somewhere in the lab."""
    key = schema.key.c
    counted = select(key.name).where(key.name.in_(names)).group_by(key.name)
    return set(connection.scalars(counted.having(func.count(key.kind.distinct()) > 1)))


def varying_params(connection: Connection, runs: Sequence[int]) -> list[str]:
    """Return the params that have more than one value in these runs, those of most runs first."""
    attribute, key = schema.attribute.c, schema.key.c
    differing = func.count(attribute.text.distinct())
    rows = connection.execute(
        select(key.name)
        .join_from(schema.attribute, schema.key, attribute.key == key.n)
        .where(attribute.run.in_(runs))
        .group_by(key.name)
        .having(differing > 1)
        .order_by(func.count().desc(), key.name)
    )
    return [row.name for row in rows]


def _metrics(connection: Connection, runs: Sequence[int]) -> list[str]:
    metric, key = schema.metric.c, schema.key.c
    rows = connection.execute(
        select(key.name)
        .join_from(schema.metric, schema.key, metric.key == key.n)
        .where(metric.run.in_(runs))
        .group_by(key.name)
        .order_by(func.count().desc(), key.name)
    )
    return [row.name for row in rows]

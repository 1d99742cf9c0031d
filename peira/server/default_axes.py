"""What the Explore screen shows before anybody chose: an objective, and the params that vary."""

from __future__ import annotations

from typing import Literal

import msgspec
from sqlalchemy import Connection, func, select

from peira.lab.index import schema
from peira.lab.projects import primary_metric
from peira.lab.query import ast
from peira.lab.query.catalog import Catalog
from peira.lab.query.names import read_name, write_name
from peira.lab.query.several import among
from peira.lab.query.value import aggregate_of
from peira.lab.rows import select_numbers
from peira.server.default_columns import ambiguous, varying_params

AXES_MAX = 11
"""Params beside the objective: twelve axes in all."""
RUNS_LOOKED_AT = 1_000


class Objective(msgspec.Struct, frozen=True):
    """What runs are judged by: a field as a query writes it, and which side of it is better."""

    name: str
    direction: Literal["min", "max"] | None


def default_objective(connection: Connection, query: ast.Query, project: str) -> Objective | None:
    """Return the goal's metric, without a goal the metric that says most; None without metrics."""
    catalog = Catalog(connection, project)
    recent = select_numbers(connection, query, project=project)[:RUNS_LOOKED_AT]
    metric = primary_metric(connection, catalog, recent)
    if metric is None:
        return None
    direction = catalog.direction(metric)
    kind: ast.Kind | None = "metrics" if metric in ambiguous(connection, [metric]) else None
    return Objective(write_name(metric, kind, "best" if direction else None), direction)


def objective_of(connection: Connection, name: str, project: str) -> Objective:
    """Return the objective that a name asks for.

    Raises:
        QueryError: the name is not known.
    """
    catalog = Catalog(connection, project)
    written = read_name(name)
    field = catalog.resolve(written)
    if field.kind != "metric":
        return Objective(name, None)
    aggregate = aggregate_of(field, catalog, written)
    direction = catalog.direction(field.key)
    if direction is None and aggregate in ("min", "max"):
        direction = "min" if aggregate == "min" else "max"
    return Objective(name, direction)


def default_axes(
    connection: Connection, query: ast.Query, project: str, *, count_max: int = AXES_MAX
) -> list[str]:
    """Return names of the params that vary among the latest runs that a query finds.

    A text that is another one in nearly every run (a path, a name) is no axis.
    """
    recent = select_numbers(connection, query, project=project)[:RUNS_LOOKED_AT]
    names = varying_params(connection, recent)
    labels = _labels(connection, recent)
    kept = [name for name in names if name not in labels][:count_max]
    both = ambiguous(connection, kept)
    return [write_name(name, "params" if name in both else None) for name in kept]


def _labels(connection: Connection, runs: list[int]) -> set[str]:
    """The params that are texts, and nearly as many as there are runs."""
    row, key = schema.attribute.c, schema.key.c
    counted = (
        select(key.name)
        .join_from(schema.attribute, schema.key, row.key == key.n)
        .where(among(row.run, runs), row.type.in_(("str", "json")))
        .group_by(key.name)
        .having(func.count(row.text.distinct()) > max(20, 0.5 * len(runs)))
    )
    return set(connection.scalars(counted))

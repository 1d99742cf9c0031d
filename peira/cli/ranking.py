"""By which metric runs are ranked, and which side of it is better."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peira.core.errors import QueryError, UsageError

if TYPE_CHECKING:
    from peira.lab.lab import Lab


def goal_metric(lab: Lab, project: str | None) -> str:
    """Return the metric that the goals of the projects name.

    Raises:
        UsageError: there is none, or more than one.
    """
    goals = {
        found.name: found.goal.metric
        for found in lab.projects()
        if found.goal is not None and project in (None, found.name)
    }
    if len(set(goals.values())) == 1:
        return next(iter(goals.values()))
    raise UsageError(
        "Best by which metric? "
        + ("No goal is set." if not goals else f"There are {len(goals)} goals."),
        hint="Name one: --metric val/acc",
    )


def best_column(lab: Lab, key: str, direction: str | None, project: str | None) -> str:
    """Return `key.max` or `key.min` as a query writes it."""
    from peira.lab.query.names import read_name, split_aggregate, write_name

    name = read_name(key)
    if name.aggregate is None and not name.quoted:
        bare, aggregate = split_aggregate(name.key)
        if aggregate in ("max", "min"):
            return write_name(bare, aggregate=aggregate)
    if direction is None:
        column = write_name(name.key, aggregate="best")
        try:
            asked = lab.runs("", project=project, limit=1, columns=[column])
        except QueryError as error:
            if f"{name.key}.max" in error.suggestions:  # it is there; only the direction is not
                raise UsageError(error.message, hint="Say it with --max or --min.") from error
            raise
        direction = asked.columns[0].field.aggregate
    return write_name(name.key, aggregate=direction)


def key_of(column: str) -> str:
    """Return the metric of a column."""
    from peira.lab.query.names import read_name, split_aggregate

    name = read_name(column)
    return name.key if name.quoted else split_aggregate(name.key)[0]

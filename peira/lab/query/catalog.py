"""What the names of a query mean in one index: run fields, params, metrics and tags.

Only the names that a query holds are looked up, so a lab with 100,000 metric names costs nothing
more.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, Literal, NoReturn

import msgspec
from sqlalchemy import Connection, Select, func, select

from peira.core.direction import guess_direction
from peira.core.errors import QueryError
from peira.core.text import printable
from peira.lab.goal import Goal, read_goal
from peira.lab.index import schema
from peira.lab.query.ast import Name
from peira.lab.query.names import AGGREGATES, split_aggregate, write_name
from peira.lab.query.parse import near

RunFieldType = Literal["text", "state", "time", "duration", "number"]

RUN_FIELDS: dict[str, RunFieldType] = {
    "id": "text",
    "name": "text",
    "project": "text",
    "state": "state",
    "user": "text",
    "host": "text",
    "group": "text",
    "parent": "text",
    "origin": "text",
    "origin_how": "text",
    "sweep": "text",
    "trial": "number",
    "why": "text",
    "note": "text",
    "command": "text",
    "commit": "text",
    "created": "time",
    "ended": "time",
    "seen": "time",
    "duration": "duration",
    "alerts": "number",
    "lost_points": "number",
}
"""The fields that every run has, by name; `seen` is the last sign of life."""

ALIASES = {"status": "state", "started": "created"}
STATES = ("running", "finished", "failed", "killed", "silent")


class Field(msgspec.Struct, frozen=True):
    """A name with its meaning. `key` is the name without qualifier and aggregate; `n` its number
    in the index.
    """

    kind: Literal["run", "param", "metric", "tag", "unknown"]
    key: str
    n: int | None = None
    aggregate: str = "last"
    type: RunFieldType = "text"

    @property
    def column(self) -> str:
        """The name as a query would write it in the shortest certain way."""
        if self.kind == "metric" and self.aggregate != "last":
            return write_name(self.key, aggregate=self.aggregate)
        return write_name(self.key)


class Catalog:
    """Names of one index, for queries over one project (or, with None, over all).

    Bound to a connection and to one moment; make a new one for each query.
    """

    def __init__(
        self, connection: Connection, project: str | None = None, now_s: float | None = None
    ) -> None:
        self.connection = connection
        self.project = project
        self.now_s = time.time() if now_s is None else now_s
        self._numbers: dict[tuple[str, str], int | None] = {}
        self._goals: list[Goal] | None = None

    def numbers(self, names: Iterable[str]) -> None:
        """Look many keys up at once, so that `resolve` needs no further statement for them."""
        wanted = sorted({n for name in names for n in (name, split_aggregate(name)[0])})
        wanted = [n for n in wanted if ("param", n) not in self._numbers]
        for name in wanted:
            self._numbers[("param", name)] = self._numbers[("metric", name)] = None
        key = schema.key
        for begin in range(0, len(wanted), 1000):
            part = wanted[begin : begin + 1000]
            rows = self.connection.execute(
                select(key.c.kind, key.c.name, key.c.n).where(key.c.name.in_(part))
            )
            for kind, name, n in rows:
                self._numbers[(kind, name)] = n

    def resolve(self, name: Name) -> Field:
        """Return what a name means.

        A bare name is, in this order: a field of every run; a param or a metric of exactly this
        name; a metric with an aggregate. A name that nothing in the lab carries is `unknown` while
        the project has no runs.

        Raises:
            QueryError: the name is not known, or is both a param and a metric.
        """
        if name.kind == "tags" or (name.kind is None and not name.quoted and name.key == "tags"):
            return Field("tag", name.key)
        if name.kind == "run" or (name.kind is None and not name.quoted):
            field = ALIASES.get(name.key, name.key)
            if field in RUN_FIELDS:
                return Field("run", field, type=RUN_FIELDS[field])
            if name.kind == "run":
                self._unknown(name, list(RUN_FIELDS))
        self.numbers([name.key])
        found = [field for field in self._candidates(name) if field.n is not None]
        exact = [f for f in found if f.key == name.key]
        found = exact or found
        if len(found) > 1:
            choices = tuple(
                dict.fromkeys(
                    write_name(f.key, "params" if f.kind == "param" else "metrics") for f in found
                )
            )
            raise QueryError(
                f"`{printable(name.text)}` is a param and a metric.",
                position=name.position,
                length=name.length,
                suggestions=choices,
                hint=f"Write `{choices[0]}` or `{choices[-1]}`.",
            )
        if found:
            return found[0]
        if self._has_runs():
            self._unknown(name, None)
        return Field("unknown", name.key)

    def _candidates(self, name: Name) -> list[Field]:
        if name.aggregate is not None:
            n = self._numbers[("metric", name.key)]
            return [Field("metric", name.key, n, name.aggregate)]
        found = []
        if name.kind != "metrics":
            found.append(Field("param", name.key, self._numbers[("param", name.key)]))
        if name.kind != "params":
            found.append(Field("metric", name.key, self._numbers[("metric", name.key)]))
            head, aggregate = split_aggregate(name.key)
            if aggregate is not None and not name.quoted:
                found.append(Field("metric", head, self._numbers[("metric", head)], aggregate))
        return found

    def _has_runs(self) -> bool:
        run = schema.run
        question = select(run.c.n).limit(1)
        if self.project is not None:
            question = question.where(run.c.project == self.project)
        return self.connection.execute(question).first() is not None

    def _unknown(self, name: Name, known: list[str] | None) -> NoReturn:
        head, aggregate = split_aggregate(name.key)
        if known is None:
            key = schema.key
            rows = self.connection.execute(select(key.c.name).order_by(key.c.n).limit(20_000))
            known = [row.name for row in rows] + (
                [*RUN_FIELDS, "tags"] if name.kind is None else []
            )
        close = near(head, known)
        metric, dot, tail = name.key.rpartition(".")
        if dot and tail and aggregate is None and metric in known:
            words = near(tail, list(AGGREGATES)) or AGGREGATES[:5]
            close = tuple(f"{metric}.{word}" for word in words)
        raise QueryError(
            f"No run has a field `{printable(name.text)}`.",
            position=name.position,
            length=name.length,
            suggestions=tuple(write_name(word) for word in close),
            hint=f"Did you mean {', '.join(f'`{printable(w)}`' for w in close)}?" if close else "",
        )

    def goals(self) -> list[Goal]:
        """The goals that count for this query: of the project, or of all."""
        if self._goals is None:
            decision = schema.decision
            question = select(decision.c.value).where(decision.c.kind == "goal")
            if self.project is not None:
                question = question.where(decision.c.id == self.project)
            rows = self.connection.execute(question.where(decision.c.value.is_not(None)))
            found = [read_goal(row.value) for row in rows]
            self._goals = [goal for goal in found if goal is not None]
        return self._goals

    def direction(self, metric: str) -> Literal["max", "min"] | None:
        """Whether more or less of a metric is better: by the goal, else by a word in its name,
        else None.
        """
        said = {goal.direction for goal in self.goals() if goal.metric == metric}
        if len(said) == 1:
            return said.pop()
        return guess_direction(metric)

    def has_metric(self, key: str) -> bool:
        """Whether any run of the lab has this metric; `numbers` was called for it."""
        return self._numbers.get(("metric", key)) is not None

    def texts(self, question: Select[Any]) -> list[str]:
        """Return the distinct texts that a statement selects."""
        return list(self.connection.scalars(question.distinct()))

    def count_runs(self, deleted: bool = False) -> int:
        """Return how many runs the project has."""
        run = schema.run
        question = select(func.count()).select_from(run)
        if not deleted:
            question = question.where(run.c.deleted == 0)
        if self.project is not None:
            question = question.where(run.c.project == self.project)
        return int(self.connection.execute(question).scalar_one())

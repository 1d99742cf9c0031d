"""An index in memory filled straight through its tables, and the same runs as plain Python."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, StaticPool, create_engine

from peira.core.ids import new_run_id
from peira.lab.attribute import attribute_row
from peira.lab.index import schema

NOW = 1_790_000_000.0
NONFINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


@dataclass
class SmallRun:
    """One run as plain Python; `metrics` hold the logged values in order."""

    name: str = "run"
    params: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, list[float]] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    state: str = "finished"
    project: str = "digits"
    user: str = "ada"
    group: str | None = None
    created: float = NOW - 100.0
    ended: float | None = None
    deleted: bool = False
    alerts: int = 0
    id: str = ""


def fill(
    connection: Connection,
    runs: Iterable[SmallRun],
    keys: dict[tuple[str, str], int] | None = None,
) -> None:
    """Write runs into empty tables; their numbers count from 1. `keys` are those already there."""
    keys = {} if keys is None else keys

    def key(kind: str, name: str) -> int:
        if (kind, name) not in keys:
            keys[kind, name] = len(keys) + 1
            connection.execute(schema.key.insert().values(n=keys[kind, name], kind=kind, name=name))
        return keys[kind, name]

    for n, run in enumerate(runs, start=1):
        connection.execute(schema.run.insert().values(**row_of(n, run)))
        for name, value in run.params.items():
            row = attribute_row(_stored(value))
            connection.execute(
                schema.attribute.insert().values(key=key("param", name), run=n, **row)
            )
        for name, values in run.metrics.items():
            connection.execute(
                schema.metric.insert().values(key=key("metric", name), run=n, **summary(values))
            )
        for tag in run.tags:
            connection.execute(schema.tag.insert().values(name=tag, run=n, by=""))


def row_of(n: int, run: SmallRun) -> dict[str, Any]:
    """The row of the table `run`."""
    run.id = run.id or new_run_id(run.created)
    return {
        "n": n,
        "id": run.id,
        "project": run.project,
        "name": run.name,
        "group": run.group,
        "user": run.user,
        "host": "bench",
        "state": run.state,
        "created": run.created,
        "ended": run.ended,
        "duration": None if run.ended is None else run.ended - run.created,
        "seen": run.created,
        "command": "python train.py",
        "deleted": int(run.deleted),
        "alerts": run.alerts,
        "rev": n,
        "birth": b"{}",
    }


def _stored(value: Any) -> Any:
    """A value as the run folder holds it."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": NONFINITE[repr(value)]}
    return value


def summary(values: list[float]) -> dict[str, Any]:
    """The row of `metric` for values logged at steps 0, 1, …"""
    finite = [v for v in values if math.isfinite(v)]
    ends = {}
    for name, value in (("first", values[0]), ("last", values[-1])):
        ends[name] = value if math.isfinite(value) else None
        ends[f"{name}_text"] = NONFINITE.get(repr(value))
    return {
        **ends,
        "count": len(values),
        "nonfinite": len(values) - len(finite),
        "min": min(finite, default=None),
        "max": max(finite, default=None),
        "mean": math.fsum(finite) / len(finite) if finite else None,
        "first_step": 0,
        "last_step": len(values) - 1,
        "min_step": values.index(min(finite)) if finite else None,
        "max_step": values.index(max(finite)) if finite else None,
        "last_time": NOW,
    }


def open_index() -> Connection:
    """Return a connection to an empty index in memory; close its engine when done."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    schema.metadata.create_all(engine)
    return engine.connect()

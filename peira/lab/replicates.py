"""Which runs are the same experiment as one run: repeats, replicates, reproductions.

    same in all parts, the seed too        repeat: no evidence of its own
    another seed                           replicate: evidence
    the same seed on another environment   reproduction
    no seed on record                      replicate if its results differ, else repeat

The code is the same when its syntax tree is. Source: SCIENCE.md 1.9, 1.10.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, select

from peira.core.direction import is_clock
from peira.lab.index import schema
from peira.lab.runs import MetricSummary, read_metrics

_SAME = ("entry", "config", "tree", "data")
RUNS_MAX = 10_000


class Replicates(msgspec.Struct, frozen=True, kw_only=True):
    """Ids of the runs that are the same experiment as one run, which is not among them; newest
    first. Removed runs are left out, failed ones are not.
    """

    repeats: list[str] = msgspec.field(default_factory=list)
    replicates: list[str] = msgspec.field(default_factory=list)
    reproductions: list[str] = msgspec.field(default_factory=list)
    without_effect: list[str] = msgspec.field(default_factory=list)
    """Those of the replicates whose results are the same to the last digit: their seed had no
    effect, and they are one piece of evidence with this run.
    """

    def __str__(self) -> str:
        """`3 replicates, 1 exact repeat`; empty when there is none."""
        counts = (
            (len(self.replicates), "replicate"),
            (len(self.repeats), "exact repeat"),
            (len(self.reproductions), "reproduction"),
        )
        return ", ".join(f"{n} {word}{'s' if n > 1 else ''}" for n, word in counts if n)


class Parts(NamedTuple):
    """Digests of what a run was; "" where that is not known. `docs/explanation/repeats.md`."""

    entry: str
    config: str
    tree: str
    seed: str


def read_parts(connection: Connection, runs: list[str]) -> dict[str, Parts]:
    """Return the parts by run id; runs without a fingerprint are left out."""
    part, row = schema.fingerprint.c, schema.run.c
    found = connection.execute(
        select(row.id, part.entry, part.config, part.tree, part.seed)
        .join_from(schema.fingerprint, schema.run, part.run == row.n)
        .where(row.id.in_(runs))
    )
    return {id: Parts(*digests) for id, *digests in found}


def read_replicates(connection: Connection, run: int) -> Replicates:
    """Return the runs that are the same experiment as the run of that number in the index."""
    part, row = schema.fingerprint.c, schema.run.c
    own = connection.execute(select(schema.fingerprint).where(part.run == run)).mappings().first()
    if own is None or not all(own[name] for name in _SAME):
        return Replicates()
    others = connection.execute(
        select(part.run, part.seed, part.env, row.id)
        .join_from(schema.fingerprint, schema.run, part.run == row.n)
        .where(*(part[name] == own[name] for name in _SAME), part.run != run, row.deleted == 0)
        .order_by(row.created.desc(), row.id.desc())
        .limit(RUNS_MAX)
    ).all()
    metrics = read_metrics(connection, [run, *(n for n, *_ in others)])
    mine = _results(metrics.get(run, {}))
    found = Replicates()
    for n, seed, env, run_id in others:
        is_alike = bool(mine) and _results(metrics.get(n, {})) == mine
        if env != own["env"]:
            if seed == own["seed"]:
                found.reproductions.append(run_id)
        elif seed == own["seed"] and (seed or is_alike):
            found.repeats.append(run_id)
        else:
            found.replicates.append(run_id)
            if is_alike:
                found.without_effect.append(run_id)
    return found


def _results(metrics: dict[str, MetricSummary]) -> dict[str, str]:
    """What a run measured, apart from times, to be compared to the last digit."""
    return {key: repr((m.last, m.count)) for key, m in metrics.items() if not is_clock(key)}

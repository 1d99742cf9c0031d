"""The checkpoints of a run, as readers find them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from sqlalchemy import Connection, select

from peira.core.direction import Direction
from peira.core.errors import NotFoundError, UsageError
from peira.core.text import printable
from peira.lab.goal import Goal
from peira.lab.index import schema
from peira.lab.query.catalog import Catalog
from peira.lab.query.several import among
from peira.record.checkpoints import best_first, judge, standing
from peira.record.events import Checkpoint, Dropped

if TYPE_CHECKING:
    from peira.lab.runs import RunRecord

STEPS_TOLD = 12

_decoder = msgspec.json.Decoder(Checkpoint | Dropped)


def read_checkpoints(connection: Connection, numbers: Sequence[int]) -> dict[int, list[Checkpoint]]:
    """Return the checkpoints that stand, by run number, each in order of step.

    When several writers of a run made one of the same step, that of the latest stands.
    """
    event = schema.event.c
    question = (
        select(event.run, event.writer, event.data)
        .where(among(event.run, numbers), event.kind.in_(("checkpoint", "dropped")))
        .order_by(event.run, event.writer, event.n)
    )
    told: dict[int, dict[str, list[tuple[None, Checkpoint | Dropped]]]] = {}
    for run, writer, data in connection.execute(question):
        told.setdefault(run, {}).setdefault(writer, []).append((None, _decoder.decode(data)))
    found = {}
    for run, writers in told.items():
        kept = [made for lines in writers.values() for _, made in standing(lines)]
        by_step = {made.step: made for made in sorted(kept, key=lambda made: made.time)}
        found[run] = [by_step[step] for step in sorted(by_step)]
    return found


class Source(Protocol):
    """The lab, as far as the choice needs it."""

    def ask(self, question: Callable[[Connection], Any]) -> Any: ...


def choose(
    source: Source,
    run: RunRecord,
    at: str | int = "last",
    *,
    metric: str | None = None,
    direction: Direction | None = None,
) -> Checkpoint:
    """Return one checkpoint of a run.

    Args:
        at: `last`, `best` or a step.
        metric: by which the best is meant; when None that of the run's policy, else of the
            project's goal, else the only one that the checkpoints have.
        direction: `max` or `min`; None as for the metric, else by its name.

    Raises:
        NotFoundError: the run has no checkpoint, or none of that step or with that metric.
        UsageError: `at` is no such word, or it is not decided which is the best.
    """
    found = {made.step: made for made in run.checkpoints()}
    name = f"{printable(run.name)} ({run.id})"
    if not found:
        raise NotFoundError(
            f"Run {name} has no checkpoint.",
            hint="A program saves one with run.checkpoint(state, step).",
        )
    if at == "last":
        return max(found.values(), key=lambda made: made.time)
    if at == "best":
        metric, direction = _judged(source, run, found, metric, direction)
        steps = {step: made.metrics for step, made in found.items()}
        best = best_first(steps, metric, direction)
        if not best:
            raise NotFoundError(
                f"No checkpoint of run {name} has a value of {printable(metric)}.",
                hint="See what they have: peira checkpoints " + run.id,
            )
        return found[best[0]]
    try:
        step = int(at)
    except ValueError:
        raise UsageError(
            f"{at!r:.60} is no checkpoint.", hint="Use last, best or the number of a step."
        ) from None
    if step not in found:
        steps_told = ", ".join(map(str, list(found)[-STEPS_TOLD:]))
        more = f"… {len(found) - STEPS_TOLD} earlier, " if len(found) > STEPS_TOLD else ""
        raise NotFoundError(
            f"Run {name} has no checkpoint at step {step}.",
            hint=f"It has these: {more}{steps_told}.",
        )
    return found[step]


def _judged(
    source: Source,
    run: RunRecord,
    found: dict[int, Checkpoint],
    metric: str | None,
    direction: Direction | None,
) -> tuple[str, Direction]:
    """Return by which metric and direction the best of a run's checkpoints is meant."""
    policy = run.captured("checkpoints")
    goals: list[Goal] = source.ask(lambda connection: Catalog(connection, run.project).goals())
    named = {name for made in found.values() for name in made.metrics}
    said: dict[str, Direction] = {
        goal.metric: goal.direction for goal in goals if goal.metric in named
    }
    if policy.get("best") and policy.get("metric") in named:
        said = {policy["metric"]: policy.get("direction", "max")} | said
    if metric is None and said:
        metric = next(iter(said))
    if metric in said and direction is None:
        direction = said[metric]
    return judge({step: made.metrics for step, made in found.items()}, metric, direction)

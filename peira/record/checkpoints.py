"""Which checkpoints of a run stand, which is the best, and which a policy keeps.

Pure rules, the same for the process that writes, for readers and for what collects garbage.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from peira.core.direction import Direction, guess_direction
from peira.core.errors import UsageError
from peira.record.events import Checkpoint, Dropped

T = TypeVar("T")


def standing(told: Iterable[tuple[T, Checkpoint | Dropped]]) -> list[tuple[T, Checkpoint]]:
    """Return the checkpoints of one writer that were not dropped or replaced, in their order.

    Args:
        told: its checkpoint and dropped events in the order of its file, each with any mark.
    """
    kept: dict[int, tuple[T, Checkpoint]] = {}
    for mark, event in told:
        if isinstance(event, Dropped):
            for step in event.steps:
                kept.pop(step, None)
        else:
            kept.pop(event.step, None)  # the later one of a step stands, in its own place
            kept[event.step] = (mark, event)
    return list(kept.values())


def metric_value(metrics: Mapping[str, Any], key: str) -> float | None:
    """Return a metric value of a checkpoint; None when it has none that can be compared."""
    value = metrics.get(key)
    if isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value):
        return float(value)
    if isinstance(value, dict) and value.get("float") in ("Infinity", "-Infinity"):
        return math.inf if value["float"] == "Infinity" else -math.inf
    return None


def plain_metrics(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metric values of a checkpoint as numbers, NaN and infinity too."""
    return {
        key: float(value["float"]) if isinstance(value, dict) and "float" in value else value
        for key, value in metrics.items()
    }


def best_first(
    steps: Mapping[int, Mapping[str, Any]], metric: str, direction: Direction
) -> list[int]:
    """Return the steps whose checkpoints have the metric, the best first; of equal ones the
    earlier.

    Args:
        steps: metric values of each checkpoint by its step.
    """
    sign = -1.0 if direction == "max" else 1.0
    found = [(metric_value(metrics, metric), step) for step, metrics in steps.items()]
    return [
        step
        for _, step in sorted((sign * value, step) for value, step in found if value is not None)
    ]


def judge(
    steps: Mapping[int, Mapping[str, Any]], metric: str | None, direction: Direction | None
) -> tuple[str, Direction]:
    """Return by which metric, and in which direction, a checkpoint is the best: as told, else the
    only metric that the checkpoints have, and what its name says.

    Raises:
        UsageError: that does not decide it.
    """
    if not metric:
        names = sorted({name for metrics in steps.values() for name in metrics})
        if len(names) != 1:
            told = ", ".join(names[:10]) or "none"
            raise UsageError(
                f"Which checkpoint is the best depends on the metric; they have {told}.",
                hint="Name the metric, or save checkpoints with one: checkpoint(state, metric=…).",
            )
        metric = names[0]
    direction = direction or guess_direction(metric)
    if direction is None:
        raise UsageError(
            f"Whether more or less of {metric} is better is not known.",
            hint='Name the direction: "max" or "min".',
        )
    return metric, direction


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Which checkpoints a run keeps: a checkpoint stays when any of these wants it."""

    last: int = 1
    """So many of the latest, at least 1: a run that dies must be able to go on."""
    best: int = 0
    """So many of the best, by `metric` and `direction`."""
    metric: str = ""
    direction: Direction = "max"
    every: int = 0
    """Those whose step is a multiple of this; 0 for none."""

    def dropped(self, steps: Mapping[int, Mapping[str, Any]]) -> list[int]:
        """Return the steps of the checkpoints to drop.

        Args:
            steps: metric values of each checkpoint by its step, in the order of their making.

        >>> Policy(last=1, every=10).dropped({10: {}, 15: {}, 16: {}})
        [15]
        """
        order: Sequence[int] = list(steps)
        kept = set(order[-self.last :])
        if self.best:
            kept.update(best_first(steps, self.metric, self.direction)[: self.best])
        if self.every:
            kept.update(step for step in order if step % self.every == 0)
        return [step for step in order if step not in kept]

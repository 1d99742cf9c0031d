"""The methods of a run that keep states to go on from."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, get_args

from peira.core.clock import now_s
from peira.core.errors import UsageError
from peira.core.values import flatten, number, param_value, step_value
from peira.record import events
from peira.recorder import Recorder, guarded

if TYPE_CHECKING:
    from peira.core.direction import Direction
    from peira.objects.checkpoint import Checkpoint
    from peira.record.checkpoints import Policy

UNNAMED = "metric"
"""Key of a metric value that was given without one, when no policy names it."""


class CheckpointLog(Recorder):
    """The checkpoints of a run: saved as objects of the lab, whole or absent, kept by a policy."""

    def __init__(self, *, is_strict: bool = False) -> None:
        super().__init__(is_strict=is_strict)
        self.resumed: Checkpoint | None = None
        """The checkpoint that this run goes on from, when `peira.resume` began it."""
        self._policy: Policy | None = None
        self._saved: dict[int, events.Checkpoint] = {}

    @guarded
    def checkpoint(
        self,
        state: Any,
        step: int | None = None,
        *,
        metric: float | Mapping[str, Any] | None = None,
    ) -> None:
        """Save a state that the run can go on from. It is in the lab when this returns.

        Plain values and NumPy arrays come back from `Checkpoint.load()`; other libraries' states
        as files that Peira never loads. What is the same as in an earlier checkpoint is stored
        once.

        Args:
            state: a file or folder; a dict, nested; an object with `state_dict()`; or anything that
                can be pickled.
            step: the step after which this is the state; that of the last `log()` when None. A
                later checkpoint of the same step takes the place of the earlier one.
            metric: values that say how good it is, by key; or one value, of the metric that
                `keep_checkpoints` names.

        >>> run.checkpoint({"weights": weights}, step=40, metric={"val/acc": 0.97})
        ... # doctest: +SKIP
        """
        from peira.objects import states

        session = self._recording()
        if session is None:
            return
        last = max(0, session.writer.points.next_step - 1)
        at = last if step is None else step_value(step)
        metrics = self._metrics(metric)
        stored = states.put(session.objects, state)
        saved = events.Checkpoint(
            time=now_s(),
            step=at,
            files=[events.File(*member) for member in stored.files],
            format=stored.format,
            metrics=metrics,
        )
        self._record(saved)
        self._saved.pop(at, None)
        self._saved[at] = saved
        self._drop()

    @guarded
    def keep_checkpoints(
        self,
        last: int = 1,
        *,
        best: int = 0,
        metric: str = "",
        direction: Direction | None = None,
        every: int = 0,
    ) -> None:
        """Keep only some checkpoints from now on; without this call all are kept.

        One stays when any of the rules wants it. The others are dropped when the next is saved;
        `peira gc` frees their bytes.

        Args:
            last: so many of the latest, at least 1.
            best: so many of the best, by `metric`.
            direction: `max` or `min`; None goes by the metric's name (accuracy, loss).
            every: those whose step is a multiple of this.

        Raises:
            UsageError: in strict mode, the rules do not fit together.

        >>> run.keep_checkpoints(last=2, best=1, metric="val/acc")            # doctest: +SKIP
        """
        from peira.core.direction import Direction
        from peira.record.checkpoints import Policy, judge

        if last < 1 or best < 0 or every < 0:
            raise UsageError(
                f"last={last}, best={best}, every={every} cannot be kept.",
                hint="last is at least 1, the others are 0 or more.",
            )
        if direction is not None and direction not in get_args(Direction):
            raise UsageError(f"{direction!r:.60} is no direction.", hint="Use max or min.")
        if best:
            metric, direction = judge({}, metric, direction)
        policy = Policy(
            last=last, best=best, metric=metric, direction=direction or "max", every=every
        )
        self._policy = policy
        told = {name: getattr(policy, name) for name in policy.__struct_fields__}
        self._record(events.Captured(time=now_s(), aspect="checkpoints", value=told))
        self._drop()

    def latest_checkpoint(self) -> Checkpoint | None:
        """Return the checkpoint that this process saved last in this run; None before the first."""
        return self._found(next(reversed(self._saved), None))

    @guarded
    def best_checkpoint(
        self, metric: str | None = None, direction: Direction | None = None
    ) -> Checkpoint | None:
        """Return the best checkpoint that this process saved in this run and kept; None when none
        has the metric.

        Args:
            metric: when None that of `keep_checkpoints`, else the only one there is.
            direction: `max` or `min`; None as for `keep_checkpoints`.

        Raises:
            UsageError: in strict mode, it is not decided which metric or direction.
        """
        from peira.record.checkpoints import best_first, judge

        steps = {step: saved.metrics for step, saved in self._saved.items()}
        if not steps:
            return None
        if self._policy is not None and self._policy.metric and metric is None:
            metric, direction = self._policy.metric, direction or self._policy.direction
        metric, direction = judge(steps, metric, direction)
        return self._found(next(iter(best_first(steps, metric, direction)), None))

    def _go_on(self, checkpoint: Checkpoint, used: events.Artifact) -> None:
        """Take up a checkpoint of another run."""
        self.resumed = checkpoint
        self._attempt(lambda: self._record(used))

    def _found(self, step: int | None) -> Checkpoint | None:
        from peira.objects.checkpoint import of_event, private_folder

        if step is None or self._session is None:
            return None
        return of_event(self._session.objects, self.id, self._saved[step], private_folder)

    def _metrics(self, given: float | Mapping[str, Any] | None) -> dict[str, Any]:
        if given is None:
            return {}
        if not isinstance(given, Mapping):
            named = self._policy.metric if self._policy is not None else ""
            given = {named or UNNAMED: given}
        found = {}
        reject = functools.partial(self._reject, "the metric")
        for key, value in flatten(given, reject):
            try:
                found[key] = param_value(number(value))
            except TypeError as error:
                reject(key, str(error))
        return found

    def _drop(self) -> None:
        """Drop the checkpoints that the policy does not keep."""
        policy = self._policy
        if policy is None:
            return
        gone = policy.dropped({step: saved.metrics for step, saved in self._saved.items()})
        if gone:
            self._record(events.Dropped(time=now_s(), steps=gone))
            for step in gone:
                del self._saved[step]

    def _inputs(self) -> list[events.Event]:
        return [*super()._inputs(), *self._saved.values()]

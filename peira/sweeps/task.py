"""A trial that a worker runs: what is to be run, what it may tell on the way, how it came out."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from peira.core.clock import now_s
from peira.record import liveness
from peira.sweeps.definition import Definition
from peira.sweeps.domain import Value
from peira.sweeps.folder import SweepFolder
from peira.sweeps.ledger import Ledger
from peira.sweeps.records import Attrs, Begun, EndState, Report, Told, Valued, stored

if TYPE_CHECKING:
    from peira.sweeps.study import SweepStudy

LOOK_PERIOD_S = 0.5
"""So often a worker looks what others have reported, while it asks whether to prune."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a trial came out."""

    state: EndState
    values: tuple[float, ...] = ()
    run: str | None = None
    objective_s: float = 0.0
    reason: str = ""
    stopped: bool = False


class Task:
    """A trial that this worker has claimed.

    Args:
        tell: appends a line to what the worker tells.
    """

    def __init__(
        self,
        ledger: Ledger,
        study: SweepStudy,
        tell: Callable[[Told], None],
        *,
        number: int,
        attempt: int,
        params: dict[str, Value],
    ) -> None:
        self.number, self.attempt, self.params = number, attempt, params
        self.reports = 0
        self._ledger, self._study, self._tell = ledger, study, tell
        self._looked = 0.0
        self._last_step: int | None = None

    @property
    def definition(self) -> Definition:
        """The sweep's definition."""
        return self._ledger.definition

    @property
    def folder(self) -> SweepFolder:
        """The sweep's folder."""
        return self._ledger.folder

    @property
    def is_pruning(self) -> bool:
        """Whether values on the way are wanted."""
        return self.definition.pruner.name != "none"

    @property
    def run_name(self) -> str:
        """What its run is called."""
        again = f".{self.attempt}" if self.attempt > 1 else ""
        return f"{self.definition.name}-{self.number}{again}"

    def begun(self, run: str, program: int = 0) -> None:
        """The trial has a run, and a program when one was started for it."""
        self._tell(
            Begun(
                trial=self.number,
                attempt=self.attempt,
                time=now_s(),
                run=run,
                program=program,
                program_started=liveness.process_started(program) if program else 0.0,
            )
        )

    def valued(self, values: tuple[float, ...]) -> None:
        """The trial has come to these values; what is left is to end its run."""
        told = tuple(stored(value) for value in values)
        self._tell(Valued(trial=self.number, attempt=self.attempt, time=now_s(), values=told))

    def report(self, step: int, value: float) -> None:
        """Tell a value of the objective on the way. Of a step only the first one counts."""
        if self._last_step is not None and step <= self._last_step:
            return
        self._last_step = step
        self.reports += 1
        self._tell(
            Report(
                trial=self.number, attempt=self.attempt, time=now_s(), step=step,
                value=stored(value),
            )
        )  # fmt: skip
        self._study.report(self.number, step, float(value))

    def should_prune(self) -> bool:
        """Whether the pruner gives the trial up, by what was reported of it and of the others."""
        if not self.is_pruning or self._last_step is None:
            return False
        if time.monotonic() - self._looked > LOOK_PERIOD_S:
            self._looked = time.monotonic()
            changed = self._ledger.catch_up()
            changed.discard(self.number)  # what this worker knows of its own is newer
            self._study.keep_up(changed)
        is_pruned, kept = self._study.should_prune(self.number)
        if kept:
            self._tell(Attrs(trial=self.number, attempt=self.attempt, time=now_s(), values=kept))
        return is_pruned


class Execution(Protocol):
    """What runs trials: a program, or a Python function."""

    def run(self, task: Task) -> Outcome:
        """Run a trial to its end. What goes wrong in it is its outcome, and raises nothing."""
        ...

    def close(self) -> Any:
        """No more trials come."""
        ...

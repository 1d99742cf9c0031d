"""A worker of a sweep: draws a trial, claims it, runs it, tells its end; until nothing is left.

Any number of workers may be at one sweep, on any machines that share its folder: a claim is a file
that is made exclusively, and all else each worker writes into files of its own.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from peira.core import ids
from peira.core.clock import now_s
from peira.record import lines, liveness
from peira.record.append import AppendFile
from peira.record.folder import write_atomically
from peira.record.keeper import THREAD_PREFIX
from peira.sweeps.folder import SweepFolder
from peira.sweeps.ledger import Attempt, Ledger
from peira.sweeps.records import Claim, End, Member, Told, stored
from peira.sweeps.remains import end_program, left_outcome
from peira.sweeps.task import Execution, Outcome, Task

if TYPE_CHECKING:
    from peira.sweeps.study import SweepStudy

PULSE_S = 5.0
"""So often a worker gives a sign of life to other machines, and makes durable what it told."""
WAIT_S = 0.3
LOST_WAIT_S = 0.01

Leave = Callable[[float], bool]
"""Waits at most so many seconds; returns whether the worker is to leave. With 0 it only looks."""


def stay(wait_s: float) -> bool:
    """Wait; nobody asks this worker to leave."""
    time.sleep(wait_s)
    return False


class Ended(NamedTuple):
    """A trial that this worker has run."""

    number: int
    outcome: Outcome


class Worker:
    """Works at a sweep.

    Args:
        execution: runs the trials.
        leave: says whether to go, between two trials.
        on_end: told each trial that ended.
        gpus: what its trials have, for people to see.
    """

    def __init__(
        self,
        folder: SweepFolder,
        execution: Execution,
        *,
        leave: Leave = stay,
        on_end: Callable[[Ended], None] = lambda ended: None,
        gpus: str | None = None,
    ) -> None:
        self.folder = folder
        self.ledger = Ledger(folder)
        self.id = ids.new_writer_id()
        self._execution = execution
        self._leave = leave
        self.on_end = on_end
        self._gpus = gpus
        self._study: SweepStudy | None = None
        self._file = AppendFile(folder.told(self.id))
        self._member = folder.workers / f"{self.id}.json"
        self._is_gone = Event()

    def work(self) -> int:
        """Run trials until none is left, or until asked to leave; return how many were run.

        Raises:
            UsageError: the next trial cannot be drawn.
            OSError: the sweep's folder cannot be written.
        """
        done = 0
        if self._leave(0.0):  # its controller was killed while it started
            return done
        self._enlist()
        try:
            while not self._leave(0.0):
                self._catch_up()
                if self.ledger.is_stopped or self.ledger.is_budget_used:
                    break
                if self.ledger.is_paused:
                    if self._leave(WAIT_S):
                        break
                    continue
                free = self._next_free()
                if free is not None and self._try(*free):
                    done += 1
                elif free is not None:
                    if self._leave(LOST_WAIT_S):  # another worker was faster
                        break
                elif not self.ledger.running() or self._leave(WAIT_S):
                    break  # what others run may have to be run again: until then it waits
        finally:
            self._execution.close()
            self._is_gone.set()
            self._file.sync()
            self._file.close()
            self._member.unlink(missing_ok=True)
        return done

    def _catch_up(self) -> SweepStudy:
        changed = self.ledger.catch_up()
        if self._study is None:
            from peira.sweeps.study import SweepStudy  # loads Optuna

            self._study = SweepStudy(self.ledger)
        else:
            self._study.keep_up(changed)
        return self._study

    def _next_free(self) -> tuple[int, int] | None:
        """Return what to run next. Of a trial whose worker is gone the end is looked for once more:
        it may have been told just before that worker left.
        """
        free = self.ledger.next_free()
        if free is None or free[1] == 1:
            return free
        self._catch_up()
        return self.ledger.next_free()

    def _try(self, number: int, attempt: int) -> bool:
        """Claim a trial and run it; return whether it was still free."""
        study = self._catch_up()
        started, clock = now_s(), time.perf_counter()
        earlier = self.ledger.trials.get(number)
        if earlier is not None and (
            earlier.last.attempt >= attempt  # claimed since: that worker is at it
            or self.ledger.is_alive(earlier.last)
            or self._take_over(earlier.last)
        ):
            return False
        last = (earlier.last.claim or earlier.last.end) if earlier is not None else None
        if last is not None:
            params, source, attrs, ask_s = last.params, last.source, last.attrs, 0.0
        else:
            params, source, attrs, ask_s = study.draw(number)
        claim = Claim(
            trial=number,
            attempt=attempt,
            time=started,
            params=params,
            source=source,
            attrs=attrs,
            ask_s=round(ask_s, 6),
            **self._who(),
        )
        if not self.folder.claim(claim):
            return False
        self._catch_up()
        task = Task(self.ledger, study, self._tell, number=number, attempt=attempt, params=params)
        outcome = Outcome(state="killed", stopped=True, reason="the worker was interrupted")
        try:
            outcome = self._execution.run(task)
        finally:  # Ctrl-C, too: an end that is told is not waited for
            took_s = time.perf_counter() - clock
            self._end(claim, outcome, took_s=took_s, reports=task.reports)
        self.on_end(Ended(number, outcome))
        return True

    def _take_over(self, left: Attempt) -> bool:
        """Return whether an attempt of a dead worker is over after all: then its end is told."""
        outcome = left_outcome(self.folder, left) if left.end is None else None
        if outcome is None or left.claim is None:
            end_program(left)
            return False
        self._end(left.claim, outcome, took_s=0.0, reports=len(left.reports))
        return True

    def _end(self, claim: Claim, outcome: Outcome, *, took_s: float, reports: int) -> None:
        self._tell(
            End(
                trial=claim.trial,
                attempt=claim.attempt,
                time=now_s(),
                state=outcome.state,
                values=tuple(stored(value) for value in outcome.values),
                params=claim.params,
                source=claim.source,
                attrs=claim.attrs,
                run=outcome.run,
                started=claim.time,
                ask_s=claim.ask_s,
                took_s=round(took_s, 6),
                objective_s=round(outcome.objective_s, 6),
                reason=outcome.reason,
                stopped=outcome.stopped,
                reports=reports,
            )
        )

    def _tell(self, told: Told) -> None:
        self._file.append(lines.encode(told))

    def _who(self) -> dict[str, Any]:
        return {
            "writer": self.id,
            "host": liveness.host(),
            "boot": liveness.boot_id(),
            "pid": os.getpid(),
            "pid_started": liveness.process_started(os.getpid()),
        }

    def _enlist(self) -> None:
        """Make the worker known, and keep giving signs of life."""
        self.folder.workers.mkdir(mode=0o700, exist_ok=True)
        member = msgspec.convert({**self._who(), "time": now_s(), "gpus": self._gpus}, Member)
        write_atomically(self._member, msgspec.json.encode(member) + b"\n")
        Thread(target=self._pulse, name=f"{THREAD_PREFIX}pulse", daemon=True).start()

    def _pulse(self) -> None:
        while not self._is_gone.wait(PULSE_S):
            try:
                os.utime(self._member)
                self._file.sync()
            except OSError:
                continue  # a network's fault may pass: silent for good, it would be taken for dead

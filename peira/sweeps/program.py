"""Trials of a program in any language: started with the params, followed, ended early when the
pruner says so.
"""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import msgspec

from peira.core import ids
from peira.core.clock import now_s
from peira.core.errors import PeiraError
from peira.lab.run_console import read_console
from peira.launch.launcher import Launched, Request, launch
from peira.launch.queue import Staged
from peira.record import events, lines
from peira.record.append import AppendFile
from peira.record.folder import RunFolder, run_folder
from peira.record.keeper import THREAD_PREFIX
from peira.record.reader import read_end
from peira.sweeps.arguments import Arguments
from peira.sweeps.measured import measure, outcome_of
from peira.sweeps.task import Outcome, Task

LOOK_PERIOD_S = 0.5
PATIENCE_S = 10.0
"""So long a program that is to end may take, before it is killed."""
_TAIL_BYTES = 4_096
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
PRUNED = "pruned"
"""The tag of a run that was given up."""


class ProgramExecution:
    """Runs the trials of one sweep, each as a program of its own.

    Args:
        is_leaving: whether this worker was asked to go.
    """

    def __init__(
        self, staged: Staged, names: tuple[str, ...], is_leaving: Callable[[], bool]
    ) -> None:
        self._staged = staged
        self._is_leaving = is_leaving
        self._arguments = Arguments(staged.command, Path(staged.directory), names)

    def run(self, task: Task) -> Outcome:
        """Run a trial to its end."""
        request = self._request(task)
        if task.definition.reuse:
            reused = _reused(task, request)
            if reused is not None:
                return reused
        watch = _Watch(task)
        started = time.perf_counter()
        try:
            launched = launch(request, watch.on_step)
        except (PeiraError, OSError) as error:
            return Outcome(state="failed", reason=f"it could not be started: {error}")
        finally:
            watch.close()
        return self._outcome(task, launched, watch, time.perf_counter() - started)

    def close(self) -> None:
        """Nothing is kept between trials."""

    def _request(self, task: Task) -> Request:
        definition, given = task.definition, self._arguments.given(task.params)
        request = self._staged.request(task.folder.lab, {})
        return msgspec.structs.replace(
            request,
            command=given.command,
            set={**request.set, **given.settings},
            params={**request.params, **task.params},
            project=definition.project,
            name=task.run_name,
            why=definition.why,
            group=definition.group or definition.name,
            tags=definition.tags,
            sweep=definition.id,
            trial=task.number,
        )

    def _outcome(self, task: Task, launched: Launched, watch: _Watch, took_s: float) -> Outcome:
        run = launched.run or None
        if watch.is_pruned:
            return Outcome(state="pruned", run=run, objective_s=took_s, reason="the pruner")
        if launched.exit_code == 0 and launched.folder is not None:
            return outcome_of(task.folder.lab, launched.run, task.definition.objectives, took_s)
        if launched.exit_code == 0:
            return Outcome(state="failed", reason="nothing is recorded: PEIRA_OFF is set")
        end = _end_of(launched)
        if launched.signal is not None or (end is not None and end.status == "killed"):
            name = end.signal if end is not None else None
            return Outcome(
                state="killed",
                run=run,
                objective_s=took_s,
                reason=f"it was killed by {name or launched.signal}",
                stopped=self._is_leaving(),
            )
        return Outcome(state="failed", run=run, objective_s=took_s, reason=_reason(launched, end))


class _Watch:
    """Follows the metric of a trial's run beside it, and ends its program when it is pruned."""

    def __init__(self, task: Task) -> None:
        self.is_pruned = False
        self._task = task
        self._is_over = Event()
        self._thread: Thread | None = None

    def on_step(self, run: str, pid: int) -> None:
        """The run is made (no pid), the program has started (its pid)."""
        if not run:
            return
        self._task.begun(run, pid)
        if pid and self._task.is_pruning:
            name = f"{THREAD_PREFIX}prune"
            self._thread = Thread(target=self._follow, args=(run, pid), name=name, daemon=True)
            self._thread.start()

    def close(self) -> None:
        """The program has ended."""
        self._is_over.set()
        if self._thread is not None:
            self._thread.join()

    def _follow(self, run: str, pid: int) -> None:
        from peira.sweeps.tail import MetricTail

        task = self._task
        tail = MetricTail(task.folder.lab, run, task.definition.objective.metric)
        while not self._is_over.wait(LOOK_PERIOD_S):
            for step, value in tail.new():
                task.report(step, value)
                if task.should_prune():
                    self._prune(run, pid)
                    return

    def _prune(self, run: str, pid: int) -> None:
        """End the program; one that has ended by itself meanwhile keeps its value."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._is_over.is_set():
                return
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                return
            if not self.is_pruned:
                self.is_pruned = True
                _tag_pruned(self._task.folder.lab, run)
            self._is_over.wait(PATIENCE_S)


def _tag_pruned(lab: Path, run: str) -> None:
    """Tag a run that another thread records: a further writer has a file of its own."""
    file = AppendFile(run_folder(lab, run).events(ids.new_writer_id()))
    try:
        file.append(lines.encode(events.Tags(time=now_s(), add=[PRUNED])))
    finally:
        file.close()


def _reused(task: Task, request: Request) -> Outcome | None:
    """Return the result of an earlier run of the very same; None when there is none."""
    from peira.rerun.precheck import precheck

    found = precheck(request)
    if found.likeness is None or not found.is_reusable:
        return None
    run = found.likeness.run.id
    values = [measure(task.folder.lab, run, o) for o in task.definition.objectives]
    if any(value is None for value in values):
        return None
    known = tuple(value for value in values if value is not None)
    return Outcome(state="reused", values=known, run=run, reason="it was run before")


def _end_of(launched: Launched) -> events.End | None:
    return None if launched.folder is None else read_end(RunFolder(launched.folder).events())


def _reason(launched: Launched, end: events.End | None) -> str:
    if end is not None and end.error is not None:
        return f"{end.error.type}: {end.error.message}"[:300]
    said = "" if launched.folder is None else _last_line(RunFolder(launched.folder))
    return f"exit code {launched.exit_code}" + (f": {said}" if said else "")


def _last_line(folder: RunFolder) -> str:
    """Return the last line that a program printed: most often it says what went wrong."""
    text = read_console(folder.console, tail=_TAIL_BYTES).text
    lines = (_ESCAPES.sub("", line).strip() for line in re.split(r"[\r\n]+", text))
    return next((line for line in reversed(list(lines)) if line), "")[:300]

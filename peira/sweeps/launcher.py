"""Workers of a sweep on this machine: started, watched, started anew when they die, asked to leave.

    Controller ─┬─ LocalWorker   python -m peira.slot LAB SWEEP GPUS CPUS
                └─ LocalWorker   …

A worker's standard input is a pipe from here. When it is closed, because this process was asked to
stop or because it is dead, the worker finishes its trial and leaves. Another launcher (a cluster's)
starts the same command elsewhere: workers need the lab's folder, and nothing of this process.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from peira.core.errors import PeiraError, UsageError
from peira.launch.worker import Slot, listening
from peira.sweeps.folder import SweepFolder
from peira.sweeps.ledger import Ledger

WAIT_S = 0.05
LOOK_PERIOD_S = 0.4
PATIENCE_S = 15.0
"""So long a worker that is to stop at once may take."""
DEATHS_MAX = 3
"""So often in a row a worker may die without having ended a trial."""
REFUSED = 2
"""Exit code of a worker that cannot work: what it wrote on standard error says why."""
_TOLD_CHARACTERS_MAX = 2_000


class Launched(ABC):
    """A worker that was started."""

    @abstractmethod
    def exit_code(self) -> int | None:
        """Return its exit code (negative: the signal that it died of); None while it lives."""

    @abstractmethod
    def ask_to_leave(self) -> None:
        """Let it finish its trial and go."""

    @abstractmethod
    def stop(self, *, is_hard: bool) -> None:
        """Let it end its trial now; when `is_hard` without a chance to tell of it."""

    @abstractmethod
    def told(self) -> str:
        """Return the end of what it wrote on standard error."""


class WorkerLauncher(ABC):
    """What starts workers of a sweep."""

    @abstractmethod
    def start(self, folder: SweepFolder, slot: Slot) -> Launched:
        """Start one worker."""


class LocalLauncher(WorkerLauncher):
    """Starts workers as processes of this machine."""

    def start(self, folder: SweepFolder, slot: Slot) -> Launched:
        return LocalWorker(folder, slot)


class LocalWorker(Launched):
    """A worker that is a child of this process."""

    def __init__(self, folder: SweepFolder, slot: Slot) -> None:
        variables = {"PEIRA_QUIET": "1"}
        if slot.gpus is not None:
            variables["CUDA_VISIBLE_DEVICES"] = slot.gpus
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the worker
        self._process = subprocess.Popen(
            [
                sys.executable, "-m", "peira.slot", str(folder.lab), folder.id, slot.gpus or "",
                ",".join(map(str, slot.cpus)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
            env={**os.environ, **variables},
            start_new_session=True,  # Ctrl-C is for the controller
        )  # fmt: skip

    def exit_code(self) -> int | None:
        return self._process.poll()

    def ask_to_leave(self) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            pass

    def stop(self, *, is_hard: bool) -> None:
        self.ask_to_leave()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL if is_hard else signal.SIGTERM)

    def told(self) -> str:
        self._errors.seek(0)
        text = self._errors.read().decode("utf-8", "replace").strip()
        return text[-_TOLD_CHARACTERS_MAX:]


class WorkerError(PeiraError):
    """Workers of a sweep cannot work."""


class Controller:
    """Keeps workers at a sweep until it is over, or until a person stops it.

    Args:
        slots: a worker each.
        look: called a few times a second with the ledger, which it may read.
        tell: takes a line about what happens.
    """

    def __init__(
        self,
        folder: SweepFolder,
        slots: Sequence[Slot],
        *,
        look: Callable[[Ledger], None] = lambda ledger: None,
        tell: Callable[[str], None] = lambda text: None,
        launcher: WorkerLauncher | None = None,
    ) -> None:
        self.ledger = Ledger(folder)
        self._folder = folder
        self._slots = list(slots)
        self._look, self._tell = look, tell
        self._launcher = launcher or LocalLauncher()
        self._workers: dict[int, Launched] = {}
        self._deaths = dict.fromkeys(range(len(self._slots)), 0)
        self._ended_before = 0
        self._signals: list[int] = []
        self._asked_at = self._looked_at = 0.0
        self._is_leaving = self._is_stopping = self._is_paused = False

    @property
    def is_interrupted(self) -> bool:
        """Whether a person stopped it here, with work left."""
        return self._is_leaving

    def run(self) -> Ledger:
        """Work until the sweep is over; return what is known of it then.

        Raises:
            WorkerError: the workers cannot work.
        """
        with listening(self._signals.append):
            self.ledger.catch_up()
            for place in range(len(self._slots)):
                self._start(place)
            while self._workers:
                self._heed_signals()
                self._reap()
                time.sleep(WAIT_S)
                if time.monotonic() - self._looked_at > LOOK_PERIOD_S:
                    self._looked_at = time.monotonic()
                    self.ledger.catch_up()
                    self._heed_controls()
                    self._look(self.ledger)
        self.ledger.catch_up()
        self._look(self.ledger)
        return self.ledger

    def _start(self, place: int) -> None:
        self._workers[place] = self._launcher.start(self._folder, self._slots[place])

    def _reap(self) -> None:
        for place, worker in list(self._workers.items()):
            code = worker.exit_code()
            if code is None:
                continue
            worker.ask_to_leave()
            del self._workers[place]
            if code == 0 or self._is_leaving:
                continue
            if code == REFUSED:
                self._refuse(worker.told() or "a worker could not work")
            self._restart(place, code, worker)

    def _restart(self, place: int, code: int, worker: Launched) -> None:
        self.ledger.catch_up()
        ended = sum(entry.last.end is not None for entry in self.ledger.trials.values())
        has_moved, self._ended_before = ended > self._ended_before, ended
        self._deaths[place] = 1 if has_moved else self._deaths[place] + 1
        how = f"died of {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        if self._deaths[place] > DEATHS_MAX:
            self._refuse(f"a worker {how}, {DEATHS_MAX + 1} times in a row\n{worker.told()}")
        self._tell(f"a worker {how}: another one takes its place")
        self._start(place)

    def _refuse(self, text: str) -> None:
        for other in self._workers.values():
            other.ask_to_leave()
        for other in self._workers.values():
            _wait(other, PATIENCE_S)
        raise WorkerError(
            text.removeprefix("error: "),
            hint=f"What was run is kept: peira sweep show {self.ledger.definition.name}",
        )

    def _heed_controls(self) -> None:
        standing = self.ledger.standing
        if standing is not None and self.ledger.is_paused != self._is_paused:
            self._is_paused = self.ledger.is_paused
            name = self.ledger.definition.name
            self._tell(
                f"paused by {standing.by}: peira sweep resume {name} goes on"
                if self._is_paused
                else f"{standing.by} lets it go on"
                if standing.action == "resume"
                else f"stopped by {standing.by}"
            )
        if standing is not None and standing.action == "stop" and standing.now:
            self._stop_now()

    def _heed_signals(self) -> None:
        while self._signals:
            number = self._signals.pop(0)
            if number == signal.SIGINT and not self._is_leaving:
                self._is_leaving = True
                running = len(self.ledger.running())
                self._tell(f"waiting for {running} running; Ctrl-C again stops them")
                for worker in self._workers.values():
                    worker.ask_to_leave()
            else:
                self._is_leaving = True
                self._stop_now()
        if self._is_stopping and time.monotonic() - self._asked_at > PATIENCE_S:
            for worker in self._workers.values():
                worker.stop(is_hard=True)

    def _stop_now(self) -> None:
        if self._is_stopping:
            return
        self._is_stopping, self._asked_at = True, time.monotonic()
        for worker in self._workers.values():
            worker.stop(is_hard=False)


def _wait(worker: Launched, limit_s: float) -> None:
    until = time.monotonic() + limit_s
    while worker.exit_code() is None and time.monotonic() < until:
        time.sleep(WAIT_S)
    if worker.exit_code() is None:
        worker.stop(is_hard=True)


def is_startable(folder: SweepFolder) -> bool:
    """Whether workers other than the process that began a sweep can run its trials."""
    definition = folder.read()
    return definition.program is not None or bool(
        definition.function is not None and definition.function.place
    )


def refuse_unstartable(folder: SweepFolder) -> None:
    """Raise UsageError when only the process that began a sweep can run its trials."""
    definition = folder.read()
    if definition.is_external:
        raise UsageError(f"The trials of {definition.name} are run elsewhere, and recorded here.")
    if not is_startable(folder):
        name = definition.function.name if definition.function else ""
        raise UsageError(
            f"The function {name} of {definition.name} is known only to the program that began it.",
            hint=f"Go on there: peira.sweep({name or 'objective'}, resume={definition.id!r})",
        )

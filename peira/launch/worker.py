"""Works off a queue: so many items at once as there are slots, each in a process of its own.

    Worker ─┬─ slot 0  CUDA_VISIBLE_DEVICES=0   python -m peira.launch.item …   train.py
            └─ slot 1  CUDA_VISIBLE_DEVICES=1   python -m peira.launch.item …   train.py

Several workers may work off one queue, on one machine or on several that share its folder. When a
worker dies, what it has started goes on to its end.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NamedTuple

from peira.core.errors import UsageError
from peira.launch.item import TAKEN
from peira.launch.queue import Item, Queue
from peira.record import liveness
from peira.record.folder import run_folder

LOOK_PERIOD_S = 1.0


class Slot(NamedTuple):
    """Room for one run."""

    gpus: str | None = None
    """What `CUDA_VISIBLE_DEVICES` is set to; None leaves it as it is."""
    cpus: tuple[int, ...] = ()
    """The processors that the run is bound to; all when empty."""


def slots(jobs: int | None, gpus: list[str], gpus_per_run: int, cpus_per_run: int) -> list[Slot]:
    """Return the slots of a worker.

    Args:
        jobs: how many runs at once; when None one for each group of GPUs, else one.
        gpus: what to share out, in groups of `gpus_per_run`; groups are shared when there are more
            jobs.
        cpus_per_run: processors to bind each run to; none when 0.

    Raises:
        UsageError: there are too few.
    """
    groups = [gpus[i : i + gpus_per_run] for i in range(0, len(gpus), gpus_per_run)]
    if gpus and len(groups[-1]) < gpus_per_run:
        groups.pop()
    if gpus and not groups:
        raise UsageError(f"{gpus_per_run} GPUs a run are wanted, and there are {len(gpus)}.")
    count = jobs or len(groups) or 1
    available = _processors() if cpus_per_run else []
    if count * cpus_per_run > len(available):
        raise UsageError(
            f"{count} times {cpus_per_run} processors do not fit: {len(available)} are there."
        )
    return [
        Slot(
            gpus=",".join(groups[i % len(groups)]) if groups else None,
            cpus=tuple(available[i * cpus_per_run : (i + 1) * cpus_per_run]),
        )
        for i in range(count)
    ]


def _processors() -> list[int]:
    if not hasattr(os, "sched_getaffinity"):
        raise UsageError("On this system no run can be bound to processors.")
    return sorted(os.sched_getaffinity(0))


class Tally(NamedTuple):
    """What a worker has done."""

    finished: int
    failed: int


class Worker:
    """Works off a queue.

    Args:
        tell: takes a line about what happens.
        is_endless: whether to wait for more when the queue is empty.
    """

    def __init__(
        self, queue: Queue, slots: list[Slot], tell: Callable[[str], None], *, is_endless: bool
    ) -> None:
        self._queue = queue
        self._free = list(reversed(slots))
        self._tell = tell
        self._is_endless = is_endless
        self._running: dict[int, _Running] = {}  # by the file descriptor of its output
        self._passed_over: set[tuple[str, int]] = set()
        self._finished = self._failed = 0
        self._stops: list[int] = []
        self._is_stopping = False
        self._locks: list[int] = []

    def work(self) -> Tally:
        """Run items until none waits, or until told to stop; return what became of them."""
        gpus = {gpu for slot in self._free if slot.gpus for gpu in slot.gpus.split(",")}
        self._locks = _lock_gpus(self._queue, sorted(gpus))
        try:
            with listening(self._stops.append):
                self._work()
        finally:
            for descriptor in self._locks:
                os.close(descriptor)
        return Tally(self._finished, self._failed)

    def _work(self) -> None:
        while True:
            self._heed_stops()
            is_idle = not self._fill()
            if not self._running and (self._is_stopping or (is_idle and not self._is_endless)):
                return
            self._wait()

    def _fill(self) -> bool:
        """Start what waits, as far as there is room; return whether anything waits or runs."""
        if self._is_stopping or not self._free:
            return bool(self._running)
        for item in self._queue.items():
            if not self._free:
                break
            is_new = item.state == "waiting" and (item.id, item.attempt) not in self._passed_over
            if is_new:
                self._passed_over.add((item.id, item.attempt))
                self._start(item, self._free.pop())
        return bool(self._running)

    def _start(self, item: Item, slot: Slot) -> None:
        cpus = ",".join(map(str, slot.cpus))
        process = subprocess.Popen(
            # -P: a `queue.py` in the working directory is none of ours.
            [sys.executable, "-P", "-m", "peira.launch.item", str(self._queue.root), item.id,
             slot.gpus or "", cpus],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for this worker
            pass_fds=self._locks,  # a run that outlives its worker still has its GPU
        )  # fmt: skip
        assert process.stdout is not None
        self._running[process.stdout.fileno()] = _Running(item, slot, process)

    def _wait(self) -> None:
        if not self._running:
            time.sleep(LOOK_PERIOD_S)
            return
        ready, _, _ = select.select(list(self._running), [], [], LOOK_PERIOD_S)
        for descriptor in ready:
            running = self._running[descriptor]
            data = os.read(descriptor, 65_536)
            for fact in running.take(data):
                self._follow(running, fact)
            if not data:
                del self._running[descriptor]
                self._end(running)

    def _follow(self, running: _Running, fact: dict[str, Any]) -> None:
        command = _short(running.item.staged.command)
        if "run" in fact:
            running.name = run_folder(self._queue.root, fact["run"]).read_birth().name
            where = f" on GPU {running.slot.gpus}" if running.slot.gpus else ""
            self._tell(f"{running.name} started{where}: {command}")
        elif "reason" in fact:
            self._failed += 1
            self._tell(f"{command} could not be started: {fact['reason']}")
            running.is_told = True
        else:
            code, name = fact["exit_code"], fact["signal"]
            is_good = code == 0
            self._finished += is_good
            self._failed += not is_good
            how = "finished" if is_good else f"failed ({code})" if code else f"killed ({name})"
            see = "" if is_good else f". See it: peira show {running.name}"
            self._tell(f"{running.name} {how}{see}")
            running.is_told = True

    def _end(self, running: _Running) -> None:
        running.process.wait()
        assert running.process.stdout is not None
        running.process.stdout.close()
        self._free.append(running.slot)
        if running.is_told:
            return
        if running.name:
            self._failed += 1
            self._tell(f"{running.name} is lost: what recorded it was killed")
        elif running.process.returncode not in (0, TAKEN):
            self._tell(f"{running.item.id} could not be taken")

    def _heed_stops(self) -> None:
        while self._stops:
            number = self._stops.pop(0)
            if number == signal.SIGINT and not self._is_stopping and self._running:
                self._tell(f"waiting for {len(self._running)} running; Ctrl-C again stops them")
            else:
                for running in self._running.values():
                    running.process.send_signal(number)
            self._is_stopping = True


class _Running:
    """An item that a worker has started."""

    def __init__(self, item: Item, slot: Slot, process: subprocess.Popen[bytes]) -> None:
        self.item, self.slot, self.process = item, slot, process
        self.name = ""
        self.is_told = False
        self._rest = b""

    def take(self, data: bytes) -> Iterator[dict[str, Any]]:
        """Yield what the item's process has told."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            yield json.loads(line)


@contextmanager
def listening(on_stop: Callable[[int], None]) -> Iterator[None]:
    """Tell `on_stop` the numbers of SIGINT and SIGTERM meanwhile, which do nothing else then."""

    def handle(number: int, _frame: FrameType | None) -> None:
        on_stop(number)

    before = {n: signal.signal(n, handle) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _lock_gpus(queue: Queue, gpus: list[str]) -> list[int]:
    """Lock GPUs of this machine for this worker and for what it starts.

    Raises:
        UsageError: another worker has one.
    """
    locks: list[int] = []
    for gpu in gpus:
        queue.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = re.sub(r"[^\w-]", "_", f"{liveness.host()}-{gpu}")
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(queue.path / f"gpu-{name}.lock", flags, 0o600)
        locks.append(descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            for held in locks:
                os.close(held)
            raise UsageError(
                f"GPU {gpu} is another worker's, or a run's that it has started.",
                hint="Choose others with --gpus.",
            ) from error
    return locks


def _short(command: list[str]) -> str:
    words = command[1:] if command[0] == sys.executable else command
    text = " ".join(words)
    return text if len(text) <= 80 else f"{text[:79]}…"

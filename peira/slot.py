"""One worker of a sweep: `python -m peira.slot LAB SWEEP GPUS CPUS`.

It works until nothing is left. When its standard input ends, it finishes its trial and leaves; a
SIGTERM ends the trial, too. Exit code 2: it cannot work, and says why on standard error.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from pathlib import Path
from types import FrameType

from peira.capture.hook.memory import MEMORY
from peira.core.errors import PeiraError
from peira.sweeps.definition import Definition
from peira.sweeps.folder import find_sweep
from peira.sweeps.launcher import REFUSED
from peira.sweeps.task import Execution
from peira.sweeps.worker import Worker


class Interrupted(BaseException):
    """The worker is to stop now."""


class Post:
    """What the worker hears of its controller: nothing, or that it is to leave."""

    def __init__(self) -> None:
        self.is_stopping = False
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)

    def is_leaving(self, wait_s: float = 0.0) -> bool:
        """Whether to leave; waits at most `wait_s` for it."""
        if self.is_stopping:
            return True
        ready, _, _ = select.select([0], [], [], wait_s)
        return bool(ready) and os.read(0, 1) == b""

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        self.is_stopping = True
        raise Interrupted(signal.Signals(number).name)


def _execution(definition: Definition, post: Post) -> Execution:
    """Return what runs the trials. Only what it needs is loaded."""
    if definition.program is not None:
        from peira.sweeps.program import ProgramExecution

        MEMORY.stop()  # this process trains nothing
        return ProgramExecution(definition.program, definition.space.names, post.is_leaving)
    from peira.objective import LOADING, FunctionExecution, load

    assert definition.function is not None  # the controller has looked
    os.chdir(definition.function.directory)
    LOADING.add(definition.id)
    try:
        return FunctionExecution(load(definition.function), definition)
    finally:
        LOADING.clear()


def main() -> None:
    """Work at the sweep that the command line names."""
    root, sweep, gpus, cpus = sys.argv[1:5]
    if cpus:
        os.sched_setaffinity(0, {int(cpu) for cpu in cpus.split(",")})
    post = Post()
    folder = find_sweep(Path(root), sweep)
    try:
        execution = _execution(folder.read(), post)
        Worker(folder, execution, leave=post.is_leaving, gpus=gpus or None).work()
    except Interrupted:
        pass
    except PeiraError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(REFUSED)


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # as workers of multiprocessing do: taking all of Optuna apart takes a while

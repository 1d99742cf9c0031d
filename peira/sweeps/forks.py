"""Workers that are forks of this process: for a function that only this process has."""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Callable
from types import FrameType

from peira.core.errors import PeiraError
from peira.launch.worker import Slot
from peira.sweeps.folder import SweepFolder
from peira.sweeps.launcher import REFUSED, Launched, WorkerLauncher
from peira.sweeps.task import Execution
from peira.sweeps.worker import Worker


class ForkLauncher(WorkerLauncher):
    """Starts forks, which have the function and all that it refers to.

    Args:
        execution: makes what runs the trials, in the fork.
    """

    def __init__(self, execution: Callable[[], Execution]) -> None:
        self._execution = execution

    def start(self, folder: SweepFolder, slot: Slot) -> Launched:
        return Fork(folder, self._execution)


class Fork(Launched):
    """A worker that is a fork of this process."""

    def __init__(self, folder: SweepFolder, execution: Callable[[], Execution]) -> None:
        ours, theirs = os.pipe()  # closed here: the worker is to leave
        told, tell = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(theirs)
            os.close(told)
            os._exit(_work(folder, execution, ours, tell))
        os.close(ours)
        os.close(tell)
        self._hold, self._told_from = theirs, told
        self._code: int | None = None
        self._text = b""

    def exit_code(self) -> int | None:
        if self._code is None:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
                with os.fdopen(self._told_from, "rb") as stream:
                    self._text = stream.read()
        return self._code

    def ask_to_leave(self) -> None:
        if self._hold >= 0:
            os.close(self._hold)
            self._hold = -1

    def stop(self, *, is_hard: bool) -> None:
        self.ask_to_leave()
        if self.exit_code() is None:
            os.kill(self._pid, signal.SIGKILL if is_hard else signal.SIGTERM)

    def told(self) -> str:
        return self._text.decode("utf-8", "replace")


class _Interrupted(BaseException):
    """The worker is to stop now."""


def _work(folder: SweepFolder, execution: Callable[[], Execution], hold: int, tell: int) -> int:
    """Work in the fork; return its exit code."""

    def leave(wait_s: float) -> bool:
        ready, _, _ = select.select([hold], [], [], wait_s)
        return bool(ready)

    def stop(number: int, _frame: FrameType | None) -> None:
        raise _Interrupted

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the controller
    os.environ["PEIRA_QUIET"] = "1"
    try:
        Worker(folder, execution(), leave=leave).work()
    except _Interrupted:
        return 0
    except PeiraError as error:
        os.write(tell, str(error).encode())
        return REFUSED
    return 0

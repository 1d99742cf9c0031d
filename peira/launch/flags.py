"""Whose options are the run's params: those of the program, not of what it starts besides.

peira run train.py            the process that runs train.py
peira run torchrun train.py   the processes that torchrun starts to run train.py
peira run ./train.sh          the first Python processes below the shell that read options
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from peira.capture.spool import Params, Process, Told
from peira.launch.script import find_script


class Flags:
    """Chooses among the params that the processes of a run tell.

    Args:
        script: the Python script that the command line names, when it names one.
        on_params: takes those of the program.
    """

    def __init__(self, script: Path | None, on_params: Callable[[Params], None]) -> None:
        self._script = script
        self._on_params = on_params
        self._processes: dict[str, Process] = {}
        self._parents: dict[int, int] = {}
        self._telling: set[int] = set()

    def take(self, told: Told) -> None:
        """Look at one fact."""
        if isinstance(told.fact, Process):
            self._processes[told.process] = told.fact
            self._parents[told.fact.pid] = told.fact.ppid
        elif isinstance(told.fact, Params):
            process = self._processes.get(told.process)
            if told.fact.source == "set" or (process is not None and self._is_program(process)):
                self._on_params(told.fact)

    def _is_program(self, process: Process) -> bool:
        if self._script is not None:
            script = find_script(process.argv, Path(process.cwd))
            return script is not None and script.resolve() == self._script.resolve()
        above = self._parents.get(process.pid)
        while above is not None:
            if above in self._telling:
                return False
            above = self._parents.get(above)
        self._telling.add(process.pid)
        return True

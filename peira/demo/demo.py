"""Runs the demo's trials in worker processes, and tells how far they are."""

from __future__ import annotations

import importlib.util
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec

from peira.core.errors import LabError, UnsupportedError
from peira.demo.plan import Trial, trials
from peira.record.folder import find_lab, make_lab

if TYPE_CHECKING:
    from peira.demo.experiment import Result

WORKERS = 2
_SHOW_AFTER = 2 / 3
"""The dashboard is worth opening when so many trials are done, and the rest is still live."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far the demo is."""

    done: float
    """Trials that are done, with the parts of those that run; at most `total`."""
    total: int
    finished: int
    running: list[str]
    """Names of the runs that live now."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the demo made."""

    lab: Path
    runs: list[str]
    diverged: list[str]
    best: str | None
    """Id of the run with the best validation accuracy."""
    best_accuracy: float | None


def run_demo(
    lab: str | os.PathLike[str] | None = None,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    on_worth_a_look: Callable[[], None] | None = None,
    workers: int = WORKERS,
    plan: Sequence[Trial] | None = None,
) -> Outcome:
    """Train all models of the demo and record them in a lab.

    Returns when the last run has ended; both callbacks are called from this thread. Ending it early
    (an exception in a callback, KeyboardInterrupt) ends the workers, and their runs are marked as
    killed.

    Args:
        lab: the folder of the lab, made when it is missing; found as `peira.init` finds it when
            None. on_progress: called at every step of every run. on_worth_a_look: called once, when
            two thirds of the trials are done and the rest still runs. workers: processes that train
            at the same time. plan: the trials; all 37 when None.

    Raises:
        UnsupportedError: scikit-learn or Pillow is not installed.
        LabError: a worker failed; the message holds its last words.
    """
    require_parts()
    root = find_lab(setting=os.fspath(lab) if lab is not None else os.environ.get("PEIRA_LAB"))
    make_lab(root)
    todo = list(trials() if plan is None else plan)
    crew = _Crew(root, max(1, min(workers, len(todo))))
    try:
        return _conduct(crew, root, todo, on_progress, on_worth_a_look)
    finally:
        crew.dismiss()


def require_parts() -> None:
    """Check that what the demo needs is installed.

    Raises:
        UnsupportedError: a part is missing; the hint says how to get it.
    """
    missing = [
        name
        for module, name in (("sklearn", "scikit-learn"), ("PIL", "Pillow"))
        if importlib.util.find_spec(module) is None
    ]
    if missing:
        raise UnsupportedError(
            f"The demo needs {' and '.join(missing)}.",
            hint=f"Run: pip install {' '.join(missing)}",
        )


def _conduct(
    crew: _Crew,
    root: Path,
    todo: list[Trial],
    on_progress: Callable[[Progress], None] | None,
    on_worth_a_look: Callable[[], None] | None,
) -> Outcome:
    from peira.demo import decisions, holdout
    from peira.demo.experiment import Result

    waiting = todo.copy()
    parts: dict[int, tuple[Trial, float]] = {}  # worker -> what it does, and how far it is
    results: list[Result] = []
    has_shown = False
    crew.order(0, {"prepare": True})  # the data, before anybody learns
    crew.listen()
    crew.order(0, {"decisions": [decisions.goal()]})
    for worker in range(1, crew.size):
        if waiting:
            parts[worker] = (waiting.pop(0), 0.0)
            crew.order(worker, {"trial": parts[worker][0]})
    while len(results) < len(todo):
        worker, answer = crew.listen()
        if "part" in answer:
            parts[worker] = (parts[worker][0], answer["part"])
        else:
            if "result" in answer:
                del parts[worker]
                results.append(msgspec.convert(answer["result"], Result))
            if waiting:
                parts[worker] = (waiting.pop(0), 0.0)
                crew.order(worker, {"trial": parts[worker][0]})
        if on_progress is not None:
            on_progress(
                Progress(
                    done=len(results) + sum(part for _, part in parts.values()),
                    total=len(todo),
                    finished=len(results),
                    running=[trial.name for trial, _ in parts.values()],
                )
            )
        if not has_shown and len(results) >= _SHOW_AFTER * len(todo):
            has_shown = True
            if on_worth_a_look is not None:
                on_worth_a_look()
    crew.order(0, {"decisions": decisions.review(results)})
    crew.listen()
    crew.order(0, {"claims": holdout.claims(results)})
    crew.listen()
    return _outcome(root, results)


def _outcome(root: Path, results: list[Result]) -> Outcome:
    finished = [r for r in results if r.val_accuracy is not None]
    best = max(finished, key=lambda r: r.val_accuracy or 0.0, default=None)
    return Outcome(
        lab=root,
        runs=[r.run for r in results],
        diverged=[r.run for r in results if r.diverged_at is not None],
        best=best.run if best else None,
        best_accuracy=best.val_accuracy if best else None,
    )


class _Crew:
    """The worker processes: orders go in by line, answers come out of one queue."""

    def __init__(self, root: Path, size: int) -> None:
        self.size = size
        self._answers: queue.Queue[tuple[int, dict[str, Any] | None]] = queue.Queue()
        # One thread each: two processes share the cores already.
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-P", "-m", "peira.demo.worker"],
                env=os.environ | threads | {"PEIRA_QUIET": "1"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                bufsize=1,
            )
            for _ in range(size)
        ]
        self._last_words: list[list[str]] = [[] for _ in range(size)]
        self._threads: list[threading.Thread] = []
        for worker, process in enumerate(self._processes):
            for pipe, hear in ((process.stdout, self._hear), (process.stderr, self._overhear)):
                thread = threading.Thread(target=hear, args=(worker, pipe), daemon=True)
                thread.start()
                self._threads.append(thread)
            self.order(worker, {"lab": str(root)})

    def order(self, worker: int, order: dict[str, Any]) -> None:
        """Give an order to a worker."""
        pipe = self._processes[worker].stdin
        assert pipe is not None
        try:
            pipe.write(msgspec.json.encode(order).decode() + "\n")
        except BrokenPipeError:
            pass  # it has died: listen() tells why

    def listen(self) -> tuple[int, dict[str, Any]]:
        """Return the next answer of any worker, and whose it is.

        Raises:
            LabError: a worker has died.
        """
        worker, answer = self._answers.get()
        if answer is None:
            self._processes[worker].wait()
            words = "".join(self._last_words[worker][-20:]).strip()
            raise LabError(f"A worker of the demo ended early: {words or 'it said nothing'}")
        return worker, answer

    def dismiss(self) -> None:
        """End the workers. One that still trains is terminated; its run is marked as killed."""
        for process in self._processes:
            assert process.stdin is not None
            try:
                process.stdin.close()
            except BrokenPipeError:
                pass
        for process in self._processes:
            try:
                process.wait(timeout=0.5)
            except subprocess.TimeoutExpired:
                process.terminate()
        for process in self._processes:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for thread in self._threads:
            thread.join()

    def _hear(self, worker: int, pipe: IO[str]) -> None:
        with pipe:
            for line in pipe:
                self._answers.put((worker, json.loads(line)))
        self._answers.put((worker, None))

    def _overhear(self, worker: int, pipe: IO[str]) -> None:
        with pipe:
            for line in pipe:
                self._last_words[worker] = [*self._last_words[worker][-50:], line]

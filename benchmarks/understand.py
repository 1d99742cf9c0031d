"""What understanding a sweep costs, and what a trial of Optuna costs over its storages.

Importance and the finding of 100 to 10,000 runs with 12 params, of which one decides; and 60 trials
of a study that compute nothing, over the lab (each becomes a run), over the lab's journal alone,
and over Optuna's own journal file and SQLite.

    python -m benchmarks.understand
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import optuna
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend

import peira
from peira.sweeps.finding import describe
from peira.sweeps.importance import judge_importance
from peira.sweeps.observations import Observations
from peira.sweeps.optuna_journal import LabJournal

TRIALS = 60


def table_of(count: int) -> Observations:
    """Return runs with 12 params, of which `lr` decides."""
    rng = np.random.default_rng(0)
    drawn = rng.random((count, 10))  # (runs, params)
    rows = [
        {
            "lr": 10 ** -(1 + 3 * float(own[0])),
            "opt": ("sgd", "adam")[i % 2],
            "kernel_size": 3 + i % 3,
        }
        | {f"p{j}": float(own[j]) for j in range(1, 10)}
        for i, own in enumerate(drawn)
    ]
    losses = (drawn[:, 0] - 0.3) ** 2 + 0.01 * rng.standard_normal(count)
    return Observations.of(rows, losses.tolist(), "min")


def understand() -> None:
    """Time importance and the finding."""
    judge_importance(table_of(20), replicates=0)  # loads Optuna and scikit-learn
    for count in (100, 1_000, 10_000):
        table = table_of(count)
        row(f"finding, {count:,} runs", seconds(lambda t=table: describe(t)))
        row(
            f"importance, {count:,} runs",
            seconds(lambda t=table: judge_importance(t, replicates=0)),
        )
        row(f"with errors, {count:,} runs", seconds(lambda t=table: judge_importance(t)))


def row(name: str, value: str) -> None:
    """Print one row of the table."""
    print(f"{name:<34} {value:>34}", flush=True)


def seconds(work: Callable[[], object]) -> str:
    """Return the wall and the CPU time of one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return f"{time.perf_counter() - wall:.2f} s, {time.process_time() - cpu:.2f} s CPU"


def storages(folder: Path) -> None:
    """Time trials that compute nothing."""
    made: dict[str, Callable[[], BaseStorage]] = {
        "peira.optuna_storage()": lambda: peira.optuna_storage(folder),
        "its journal alone": lambda: JournalStorage(LabJournal(folder / "own.jsonl")),
        "Optuna's journal file": lambda: JournalStorage(JournalFileBackend(f"{folder}/j.log")),
        "Optuna on SQLite": lambda: RDBStorage(f"sqlite:///{folder}/s.db"),
    }
    for name, make in made.items():
        sampler = optuna.samplers.RandomSampler(seed=0)
        study = optuna.create_study(storage=make(), sampler=sampler)
        wall, cpu = time.perf_counter(), time.process_time()
        study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=TRIALS)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        row(name, f"{1e3 * wall / TRIALS:.1f} ms a trial, {1e3 * cpu / TRIALS:.1f} ms CPU")


def main() -> None:
    """Run both."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    understand()
    with tempfile.TemporaryDirectory() as folder:
        storages(Path(folder))


if __name__ == "__main__":
    main()

"""The work every tracker is given, and the interface its driver answers.

A driver is a script `<peer>_driver.py` that runs in the peer's own virtual environment, so this
file and the drivers use the standard library and the peer alone. A call does one task in one folder
and prints one JSON object as its last line:

    python mlflow_driver.py log --folder /tmp/x --n 2000 --keys 1 --budget 5
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import struct
import sys
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

ACK_FD_VARIABLE = "BENCH_ACK_FD"
SERIES_KEY = "metric/0"
SORT_KEY = "val/accuracy"


class Driver(ABC):
    """One tracker. `begin` to `finish` is what a user's script does; the rest reads it again."""

    folder: Path

    @abstractmethod
    def load(self) -> str:
        """Import the library as a user's script would; return its version."""

    def open(self, folder: Path) -> None:
        """Point the library at a local store in `folder`."""
        self.folder = folder

    @abstractmethod
    def begin(self, name: str, params: dict[str, Any]) -> Any:
        """Start a run."""

    @abstractmethod
    def log(self, run: Any, values: dict[str, float], step: int) -> None:
        """Log one row, as the library's own tutorial does."""

    @abstractmethod
    def finish(self, run: Any) -> None:
        """End a run and wait until the library says it is done."""

    def fill(self, run: Any, key: str, values: list[float]) -> None:
        """Log a whole series; a driver may use its library's bulk call."""
        for step, value in enumerate(values):
            self.log(run, {key: value}, step)

    @abstractmethod
    def series(self, key: str) -> list[float]:
        """Read one exact series of the only run in the folder, from the disk."""

    def everything(self, keys: list[str]) -> dict[str, list[float]]:
        """Read all series of the only run, the quickest way the library has."""
        return {key: self.series(key) for key in keys}

    @abstractmethod
    def ranking(self, key: str, limit: int) -> list[tuple[str, float]]:
        """Return (name, last value) of the first `limit` runs, highest first."""

    def settle(self) -> None:  # noqa: B027 (nothing to do for most)
        """Do what this tracker's readers do before they read (index, compact, convert)."""

    def caches(self) -> list[Path]:
        """Files that can be deleted without losing anything."""
        return []


def rows(count: int, keys: int, seed: int = 7) -> list[dict[str, float]]:
    """Return rows of noisy values that were float32 once, as a loss of a network is."""
    rng = random.Random(seed)
    pack = struct.Struct("f")
    names = [f"metric/{i}" for i in range(keys)]
    return [
        {name: pack.unpack(pack.pack(rng.gauss(1.0, 0.1)))[0] for name in names}
        for _ in range(count)
    ]


def size_bytes(paths: list[Path]) -> int:
    """Return the bytes of all files at or below `paths`."""
    found = 0
    for path in paths:
        files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
        found += sum(p.stat().st_size for p in files)
    return found


class Task:
    """One measurement. Each method is a task; its result is what the driver prints."""

    def __init__(self, driver: Driver, options: argparse.Namespace) -> None:
        self.driver = driver
        self.n = options.n
        self.keys = options.keys
        self.budget_s = options.budget

    def load(self) -> dict[str, Any]:
        """Import time in a fresh process."""
        return {}  # measured by main(), before any task

    def log(self) -> dict[str, Any]:
        """Seconds of each call, of the start and of the finish."""
        start = time.perf_counter()
        run = self.driver.begin("log", {"lr": 0.1})
        begun = time.perf_counter()
        costs = []
        for step, values in enumerate(rows(self.n, self.keys)):
            before = time.perf_counter()
            self.driver.log(run, values, step)
            costs.append(time.perf_counter() - before)
            if time.perf_counter() - begun > self.budget_s:
                break
        logged = time.perf_counter()
        self.driver.finish(run)
        return {
            "median_s": statistics.median(costs),
            "mean_s": statistics.mean(costs),
            "calls": len(costs),
            "start_s": begun - start,
            "finish_s": time.perf_counter() - logged,
        }

    def through(self) -> dict[str, Any]:
        """From the first log() until every value can be read again, and the bytes it took."""
        work = rows(self.n, self.keys)
        run = self.driver.begin("through", {"lr": 0.1})
        start = time.perf_counter()
        done = 0
        for step, values in enumerate(work):
            self.driver.log(run, values, step)
            done += 1
            if time.perf_counter() - start > self.budget_s:
                break
        logged = time.perf_counter()
        self.driver.finish(run)
        finished = time.perf_counter()
        self.driver.settle()
        found = self.driver.everything(list(work[0]))
        end = time.perf_counter()
        exact = sum(
            a == row[key]
            for key, back in found.items()
            for a, row in zip(back, work[:done], strict=False)
        )
        caches = [path for path in self.driver.caches() if path.exists()]
        return {
            "points": done * self.keys,
            "exact": exact,
            "log_s": logged - start,
            "finish_s": finished - logged,
            "read_s": end - finished,
            "bytes": size_bytes([self.driver.folder]),
            "cache_bytes": size_bytes(caches),
        }

    def acknowledge(self) -> dict[str, Any]:
        """Log for ever and tell, after each call that returned, how many there were."""
        fd = int(os.environ[ACK_FD_VARIABLE])
        run = self.driver.begin("killed", {"lr": 0.1})
        work = rows(1000, 1)
        step = 0
        while True:
            self.driver.log(run, work[step % 1000], step)
            step += 1
            os.write(fd, struct.pack("<q", step))

    def count(self) -> dict[str, Any]:
        """How many values can be read after the kill."""
        self.driver.settle()
        try:
            return {"readable": len(self.driver.series(SERIES_KEY))}
        except Exception as error:  # noqa: BLE001 (a peer may fail in any way: all is lost then)
            return {"readable": 0, "error": f"{type(error).__name__}: {error}"[:200]}

    def fill(self) -> dict[str, Any]:
        """Log one long series."""
        run = self.driver.begin("series", {"lr": 0.1})
        values = [row[SERIES_KEY] for row in rows(self.n, 1)]
        self.driver.fill(run, SERIES_KEY, values)
        self.driver.finish(run)
        self.driver.settle()
        return {}

    def series(self) -> dict[str, Any]:
        """Read one long series: the first time in this process, then the median of five."""
        costs = []
        for _ in range(6):
            before = time.perf_counter()
            values = self.driver.series(SERIES_KEY)
            costs.append(time.perf_counter() - before)
        return {"first_s": costs[0], "median_s": statistics.median(costs[1:]), "n": len(values)}

    def runs(self) -> dict[str, Any]:
        """Make many small runs: ten params, five metrics."""
        rng = random.Random(3)
        start = time.perf_counter()
        made = 0
        for i in range(self.n):
            params = {"lr": 10 ** rng.uniform(-5, -1), "seed": i} | {
                f"option/{k}": rng.randrange(8) for k in range(8)
            }
            run = self.driver.begin(f"run-{i}", params)
            values = {f"metric/{k}": rng.random() for k in range(4)}
            self.driver.log(run, {SORT_KEY: rng.random(), **values}, 0)
            self.driver.finish(run)
            made += 1
            if time.perf_counter() - start > self.budget_s:
                break
        self.driver.settle()
        return {"made": made, "each_s": (time.perf_counter() - start) / made}

    def ranking(self) -> dict[str, Any]:
        """List the first 100 of all runs by a metric: first time, then the median of three."""
        costs = []
        for _ in range(4):
            before = time.perf_counter()
            found = self.driver.ranking(SORT_KEY, 100)
            costs.append(time.perf_counter() - before)
        values = [value for _, value in found]
        assert values == sorted(values, reverse=True), "not sorted"
        return {"first_s": costs[0], "median_s": statistics.median(costs[1:]), "n": len(found)}


def main(driver: Driver) -> None:
    """Read the command line, do the task, print its result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("task")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--n", type=int, default=1)
    parser.add_argument("--keys", type=int, default=1)
    parser.add_argument("--budget", type=float, default=10.0)
    options = parser.parse_args()
    start = time.perf_counter()
    version = driver.load()
    loaded = time.perf_counter() - start
    options.folder.mkdir(parents=True, exist_ok=True)
    driver.open(options.folder.resolve())
    found = getattr(Task(driver, options), options.task)()
    sys.stdout.flush()
    print("\n" + json.dumps({"version": version, "import_s": loaded, **found}), flush=True)
    # Threads that a library leaves behind are not waited for: finish() said it was done.
    os._exit(0)

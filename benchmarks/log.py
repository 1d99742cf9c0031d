"""What recording costs a training loop: log(), init(), finish(), import.

    python benchmarks/log.py

Prints a table. Each figure is of this process on this machine; a quiet machine is needed for the
bars of the right column. Import, init and finish are measured in fresh processes, log() call by
call with the cost of the clock taken off.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CALLS = 20_000
PROCESSES = 9

_START = """
import time
start = time.perf_counter()
import peira
imported = time.perf_counter()
run = peira.init("benchmark", params={"lr": 0.1})
begun = time.perf_counter()
run.log({"loss": 1.0})
time.sleep(1.0)
ending = time.perf_counter()
run.finish()
print(imported - start, begun - imported, time.perf_counter() - ending)
"""


def percentile(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def log_costs_us(metrics: int) -> list[float]:
    """Return the cost of each of many log() calls, in microseconds."""
    import peira

    run = peira.init("benchmark", console=False, monitor=False)
    time.sleep(0.5)  # what is captured at the start is over
    values = {f"layer{n}/metric": 0.1234567890123 * (n + 1) for n in range(metrics)}
    clock = time.perf_counter_ns
    pauses = []
    for _ in range(2_000):
        begin = clock()
        pauses.append(clock() - begin)
    pause = sorted(pauses)[len(pauses) // 2]
    costs = []
    for step in range(CALLS if metrics < 100 else CALLS // 4):
        begin = clock()
        run.log(values, step)
        costs.append((clock() - begin - pause) / 1e3)
    run.finish()
    return costs


def starts_ms() -> list[tuple[float, ...]]:
    """Return import, init and finish of fresh processes, in milliseconds."""
    found = []
    for _ in range(1 + PROCESSES):  # the first one compiles the modules
        output = subprocess.check_output([sys.executable, "-c", _START], text=True)
        found.append(tuple(float(text) * 1e3 for text in output.split()))
    return found[1:]


def main() -> None:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        os.environ |= {"PEIRA_LAB": folder, "PEIRA_QUIET": "1"}
        os.environ["PYTHONPYCACHEPREFIX"] = f"{folder}/compiled"
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        print(f"{'what':<26}{'median':>12}{'p99':>12}{'bar (median)':>16}")
        for metrics, bar in ((1, "3 us"), (10, ""), (100, "25 us")):
            costs = log_costs_us(metrics)
            name = f"log(), {metrics} metric{'s' if metrics > 1 else ''}"
            median, high = percentile(costs, 0.5), percentile(costs, 0.99)
            print(f"{name:<26}{median:>9.2f} us{high:>9.2f} us{bar:>16}")
        columns = zip(*starts_ms(), strict=True)
        for name, bar, column in zip(
            ("import peira", "init()", "finish()"),
            ("60 ms", "20 ms", "20 ms"),
            columns,
            strict=True,
        ):
            values = list(column)
            median, high = percentile(values, 0.5), max(values)
            print(f"{name:<26}{median:>9.2f} ms{high:>9.2f} ms{bar:>16}")


if __name__ == "__main__":
    main()

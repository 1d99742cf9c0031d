"""How long the command line takes to answer, as a process of its own, from start to end.

    python -m benchmarks.cli           on the lab of `benchmarks/biglab.py`
    python -m benchmarks.cli --quick   on one of 500 runs

Medians and best of `TIMES` processes; the
processor time tells what a busy machine adds.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.biglab import big_lab

TIMES = 9
METRIC = "val/accuracy"

Case = tuple[str, list[str], float | None]

# What is timed, its words after the interpreter, and the bar in seconds.
CASES: list[Case] = [
    ("python -c pass", ["-c", "pass"], None),
    ("import peira", ["-c", "import peira"], None),
    ("peira --help", ["-m", "peira", "--help"], 0.150),
    ("peira ls --help", ["-m", "peira", "ls", "--help"], None),
    ("peira ls", ["-m", "peira", "ls"], 0.400),
    (
        "peira ls, filter and sort",
        ["-m", "peira", "ls", f"{METRIC} > 0.5 and params.lr < 0.1 sort -{METRIC}"],
        0.400,
    ),
    ("peira ls, group by", ["-m", "peira", "ls", "group by optimizer", "-c", METRIC], None),
    ("peira best", ["-m", "peira", "best", "-m", METRIC], None),
]


def seconds(words: list[str], lab: Path) -> tuple[float, float]:
    """Return the wall time and the processor time of one process."""
    env = os.environ | {"PEIRA_LAB": str(lab), "PEIRA_QUIET": "1"}
    # Modules are compiled once, as on any user's machine.
    env["PYTHONPYCACHEPREFIX"] = str(lab / "compiled")
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *words], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, words)
    return wall, used.ru_utime + used.ru_stime


def main() -> int:
    runs = 500 if "--quick" in sys.argv[1:] else 10_000
    lab = big_lab(runs)
    seconds(["-m", "peira", "ls"], lab)
    print(f"{'process':<28} {'median':>10} {'best':>10} {'processor':>10} {'bar':>10}")
    missed = 0
    for title, words, bar in CASES:
        found = [seconds(words, lab) for _ in range(TIMES)]
        median = statistics.median(wall for wall, _ in found)
        best = min(wall for wall, _ in found)
        used = statistics.median(cpu for _, cpu in found)
        told = f"{bar * 1000:.0f} ms" if bar else ""
        if bar and median > bar:
            missed += 1
            told += " missed"
        figures = " ".join(f"{figure * 1000:>7.0f} ms" for figure in (median, best, used))
        print(f"{title:<28} {figures} {told:>10}", flush=True)
    return 1 if missed and "--strict" in sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())

"""What capturing costs a program: all of it, as a run records by itself, against no Peira at all.

    python -m benchmarks.capture

Each figure is a ratio or a difference to the same program without Peira, taken in turns, several
times. Processor time is that of the program and of everything that it or `peira run` waited for, so
it does not depend on what else the machine does; time that passes does.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROUNDS = 5
TRIVIAL_ROUNDS = 15
IMAGES = 50_000

SDK = "import peira\nrun = peira.init()\n"

TRAINING = """
import numpy as np
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
table = np.loadtxt("table.csv", delimiter=",")
X, y = make_classification(4000, 30, n_informative=12, random_state=0)
print(cross_val_score(RandomForestClassifier(260, random_state=0), X, y, cv=3).mean())
print(cross_val_score(LogisticRegression(max_iter=2000), X, y, cv=5).mean())
np.save("scores.npy", y)
"""

TRIVIAL = """
import time
begun = time.monotonic()
open("table.csv").read()
open("out.txt", "w").write("1")
print(begun, time.monotonic())
"""

OPENS = """
import time
def cost(names):
    begin = time.process_time()
    for name in names:
        open(name).close()
    return (time.process_time() - begin) / len(names) * 1e6
names = [f"images/{n:06}.png" for n in range(20_000)]
cost(names[:100])
print(cost(["table.csv"] * 20_000), cost(names))
"""

LOG = """
import sys, time
if "plain" in sys.argv:
    import os
    os.environ["PEIRA_LEAVE_OUT"] = (
        "process host environment python numerics packages code console monitor cells "
        "sources inputs outputs seeds fingerprint")
import peira
run = peira.init()
time.sleep(1.5)
for n in range(2_000):
    open(f"images/{n:06}.png").close()
costs = []
for step in range(20_000):
    begin = time.perf_counter_ns()
    run.log({"loss": 0.5}, step)
    costs.append(time.perf_counter_ns() - begin)
print(sorted(costs)[len(costs) // 2] / 1e3)
"""

MANY = f"""
total = 0
for n in range({IMAGES}):
    with open(f"images/{{n:06}}.png", "rb") as stream:
        total += sum(stream.read()[:64])
"""


class Cost(NamedTuple):
    """What a process took, in seconds, and the largest memory of one process in bytes."""

    wall: float
    cpu: float
    memory: int
    output: str


def measured(words: list[str], folder: Path) -> Cost:
    """Run a program to its end."""
    begin = time.monotonic()
    process = subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    output = process.stdout.read().decode()
    errors = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, errors
    wall = time.monotonic() - begin
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, output)


def ways(name: str, text: str, folder: Path) -> dict[str, list[str]]:
    """Return the command of a program without Peira, with the SDK, and below `peira run`."""
    (folder / f"{name}.py").write_text(text)
    (folder / f"{name}_sdk.py").write_text(SDK + text)
    return {
        "plain": [sys.executable, f"{name}.py"],
        "peira.init()": [sys.executable, f"{name}_sdk.py"],
        "peira run": [sys.executable, "-m", "peira", "run", f"{name}.py"],
    }


def compared(name: str, text: str, folder: Path, rounds: int) -> dict[str, list[Cost]]:
    """Return the costs of each way, taken in turns; a round before these warms everything up."""
    found: dict[str, list[Cost]] = {}
    for number in range(rounds + 1):
        for way, words in ways(name, text, folder).items():
            cost = measured(words, folder)
            if number:
                found.setdefault(way, []).append(cost)
    return found


def ratio(costs: list[Cost], plain: list[Cost], field: str) -> float:
    pairs = zip(costs, plain, strict=True)
    return statistics.median(getattr(a, field) / getattr(b, field) for a, b in pairs)


def training(folder: Path) -> None:
    """A scikit-learn script of some ten seconds."""
    found = compared("training", TRAINING, folder, ROUNDS)
    plain = found.pop("plain")
    took = statistics.median(cost.cpu for cost in plain)
    print(f"\ntraining, {took:.1f} s of the processor without Peira (bar: time x 1.02)")
    for way, costs in found.items():
        more = statistics.median(a.cpu - b.cpu for a, b in zip(costs, plain, strict=True))
        print(
            f"  {way:<14}time x {ratio(costs, plain, 'wall'):.3f}   processor x "
            f"{ratio(costs, plain, 'cpu'):.3f} ({more:+.2f} s)"
        )


def trivial(folder: Path) -> None:
    """A script that does nothing: what is added before its first line, and after its last."""
    found: dict[str, list[tuple[float, float]]] = {}
    for number in range(TRIVIAL_ROUNDS + 1):
        for way, words in ways("trivial", TRIVIAL, folder).items():
            begin = time.monotonic()
            done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True)
            first, last = map(float, done.stdout.split())
            if number:
                found.setdefault(way, []).append((first - begin, time.monotonic() - last))
    plain = [statistics.median(column) for column in zip(*found.pop("plain"), strict=True)]
    print("\na trivial script (bars: 0.5 s and 0.5 s)")
    for way, times in found.items():
        start, end = (
            statistics.median(column) - base
            for column, base in zip(zip(*times, strict=True), plain, strict=True)
        )
        best = [min(c) - b for c, b in zip(zip(*times, strict=True), plain, strict=True)]
        print(
            f"  {way:<14}start +{start:.3f} s (best +{best[0]:.3f})   "
            f"end +{end:.3f} s (best +{best[1]:.3f})"
        )


def opens(folder: Path) -> None:
    """The processor time of one `open` and `close`."""
    found = compared("opens", OPENS, folder, 3)
    base = [
        min(c) for c in zip(*(map(float, x.output.split()) for x in found["plain"]), strict=True)
    ]
    print("\nopen() and close() of one file again and again, and of 20,000 files, each once")
    for way, costs in found.items():
        best = [min(c) for c in zip(*(map(float, x.output.split()) for x in costs), strict=True)]
        more = [f"{a:.2f} us ({a - b:+.2f})" for a, b in zip(best, base, strict=True)]
        print(f"  {way:<14}{more[0]:>20}{more[1]:>20}")


def log(folder: Path) -> None:
    """`run.log()` with everything captured, against nothing."""
    (folder / "log.py").write_text(LOG)
    found: dict[str, list[float]] = {"plain": [], "": []}
    for _ in range(ROUNDS):
        for word, costs in found.items():
            costs.append(float(measured([sys.executable, "log.py", word], folder).output))
    plain, full = (min(costs) for costs in (found["plain"], found[""]))
    print(f"\nlog(): {full:.2f} us, {plain:.2f} us with nothing captured: x {full / plain:.2f}")


def many(folder: Path) -> None:
    """Very many small files, opened one by one."""
    found = compared("many", MANY, folder, 3)
    plain = found.pop("plain")
    took = statistics.median(cost.cpu for cost in plain) / IMAGES * 1e6
    print(f"\n{IMAGES:,} files of 4 KB, each read once: {took:.0f} us each without Peira")
    for way, costs in found.items():
        more = statistics.median(a.cpu - b.cpu for a, b in zip(costs, plain, strict=True))
        memory = max(cost.memory for cost in costs) - max(cost.memory for cost in plain)
        print(
            f"  {way:<14}{more / IMAGES * 1e6:+.0f} us of the processor a file, "
            f"{memory / 1e6:+.0f} MB of memory, time x {ratio(costs, plain, 'wall'):.2f}"
        )
    sizes = [path.stat().st_size for path in folder.glob(".peira/runs/*/events.jsonl")]
    print(f"  events of the largest run: {max(sizes) / 1e3:.0f} KB")


def main() -> None:
    parts = {part.__name__: part for part in (training, trivial, opens, log, many)}
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        for key in [key for key in os.environ if key.startswith("PEIRA_")]:
            del os.environ[key]
        os.environ |= {
            "PEIRA_LAB": str(folder / ".peira"), "PEIRA_QUIET": "1",
            "PYTHONPYCACHEPREFIX": f"{folder}/compiled",
        }  # fmt: skip
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        (folder / "table.csv").write_text("1,2,3\n" * 1000)
        (folder / "images").mkdir()
        for number in range(IMAGES):
            (folder / "images" / f"{number:06}.png").write_bytes(os.urandom(16) * 256)
        for part in sys.argv[1:] or parts:
            parts[part](folder)


if __name__ == "__main__":
    main()

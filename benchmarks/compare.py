"""How fast runs are compared: in a lab of 10,000 runs, with 2,000 params, with much code.

    python -m benchmarks.compare [--runs 10000]

The first figures are of the lab of `benchmarks/biglab.py`; the last one is a whole process, from
start to end. The code is 300 kept files of 200 lines, 30 of which differ. Medians of wall and of
processor time: on a busy machine the second one tells what the work costs.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.biglab import MANY, RUNS, big_lab
from benchmarks.cli import seconds
from peira.compare.diff import compare
from peira.compare.table import tabulate
from peira.compare.textdiff import CAREFUL_LINES_MAX, Budget, change
from peira.lab.lab import Lab
from peira.objects.folder import FolderObjects
from peira.record import events, lines
from peira.testing.generator import make_lab

PARAMS = 2_000
FILES, CHANGED, LINES = 300, 30, 200
TIMES = 5


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=RUNS)
    root = big_lab(parser.parse_args().runs)
    with Lab(root) as lab:
        lab.catch_up()
        lab.is_kept_up = True
        many = [row.id for row in lab.runs("", project=MANY, limit=8).page.rows]
        line("diff of 2 runs", lambda: compare(lab, many[:2]), 100)
        line("diff of 8 runs", lambda: compare(lab, many), None)
        line("table of 1,000 runs", lambda: tabulate(lab, (), project=MANY, limit=1000), None)
    with tempfile.TemporaryDirectory(prefix="peira-compare-") as folder:
        made = Path(folder) / ".peira"
        wide = make_lab(made, runs=8, params=PARAMS, points=5)
        with_code(made, wide)
        with Lab(made) as lab:
            lab.catch_up(wait_s=600)
            lab.is_kept_up = True
            line(f"diff of 8 runs with {PARAMS:,} params", lambda: compare(lab, wide), 500)
            line(f"{FILES} files of code, {CHANGED} changed", lambda: code(lab, wide), None)
    texts(CAREFUL_LINES_MAX // 2)
    process("peira diff, whole process", ["-m", "peira", "diff", *many[:2]], root, 1000)


def with_code(root: Path, runs: list[str]) -> None:
    """Give the first two runs source files."""
    objects = FolderObjects(root / "objects")
    for version, run in enumerate(runs[:2]):
        files = []
        for n in range(FILES):
            text = [f"def function_{n}_{i}(x):\n" for i in range(LINES)]
            if n < CHANGED and version:
                text[LINES // 2] = "# changed\n"
            stored = objects.put_bytes("".join(text).encode())
            files.append(
                events.SeenFile(
                    path=f"part{n}.py", object=stored.digest, size=stored.size, kept=True
                )
            )
        told = events.Files(time=0.0, role="source", files=files, root="/project")
        with (root / "runs" / run / "events.jsonl").open("ab") as stream:
            stream.write(lines.encode(told))


def code(lab: Lab, runs: list[str]) -> object:
    """Compare the code alone."""
    return compare(lab, runs[:2], sections=["code"])


def texts(count: int) -> None:
    """The worst that line by line costs: two texts made of two words."""
    one, other = (
        "".join("ab"[hash((seed, i)) % 2] + "\n" for i in range(count)).encode() for seed in (1, 2)
    )
    line(f"worst case: 2 texts of {count:,} lines", lambda: change(one, other, [1], Budget()), None)


def line(title: str, question: Callable[[], object], bar_ms: float | None) -> None:
    """Measure one question and print it."""
    question()
    found = []
    for _ in range(TIMES):
        wall, used = time.perf_counter(), time.process_time()
        question()
        found.append((time.perf_counter() - wall, time.process_time() - used))
    show(title, found, bar_ms)


def process(title: str, words: list[str], lab: Path, bar_ms: float) -> None:
    """Measure whole processes and print them."""
    seconds(words, lab)
    show(title, [seconds(words, lab) for _ in range(TIMES)], bar_ms)


def show(title: str, found: list[tuple[float, float]], bar_ms: float | None) -> None:
    """Print the medians of wall and processor time."""
    wall, used = (1e3 * statistics.median(times) for times in zip(*found, strict=True))
    bar = "" if bar_ms is None else f"{'ok' if wall <= bar_ms else 'OVER'} (bar {bar_ms:g})"
    print(f"{title:<44} {wall:8.0f} ms {used:8.0f} ms processor  {bar}", flush=True)


if __name__ == "__main__":
    main()

"""How fast a lab answers: filter, sort, group, complete, overviews and curves for drawing.

    python benchmarks/query.py [--runs 10000] [--lab FOLDER]

Measured on a lab of 10,000 runs x 20 params x 20 metrics and one of 1,000 runs x 1,000 points, both
from `peira.testing.generator`, made once (about a minute) and kept in `--lab`. Each figure is the
median of some repetitions on a warm index, in milliseconds, without `catch_up`; `cold` is a whole
new process.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from peira.lab.lab import Lab
from peira.lab.query.parse import parse
from peira.lab.smoothing import Smoothing
from peira.testing.generator import METRICS, PARAMS, make_lab

USUAL = "val/accuracy.max > 0.5 and params.lr in 1e-4..1e-1 and state = finished sort -val/f1.max"
COLUMNS = [*(f"params.{name}" for name in PARAMS), *(f"metrics.{name}" for name in METRICS)]

COLD = """
import sys
from peira.lab.lab import Lab
with Lab(sys.argv[1], create=False) as lab:
    lab.is_kept_up = True
    print(len(lab.runs(sys.argv[2])))
"""


def main() -> None:
    """Make the lab when it is missing, measure, print the table."""
    arguments = _arguments()
    folder = Path(arguments.lab)
    many = opened(folder / f"query-{arguments.runs}", runs=arguments.runs, points=(50, 100))
    long = opened(folder / "curves-1000", runs=1_000, points=1_000, metrics=3)
    with many, long:
        ask(many)
        draw(long)
        start(many.root)


def opened(folder: Path, **shape: Any) -> Lab:
    """Return the lab in a folder, made first when it is missing."""
    root = folder / ".peira"
    is_new = not (root / "index.db").exists()
    if is_new:
        make_lab(root, **shape)
    lab = Lab(root)
    if is_new:
        lab.catch_up(wait_s=600)
    lab.is_kept_up = True
    return lab


def ask(lab: Lab) -> None:
    """Print one line a question: median, bar, what it did."""
    project = lab.projects()[0].name

    def runs(query: str, **how: Any) -> Callable[[], object]:
        return lambda: lab.runs(query, project=project, **how)

    parse(USUAL)
    line("parse a usual query", lambda: parse(USUAL), 1)
    line("filter + sort + 100 rows, columns of the query", runs(USUAL), 30)
    line("the same with 40 columns", runs(USUAL, columns=COLUMNS), 30)
    line("no filter, newest 100", runs(""), 30)
    line("regex on names", runs('name ~ "-0+[0-9]*7$" sort name'), None)
    line("plain words", runs("mlp 77"), None)
    line(
        "group by all except seed, one metric",
        lambda: lab.groups(
            "", project=project, by="model, optimizer", columns=["val/accuracy.max"]
        ),
        None,
    )
    line("fields for completion", lambda: lab.fields(project), None)
    line("complete `val/`", lambda: lab.complete("val/", 4, project), None)
    line("home", lab.home, None)


def draw(lab: Lab) -> None:
    """The same for curves: 1,000 runs of 1,000 points."""
    thousand = [row.id for row in lab.runs(limit=1_000).page.rows]
    line("overviews: 1 metric of 1,000 runs", lambda: lab.overviews("val/loss", thousand), 60)
    for pixels in (300, 800):
        line(
            f"traces: 1,000 series x 1,000 points, {pixels} px",
            partial(lab.traces, ["val/loss"], thousand, pixels=pixels),
            250,
        )
    line(
        "traces, smoothed",
        lambda: lab.traces(["val/loss"], thousand, smooth=Smoothing("ema", 20)),
        None,
    )
    halves = [({"half": "a"}, thousand[:500]), ({"half": "b"}, thousand[500:])]
    line("bands: 2 groups of 500 runs", lambda: lab.bands(["val/loss"], halves), None)


def start(root: Path) -> None:
    """The same in a process of its own."""
    for title, query in (("no filter", ""), ("filter + sort", USUAL)):
        command = [sys.executable, "-c", COLD, str(root), query]

        def run(command: list[str] = command) -> object:
            return subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

        line(f"cold process, {title}", run, 400)


def line(title: str, question: Callable[[], object], bar_ms: float | None) -> None:
    """Measure one question for about two seconds and print it."""
    question()
    times: list[float] = []
    while len(times) < 3 or (sum(times) < 2.0 and len(times) < 50):
        started = time.perf_counter()
        question()
        times.append(time.perf_counter() - started)
    median = statistics.median(times) * 1e3
    bar = "" if bar_ms is None else f"{'ok' if median <= bar_ms else 'OVER'} (bar {bar_ms:g})"
    print(f"{title:<52} {median:9.2f} ms  {bar}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--lab", default=str(Path(tempfile.gettempdir()) / "peira-benchmarks"))
    return parser.parse_args()


if __name__ == "__main__":
    main()

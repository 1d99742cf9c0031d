"""How fast a lab answers: filter, sort, group, complete, overviews and curves for drawing.

    python -m benchmarks.query [--runs 10000]

Measured on the lab of `benchmarks/biglab.py`. Each figure is the
median of some repetitions on a warm index, in milliseconds, without `catch_up`.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.biglab import LONG, MANY, RUNS, big_lab
from peira.lab.lab import Lab
from peira.lab.query.parse import parse
from peira.lab.smoothing import Smoothing
from peira.testing.generator import METRICS, PARAMS

USUAL = "val/accuracy.max > 0.5 and params.lr in 1e-4..1e-1 and state = finished sort -val/f1.max"
COLUMNS = [*(f"params.{name}" for name in PARAMS), *(f"metrics.{name}" for name in METRICS)]


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=RUNS)
    with Lab(big_lab(parser.parse_args().runs)) as lab:
        lab.catch_up()
        lab.is_kept_up = True
        ask(lab)
        draw(lab)


def ask(lab: Lab) -> None:
    """Print one line a question: median, bar, what it did."""
    project = MANY

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
    thousand = [row.id for row in lab.runs(project=LONG, limit=1_000).page.rows]
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


if __name__ == "__main__":
    main()

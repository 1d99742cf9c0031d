"""What the lab costs: bringing the index up to date, sealing, exact series, overviews.

Prints one row a bar. Labs are made by `peira.testing.generator` in a temporary folder. Rows about
questions to the index are in `benchmarks/query.py`.

    python -m benchmarks.lab            all
    python -m benchmarks.lab --runs 1000    a smaller lab
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.biglab import RUNS, big_lab
from peira.core import ids
from peira.lab.lab import Lab
from peira.lab.overview import Overview
from peira.lab.overview_codec import decode, encode
from peira.record import events, lines, points
from peira.record.events import FORMAT, Birth
from peira.record.folder import make_lab as make_folder
from peira.testing.generator import make_lab

START_S = 1_760_000_000.0


def row(name: str, value: str, bar: str) -> None:
    """Print one row of the table."""
    print(f"{name:<58} {value:>16}   {bar}", flush=True)


def timed(action: Callable[[], object], repeats: int = 1) -> float:
    """Return the shortest of some durations, in seconds."""
    best = float("inf")
    for _ in range(repeats):
        begun = time.perf_counter()
        action()
        best = min(best, time.perf_counter() - begun)
    return best


def write_run(root: Path, rows: int, metrics: int) -> str:
    """Write one finished run of float32-born noise; returns its id."""
    run_id = ids.new_run_id()
    path = make_folder(root) / "runs" / run_id
    path.mkdir()
    birth = Birth(format=FORMAT, id=run_id, name="bench", project="bench", created=START_S)
    (path / "run.json").write_bytes(msgspec.json.encode(birth))
    end = events.End(time=START_S, status="finished", duration_s=1.0)
    (path / "events.jsonl").write_bytes(lines.encode(end))
    random = np.random.default_rng(0)
    keys = [f"train/layer{n}/norm" for n in range(metrics)]
    encode_row = msgspec.json.Encoder().encode
    times = START_S + np.cumsum(random.uniform(0.01, 0.02, rows))
    with (path / "points.jsonl").open("wb") as stream:
        stream.write(lines.frame(points.declaration(0, keys)))
        for first in range(0, rows, 10_000):
            count = min(10_000, rows - first)
            values = random.normal(size=(count, metrics)).astype(np.float32).astype(np.float64)
            told = times[first : first + count].round(6).tolist()
            for step, (time_s, numbers) in enumerate(zip(told, values.tolist(), strict=True)):
                stream.write(lines.frame(encode_row([0, first + step, time_s, *numbers])))
    return run_id


def measure_rates(root: Path, name: str, rows: int, metrics: int, bar: str) -> None:
    """How fast lines become facts, and what they take once sealed."""
    run_id = write_run(root, rows, metrics)
    count = rows * metrics
    with Lab(root) as lab:
        lab.index.replace()
        took = timed(lab.catch_up)
        unit = "rows/s" if metrics == 1 else "points/s"
        row(f"ingest, {name}", f"{count / took:,.0f} {unit}", bar)
        if metrics == 1:
            row("rebuild of an index of 1 M points", f"{took:.2f} s", "< 20 s")
        row(f"seal, {name}", f"{count / timed(lab.seal):,.0f} points/s", "")
        size = (root / "runs" / run_id / "metrics.parquet").stat().st_size
        bar = "<= 6 bytes/point" if metrics == 100 else ""
        row(f"on disk once sealed, {name}", f"{size / count:.2f} bytes/point", bar)
        if metrics == 1:
            took = timed(lambda: lab.series(run_id, "train/layer0/norm"), 5)
            row("one exact series of 1 M points, sealed", f"{took * 1e3:.0f} ms", "< 100 ms")
        lab.index.replace()
        took = timed(lab.catch_up)
        row(f"rebuild from Parquet, {name}", f"{count / took:,.0f} points/s", "")


def measure_overviews() -> None:
    """What drawing a thousand runs costs before anything is drawn."""
    random = np.random.default_rng(0)
    for count in (100, 1_000, 1_000_000):
        overview = Overview()
        values = random.normal(size=count).astype(np.float32).astype(np.float64)
        times = np.round(START_S + np.arange(count) * 0.01, 6)
        overview.section("").append(np.arange(count), times, values)
        data = encode(overview)
        copies = [data] * 1_000
        took = timed(lambda copies=copies: list(map(decode, copies)), 3)  # type: ignore[misc]
        row(
            f"decode 1,000 overviews of {count:,} points ({len(data):,} B each)",
            f"{took * 1e3:.0f} ms",
            "< 30 ms",
        )


def measure_upkeep(folder: Path, runs: int) -> None:
    """New runs: made, read, sealed."""
    root = folder / "many" / ".peira"
    took = timed(lambda: make_lab(root, runs=runs))
    row(f"make {runs:,} runs x 20 params x 20 metrics", f"{took:.1f} s", "")
    with Lab(root) as lab:
        took = timed(lab.catch_up)
        row(f"catch_up on {runs:,} new runs", f"{took:.1f} s", "")
        took = timed(lab.seal)
        row(f"seal {runs:,} runs", f"{took:.1f} s", "")


def measure_big_lab(runs: int) -> None:
    """A lab of many sealed runs: found unchanged, and its index made anew."""
    root = big_lab(runs)
    with Lab(root) as lab:
        lab.catch_up()
        idle = timed(lab.catch_up, 9)
        row(f"catch_up on {runs:,} unchanged sealed runs", f"{idle * 1e3:.0f} ms", "<= 40 ms")
    with Lab(root) as lab:
        cold = timed(lab.catch_up)
        row("the same, first call of a process", f"{cold * 1e3:.0f} ms", "")
        lab.index.replace()
        took = timed(lambda: lab.catch_up(wait_s=3600))
        row("index rebuilt from them", f"{took:.1f} s", "")
        size = (root / "index.db").stat().st_size
        row("index.db", f"{size / 1e6:,.0f} MB", "")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="peira-bench-") as name:
        measure_overviews()
        folder = Path(name)
        one, many = folder / "one" / ".peira", folder / "hundred" / ".peira"
        measure_rates(one, "one metric a row", 1_000_000, 1, ">= 400,000 rows/s")
        measure_rates(many, "100 metrics a row", 50_000, 100, ">= 4,000,000 points/s")
        measure_upkeep(folder, 500)
    measure_big_lab(given.runs)


if __name__ == "__main__":
    main()

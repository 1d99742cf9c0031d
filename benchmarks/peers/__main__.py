"""Compare Peira with TensorBoard, MLflow, Trackio, Aim and W&B offline: the same work, one table.

python -m benchmarks.peers                     all, about seven minutes after the first install
python -m benchmarks.peers --quick             small sizes, to see that it works
python -m benchmarks.peers peira mlflow        only these

Each tracker is installed into its own virtual environment below `~/.cache/peira-bench` (or
`PEIRA_BENCH_CACHE`) at the first call. Nothing is sent anywhere. `*` marks the best of a row.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.peers.environment import PEERS, NotInstallableError, python_of
from benchmarks.peers.measures import QUICK, Bench, Sizes

Facts = dict[str, Any]


def seconds(value: float) -> str:
    """Return a time in the unit that reads best."""
    for limit, factor, unit in ((1e-3, 1e6, "µs"), (1.0, 1e3, "ms")):
        if value < limit:
            return f"{value * factor:.3g} {unit}"
    return f"{value:.3g} s"


def at_size(text: str, size: int, wanted: int) -> str:
    """Return a cell, with the size where a budget made it smaller than asked."""
    return text if size >= wanted else f"{text} ({size:,})"


def lost(facts: Facts) -> str:
    """Return losses of acknowledged points."""
    return f"{facts['lost']:,} of {facts['acknowledged']:,}"


Row = tuple[str, str, Callable[[Facts, Sizes], str], Callable[[Facts], float]]

# Title, the fact it needs, its cell, and what is compared (the smaller, the better).
ROWS: list[Row] = [
    ("import", "import_s", lambda f, s: seconds(f["import_s"]), lambda f: f["import_s"]),
    ("start of a run", "start_s", lambda f, s: seconds(f["start_s"]), lambda f: f["start_s"]),
    ("log(), 1 metric", "log_1_s", lambda f, s: seconds(f["log_1_s"]), lambda f: f["log_1_s"]),
    ("log(), 100 metrics", "log_100_s", lambda f, s: seconds(f["log_100_s"]),
     lambda f: f["log_100_s"]),
    ("finish of a run", "finish_s", lambda f, s: seconds(f["finish_s"]), lambda f: f["finish_s"]),
    ("logged and readable, points/s", "points_s",
     lambda f, s: at_size(f"{f['points_s']:,.0f}", f["points"], s.rows * 100),
     lambda f: -f["points_s"]),
    ("values changed on the way", "inexact",
     lambda f, s: f"{f['inexact']:,} of {f['points']:,}", lambda f: f["inexact"] / f["points"]),
    ("bytes a point", "bytes_record", lambda f, s: f"{f['bytes_record']:.1f}",
     lambda f: f["bytes_record"]),
    ("bytes a point, caches too", "bytes_all", lambda f, s: f"{f['bytes_all']:.1f}",
     lambda f: f["bytes_all"]),
    ("lost by kill -9", "lost", lambda f, s: lost(f), lambda f: f["lost"] / f["acknowledged"]),
    ("read one series", "series_s",
     lambda f, s: at_size(seconds(f["series_s"]), f["series_n"], s.series),
     lambda f: f["series_s"] / max(1, f["series_n"])),
    ("a whole small run", "run_each_s", lambda f, s: seconds(f["run_each_s"]),
     lambda f: f["run_each_s"]),
    ("sort runs by a metric, first", "ranking_first_s",
     lambda f, s: at_size(seconds(f["ranking_first_s"]), f["runs"], s.runs),
     lambda f: f["ranking_first_s"] / f["runs"]),
    ("sort runs by a metric, again", "ranking_s",
     lambda f, s: at_size(seconds(f["ranking_s"]), f["runs"], s.runs),
     lambda f: f["ranking_s"] / f["runs"]),
]  # fmt: skip


def table(benches: list[Bench], sizes: Sizes) -> str:
    """Return the result as a Markdown table; the best of each row has a star."""
    heads = [f"{b.peer.title} {b.facts.get('version', '')}".strip() for b in benches]
    lines = [["", *heads]]
    for title, needs, cell, order in ROWS:
        have = [b for b in benches if needs in b.facts]
        best = min((order(b.facts) for b in have), default=0.0)
        cells = [
            cell(b.facts, sizes) + ("*" if order(b.facts) == best else "") if b in have else "-"
            for b in benches
        ]
        lines.append([title, *cells])
    widths = [max(len(line[i]) for line in lines) for i in range(len(heads) + 1)]
    text = [
        "| " + " | ".join(f"{c:{'<' if i == 0 else '>'}{widths[i]}}" for i, c in enumerate(line))
        + " |"
        for line in lines
    ]  # fmt: skip
    rule = "|" + "|".join("-" * (w + 1) + ("-" if i == 0 else ":") for i, w in enumerate(widths))
    return "\n".join([text[0], rule + "|", *text[1:]])


def main() -> int:
    """Measure the trackers that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("peers", nargs="*", metavar="PEER", help="default: all")
    parser.add_argument("--quick", action="store_true", help="small sizes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the facts here too")
    parser.add_argument("--keep", action="store_true", help="keep the folders that were written")
    options = parser.parse_args()
    names = [peer.name for peer in PEERS]
    if unknown := set(options.peers) - set(names):
        parser.error(f"no peer is called {', '.join(unknown)}; there are {', '.join(names)}")
    quick = options.quick or bool(os.environ.get("PEIRA_BENCH_QUICK"))
    sizes = QUICK if quick else Sizes()
    scratch = Path(tempfile.mkdtemp(prefix="peira-bench-"))
    benches = []
    for peer in PEERS:
        if options.peers and peer.name not in options.peers:
            continue
        try:
            python = python_of(peer)
        except NotInstallableError as error:
            print(f"skipped: {peer.title} cannot be installed here: {error}")
            continue
        begun = time.perf_counter()
        bench = Bench(peer, python, scratch / peer.name, sizes)
        bench.run()
        benches.append(bench)
        print(f"{peer.title}: {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
    print(f"\n{table(benches, sizes)}")
    for bench in benches:
        for name, reason in bench.failures.items():
            print(f"\n{bench.peer.title}, {name}: {reason}")
    if options.json:
        options.json.write_text(json.dumps({b.peer.name: b.facts for b in benches}, indent=2))
    if options.keep:
        print(f"\nkept: {scratch}")
    else:
        shutil.rmtree(scratch, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

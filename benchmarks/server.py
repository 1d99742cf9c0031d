"""What a browser waits for: the answers of the server on a lab of 10,000 runs, and how soon a
logged point is told.

Each figure is the median of several requests over one kept connection on loopback, from the first
byte sent to the last received, while the server follows the lab, that of `benchmarks/biglab.py`.

    python -m benchmarks.server [--runs 10000]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from benchmarks.biglab import LONG, MANY, RUNS, big_lab
from peira.lab.lab import Lab
from peira.run import init
from peira.server.serve import Server

TIMES = 7
FILTER = (
    "val/accuracy.max > 0.9 and params.lr in 1e-4..1e-2 and state = finished sort -val/accuracy.max"
)


def median_ms(ask: Callable[[], httpx.Response]) -> tuple[float, int]:
    """Return the median time of a request in milliseconds, and the size of its answer."""
    seconds, size = [], 0
    for _ in range(TIMES):
        started = time.perf_counter()
        answer = ask()
        seconds.append(time.perf_counter() - started)
        answer.raise_for_status()
        size = len(answer.content)
    return statistics.median(seconds) * 1000, size


def latencies_ms(client: httpx.Client, lab: Path) -> list[float]:
    """Return the times from `log()` to the event that tells of it, in milliseconds."""
    waits = []
    with client.stream("GET", "/api/events") as stream:
        lines = (line for line in stream.iter_lines() if line.startswith("data: "))
        next(lines)
        with init("bench-live", lab=lab, console=False, monitor=False) as run:
            next(lines)
            for step in range(15):
                time.sleep(0.35 + step * 0.013)  # not in step with the follower
                started = time.perf_counter()
                run.log({"loss": 1.0}, step=step)
                while run.id not in next(lines):
                    pass
                waits.append((time.perf_counter() - started) * 1000)
    return waits


def measure(client: httpx.Client, long: list[str]) -> list[tuple[str, float, int, float | None]]:
    """Return (what, milliseconds, bytes, bar) of every request."""
    base = f"/api/projects/{MANY}"
    body = {"runs": long, "keys": ["train/loss"], "pixels": 800}
    asked: list[tuple[str, Callable[[], httpx.Response], float | None]] = [
        ("/api/lab", lambda: client.get("/api/lab"), None),
        ("/api/home", lambda: client.get("/api/home"), None),
        ("/runs, first 100, default columns", lambda: client.get(f"{base}/runs"), 100),
        ("/runs, filter + sort, first 100",
         lambda: client.get(f"{base}/runs", params={"q": FILTER}), 100),
        ("/groups, all except seed, 1,000 groups",
         lambda: client.get(f"{base}/groups", params={"by": "model, optimizer, batch_size"}), None),
        ("/metrics", lambda: client.get(f"{base}/metrics"), None),
        ("/metrics of a filter", lambda: client.get(f"{base}/metrics", params={"q": FILTER}), None),
        ("/fields", lambda: client.get(f"{base}/fields"), None),
        ("/complete", lambda: client.get(f"{base}/complete", params={"q": "val"}), None),
        ("/traces, 1,000 curves x 1,000 points",
         lambda: client.post("/api/traces", json=body), 200),
        ("/traces, the same smoothed",
         lambda: client.post("/api/traces",
                             json=body | {"smooth": {"kind": "ema", "half_life": 20}}), None),
        (".csv of 10,000 runs", lambda: client.get(f"/p/{MANY}.csv"), None),
    ]  # fmt: skip
    return [(what, *median_ms(ask), bar) for what, ask, bar in asked]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=RUNS)
    root = big_lab(parser.parse_args().runs)
    with Lab(root) as lab, Server(lab, port=0) as server:
        headers = {"Authorization": f"Bearer {server.session.token}"}
        with httpx.Client(base_url=server.address, headers=headers, timeout=60) as client:
            page = client.get(f"/api/projects/{LONG}/runs", params={"limit": 1000}).json()
            long = [row["id"] for row in page["rows"]]
            found = measure(client, long)
            waits = latencies_ms(client, root)
    print(f"{'request':<44} {'ms':>8} {'KiB':>8} {'bar, ms':>8}")
    for what, ms, size, bar in found:
        told = "" if bar is None else f"{bar:.0f}"
        print(f"{what:<44} {ms:8.1f} {size / 1024:8,.0f} {told:>8}")
    for what, ms in (("median", statistics.median(waits)), ("worst of 15", max(waits))):
        print(f"{'log() to event, ' + what:<44} {ms:8.0f} {'':>8} {'1000':>8}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

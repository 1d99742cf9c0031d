"""How long the Explore screen takes over 10,000 runs x 12 axes.

The picture: web/bench/parallel.ts, built as production code, in headless Chromium without a GPU,
at one device pixel per CSS pixel, 1200 x 480, from the call to rasterised pixels. "First" is all
from columns to pixels, scales and shades included; "brush" goes from new brushes to pixels, the
tests of all runs included. Each case runs REPEATS times in a fresh page.

The answer of the server, with `--lab`: a lab of so many runs is made once; the route is asked for
twelve axes as the screen asks it.

    python -m benchmarks.explore [--lab]
"""

from __future__ import annotations

import argparse
import functools
import http.server
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks.charts import build
from peira.lab.lab import Lab
from peira.testing.generator import make_lab
from tools.chromium import installed

RUNS, AXES = 10_000, 12
REPEATS = 5
FIRST_MS_MAX, BRUSH_MS_MAX = 200, 50
AXES_ASKED = (
    "lr,model,optimizer,batch_size,epochs,dropout,weight_decay,hidden,layers,kernel_size,activation"
)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Keep the table free of request lines."""


def measure(url: str) -> list[dict[str, Any]]:
    """Return the timings of each repeat, in milliseconds."""
    from playwright.sync_api import sync_playwright

    chromium = installed()  # may ask Playwright, so before it is started below
    timings = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        for _ in range(REPEATS):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(f"{url}/parallel.html")
            page.wait_for_function("() => 'bench' in window")
            page.evaluate("() => bench(3000, 4)")  # the code is compiled, as after a second
            timings.append(page.evaluate(f"() => bench({RUNS}, {AXES})"))
            page.close()
        browser.close()
    return timings


def lab_of_sweeps() -> Path:
    """Return the `.peira` folder of a lab of short runs, made first when it is missing."""
    kept = Path(tempfile.gettempdir()) / "peira-benchmarks" / f"explore-{RUNS}"
    if not kept.exists():
        print(f"making a lab of {RUNS:,} runs, once: {kept}", flush=True)
        fresh = kept.with_name(kept.name + ".new")
        make_lab(fresh / ".peira", runs=RUNS, params=16, metrics=3, points=4)
        with Lab(fresh) as lab:
            lab.catch_up(wait_s=3600)
        fresh.rename(kept)
    return kept / ".peira"


def ask() -> list[float]:
    """Return the milliseconds of each answer of the route over HTTP, the first one left out."""
    import httpx

    from peira.server.serve import Server

    found = []
    with Lab(lab_of_sweeps()) as lab, Server(lab, port=0) as server:
        token = {"Authorization": f"Bearer {server.session.token}"}
        with httpx.Client(base_url=server.address, headers=token, timeout=60) as client:
            for _ in range(REPEATS + 1):
                begin = time.perf_counter()
                answer = client.get("/api/projects/digits/explore", params={"axes": AXES_ASKED})
                answer.raise_for_status()
                found.append((time.perf_counter() - begin) * 1000)
    return found[1:]


def main() -> int:
    """Measure, print, and tell by the exit status whether the bars are held."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lab", action="store_true", help="measure the server's answer, too")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder))
        handler = functools.partial(_Quiet, directory=folder)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            timings = measure(f"http://127.0.0.1:{server.server_port}")
            server.shutdown()
    first = [run["firstMs"] for run in timings]
    print(f"{RUNS:,} runs x {AXES} axes, milliseconds, best and median of {REPEATS}")
    print(f"first picture       {min(first):6.0f}{statistics.median(first):6.0f}")
    worst = 0.0
    for n, selected in enumerate(timings[0]["selected"]):
        brush = [run["brushMs"][n] for run in timings]
        worst = max(worst, min(brush))
        print(f"brush to {selected:6,}     {min(brush):6.0f}{statistics.median(brush):6.0f}")
    if given.lab:
        answers = ask()
        print(f"answer of the server{min(answers):6.0f}{statistics.median(answers):6.0f}")
    return 0 if min(first) <= FIRST_MS_MAX and worst <= BRUSH_MS_MAX else 1


if __name__ == "__main__":
    sys.exit(main())

"""How fast an evaluation of 10,000 samples and 1,000 classes opens, and what making it costs.

    python -m benchmarks.evaluate [--samples 10000] [--classes 1000]

Opening, in headless Chromium: from the start of the navigation until the matrix is drawn and the
first samples are listed. Cold: the first visit of a fresh server, so that results are read from
disk; warm: the second one. The server runs in this process. Medians.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, sync_playwright

from benchmarks.dashboard import FLAGS
from peira.data.add import add_table
from peira.data.dataset import open_dataset
from peira.data.splits import Recipe, make
from peira.evaluate import opened
from peira.evaluate.choose import choose
from peira.evaluate.opened import Opened
from peira.evaluate.seriation import seriate
from peira.lab.lab import Lab
from peira.run import init
from peira.server.serve import Server
from tools.chromium import installed

TIMES = 5
ACCURACY = 0.8
PROJECT = "many-classes"

# Resolves with performance.now() (ms since the navigation began) once there is ink in the matrix
# and the samples are listed.
DRAWN = """() => new Promise((resolve) => {
  const look = () => {
    const canvas = document.querySelector('[role=application] canvas');
    const samples = document.querySelectorAll('.side li').length;
    const isDrawn = canvas && canvas.width > 300 && samples > 20 &&
      canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((v) => v);
    if (isDrawn) requestAnimationFrame(() => resolve(performance.now()));
    else requestAnimationFrame(look);
  };
  look();
})"""


def evaluated(root: Path, samples: int, classes: int, seed: int) -> tuple[str, float]:
    """Record a run with an evaluation whose mistakes go to near classes; return its id, and how
    many seconds `run.evaluate()` took.
    """
    rng = np.random.default_rng(seed)
    with init(PROJECT, lab=root, console=False, monitor=False) as run:
        data = run.use("many:all")
        near = data.y + rng.integers(1, 9, samples) * rng.choice([-1, 1], samples)
        given = np.where(rng.random(samples) < ACCURACY, data.y, near % classes)
        scores = rng.random((samples, classes)).astype(np.float32) * 1e-3
        scores[np.arange(samples), given] = 1
        started = time.perf_counter()
        run.evaluate("all", scores=scores / scores.sum(axis=1, keepdims=True))
        return run.id, time.perf_counter() - started


def opens_ms(browser: Browser, lab: Lab, path: str) -> tuple[float, float]:
    """Return (cold, warm) medians."""
    cold, warm = [], []
    for _ in range(TIMES):
        for cached in (opened._results, opened._places, opened._scores, opened._matrix):
            cached.cache_clear()
        with Server(lab, port=0) as server:
            context = browser.new_context(viewport={"width": 1400, "height": 900})
            page = context.new_page()
            page.goto(server.url)  # the session's cookie, and the program
            page.wait_for_timeout(1_500)  # what Home asks for is over
            for found in (cold, warm):
                page.goto(server.address + path, wait_until="commit")
                found.append(page.evaluate(DRAWN))
            context.close()
    return statistics.median(cold), statistics.median(warm)


def seconds(call: Callable[[], object]) -> float:
    """Return the median time of a call."""
    found = []
    for _ in range(TIMES):
        started = time.perf_counter()
        call()
        found.append(time.perf_counter() - started)
    return statistics.median(found)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--classes", type=int, default=1_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="peira-evaluate-") as folder, sync_playwright() as tool:
        root = Path(folder, ".peira")
        pictures = np.random.default_rng(0).integers(0, 255, (options.samples, 64), dtype=np.uint8)
        labels = np.arange(options.samples) % options.classes
        add_table(root, "many", {"X": pictures, "y": labels}, label="y")
        make(open_dataset(root, "many"), "whole", Recipe(shares={"all": 1.0}))
        (first, took), (second, _) = (evaluated(root, options.samples, options.classes, s)
                                      for s in (1, 2))  # fmt: skip
        print(f"{options.samples:,} samples, {options.classes:,} classes")
        print(f"run.evaluate(), with scores            {took * 1000:8.0f} ms")
        with Lab(root) as lab:
            lab.catch_up(wait_s=60)
            counts = Opened(lab.objects, choose(lab.run(first))).matrix()
            assert counts is not None
            near = counts.counts + counts.counts.T
            ordering = seconds(lambda: seriate(near)) * 1000
            print(f"order by confusion                     {ordering:8.0f} ms")
            browser = tool.chromium.launch(executable_path=installed(), args=FLAGS)
            screen = f"p/{PROJECT}/r/{first}/eval/all"
            for name, search in (
                ("opens", ""), ("opens by confusion", "?order=confusion"),
                ("opens against another run", f"?other={second}"),
            ):  # fmt: skip
                cold, warm = opens_ms(browser, lab, screen + search)
                print(f"{name:38} cold {cold:5.0f} ms, warm {warm:5.0f} ms   bar 1000 ms")


if __name__ == "__main__":
    main()

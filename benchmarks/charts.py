"""How long the dashboard's line charts take, from the call to rasterised pixels.

Measures web/bench/lines.ts, built as production code, in headless Chromium without a GPU, at one
device pixel per CSS pixel: 1200 x 600 for single charts, 400 x 220 for panels. Each case runs
REPEATS times in a fresh page; the table gives the best and the median. The budgets are those of
the dashboard's design (100 x 2,000: 120 ms first, 60 ms zoom; 1,000 x 1,000: 220 and 130 ms;
24 panels: 300 ms).

    python -m benchmarks.charts
"""

from __future__ import annotations

import functools
import http.server
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from tools.chromium import installed

WEB = Path(__file__).resolve().parent.parent / "web"
REPEATS = 5
# Milliseconds allowed for the first picture and for a zoom; None where there is no budget.
BUDGETS_MS: dict[str, tuple[int | None, int | None]] = {
    "8 x 10,000": (None, None),
    "100 x 2,000": (120, 60),
    "1,000 x 1,000": (220, 130),
    "24 panels x 50 x 500": (300, None),
    "24 panels x 8 x 2,000": (None, None),
    "1 x 1,000,000": (None, None),
}


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Keep the table free of request lines."""


def build(folder: Path) -> None:
    """Build the benchmark pages into `folder`."""
    node = shutil.which("node")
    npm = shutil.which("npm")
    if node is None or npm is None:
        raise SystemExit("The chart benchmark needs Node 20.19 or newer on PATH.")
    if not (WEB / "node_modules" / "vite").is_dir():
        subprocess.run([npm, "ci", "--ignore-scripts", "--no-fund"], cwd=WEB, check=True)
    vite = WEB / "node_modules" / "vite" / "bin" / "vite.js"
    command = [node, str(vite), "build", "--config", "bench/vite.config.ts"]
    command += ["--outDir", str(folder), "--emptyOutDir", "--logLevel", "error"]
    subprocess.run(command, cwd=WEB, check=True)


def measure(url: str) -> dict[str, list[dict[str, float]]]:
    """Run all cases in Chromium and return their timings in milliseconds."""
    from playwright.sync_api import sync_playwright

    chromium = installed()  # may ask Playwright, so before it is started below
    timings: dict[str, list[dict[str, float]]] = {name: [] for name in BUDGETS_MS}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        for _ in range(REPEATS):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(f"{url}/lines.html")
            page.wait_for_function("() => 'bench' in window")
            page.evaluate("() => bench('8 x 10,000')")  # the code is compiled, as after a second
            for name in BUDGETS_MS:
                timings[name].append(page.evaluate("(name) => bench(name)", name))
            page.close()
        browser.close()
    return timings


def table(timings: dict[str, list[dict[str, float]]]) -> str:
    """Return the timings as a table: best and median of each case, and its budget."""
    head = f"{'series x points':24}{'first':>8}{'median':>8}{'budget':>8}"
    head += f"{'zoom':>8}{'median':>8}{'budget':>8}{'hover':>8}"
    lines = [head, "-" * len(head)]
    for name, all_runs in timings.items():
        row = f"{name:24}"
        for key, budget in zip(("firstMs", "zoomMs"), BUDGETS_MS[name], strict=True):
            values = [run[key] for run in all_runs]
            row += f"{min(values):8.0f}{statistics.median(values):8.0f}{budget or '':>8}"
        row += f"{statistics.median(run['hoverMs'] for run in all_runs):8.1f}"
        lines.append(row)
    return "\n".join(lines)


def is_over_budget(timings: dict[str, list[dict[str, float]]]) -> bool:
    """Return whether the best time of any case misses its budget."""
    for name, all_runs in timings.items():
        for key, budget in zip(("firstMs", "zoomMs"), BUDGETS_MS[name], strict=True):
            if budget is not None and min(run[key] for run in all_runs) > budget:
                return True
    return False


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder))
        handler = functools.partial(_Quiet, directory=folder)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            timings = measure(f"http://127.0.0.1:{server.server_port}")
            server.shutdown()
    print("milliseconds from the call to rasterised pixels, best and median of", REPEATS)
    print(table(timings))
    return 1 if is_over_budget(timings) else 0


if __name__ == "__main__":
    sys.exit(main())

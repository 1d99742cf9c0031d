"""What a person waits for on the Runs screen of a lab of 10,000 runs, in headless Chromium.

First paint: from the start of the navigation to the first rows in the table, on a warm HTTP cache
(the second visit) and a cold one. Filter: from the keystroke to the table of the new answer. The
server runs in this process.

    python -m benchmarks.dashboard [--runs 10000]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.biglab import MANY, RUNS, big_lab
from peira.lab.lab import Lab
from peira.server.serve import Server
from tools.chromium import installed

TIMES = 5
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
QUERIES = ("lr > 0.001", "lr > 0.01", "state = finished", "seed = 1", "batch_size > 64")

# Resolves with performance.now() (ms since the navigation began) once rows with text are drawn.
FIRST_ROWS = """() => new Promise((resolve) => {
  const look = () => {
    const rows = document.querySelectorAll('[role=grid] [role=row][aria-rowindex]');
    const drawn = [...rows].filter((row) => row.textContent.trim().length > 0).length;
    if (drawn > 5) requestAnimationFrame(() => resolve(performance.now()));
    else requestAnimationFrame(look);
  };
  look();
})"""

# Types the last character of a query and resolves with the ms until the row count is another.
FILTER = """(query) => new Promise((resolve) => {
  const grid = document.querySelector('[role=grid]');
  const before = grid.getAttribute('aria-rowcount');
  const input = document.querySelector('[role=combobox], input[type=search], textarea');
  const begin = performance.now();
  new MutationObserver((_, observer) => {
    if (grid.getAttribute('aria-rowcount') === before) return;
    observer.disconnect();
    requestAnimationFrame(() => resolve(performance.now() - begin));
  }).observe(grid, { attributes: true, subtree: true, childList: true });
  input.focus();
  const set = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(input), 'value').set;
  set.call(input, query);
  input.dispatchEvent(new InputEvent('input', { bubbles: true }));
  setTimeout(() => resolve(NaN), 10000);
})"""


def first_paint_ms(browser: Browser, opened: str, screen: str) -> tuple[float, float]:
    """Return (cold, warm) medians."""
    cold, warm = [], []
    for _ in range(TIMES):
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        page = context.new_page()
        page.goto(opened)  # the session's cookie
        for found in (cold, warm):
            page.goto(screen, wait_until="commit")
            found.append(page.evaluate(FIRST_ROWS))
        context.close()
    return statistics.median(cold), statistics.median(warm)


def filter_ms(page: Page, screen: str) -> float:
    """Return the median over the queries."""
    found = []
    for query in QUERIES:
        page.goto(screen)
        page.evaluate(FIRST_ROWS)
        time.sleep(1.5)  # the charts have come, too
        found.append(page.evaluate(FILTER, query))
    return statistics.median(found)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=RUNS)
    root = big_lab(parser.parse_args().runs)
    chromium = installed()  # may ask Playwright, so before it is started below
    with Lab(root) as lab, Server(lab, port=0) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        opened = server.url
        screen = f"{server.address}p/{MANY}"
        cold, warm = first_paint_ms(browser, opened, screen)
        print(f"{'first paint of Runs, first visit':<44} {cold:7.0f} ms   bar 1000 ms", flush=True)
        print(f"{'first paint of Runs, later visits':<44} {warm:7.0f} ms   bar 1000 ms", flush=True)
        page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        page.goto(opened)
        typed = filter_ms(page, screen)
        print(f"{'filter keystroke to updated table':<44} {typed:7.0f} ms   bar 150 ms", flush=True)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

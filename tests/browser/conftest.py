"""A real lab, a real server, a real browser. Every page is watched: an error in its console, or
anything that its content security policy stops, fails the test that opened it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Playwright,
    StorageState,
    sync_playwright,
)

from peira.lab.lab import Lab
from peira.run import init
from peira.server.bundle import Bundle
from peira.server.serve import Server

PROJECT = "digits"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WAIT_MS = 10_000
REST_MS = 400


class Served(NamedTuple):
    """A running server and its lab."""

    server: Server
    root: Path
    runs: list[str]
    """Ids, oldest first."""
    told: str
    """The run that has something in every tab."""


def record_runs(root: Path) -> tuple[list[str], str]:
    """Write a small lab with the SDK; return the ids and the one with something in every tab."""
    ids = []
    for number in range(12):
        lr, seed = (0.1, 0.01, 0.001)[number // 4], number % 4
        with init(
            PROJECT,
            name=f"run-{number}",
            params={"lr": lr, "seed": seed, "model": "cnn" if number % 2 else "mlp"},
            tags=["baseline"] if number % 3 == 0 else [],
            lab=root,
            console=False,
            monitor=False,
        ) as run:
            for step in range(60):
                loss = (1 + seed / 10) * np.exp(-step * lr)
                run.log({"train/loss": loss, "val/acc": 1 - loss / 2, "epoch": step // 10})
            ids.append(run.id)
    with init(PROJECT, name="told", params={"lr": 0.5}, lab=root, console=False) as run:
        picture = np.zeros((8, 8), np.uint8)
        for step in (0, 5, 9):
            run.log({"train/loss": float("nan") if step == 9 else 0.1 * step}, step=step)
            run.log_image("samples", picture + 20 * step, step=step, caption=f"epoch {step}")
            run.log_histogram("weights", np.linspace(-1 - step, 1, 100), step=step)
        # The same key for a picture and a table is not a clash.
        run.log_image("confusion", picture, step=9)
        run.log_table("confusion", {"class": ["a", "b"], "right": [3, 4]}, step=9)
        run.log_text("remarks", "# not a heading", step=9)
        run.log_html("page", "<h1>shown</h1>", step=9)
        run.alert("loss is NaN", "since step 9")
        run.note("## Seen\n\nIt **diverged**. <script>document.title='owned'</script>")
        (root / "model.bin").write_bytes(b"weights")
        run.log_artifact(root / "model.bin")
        told = run.id
    console = root / ".peira" / "runs" / told / "console.log"
    console.write_text("epoch 1\n\x1b[32mepoch 2\x1b[0m\n" + "line\n" * 500 + "the end\n")
    return [*ids, told], told


@pytest.fixture(scope="package", autouse=True)
def left_out() -> Iterator[None]:
    """Thousands of modules and files of pytest are no part of a run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PEIRA_LEAVE_OUT", "code,packages,sources,inputs")
        yield


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all tests of this folder; a test that changes runs makes its own."""
    if Bundle().index(0) is None:
        pytest.fail("The dashboard is not built: run `make web`.")
    root = tmp_path_factory.mktemp("browser")
    runs, told = record_runs(root)
    with Lab(root) as lab, Server(lab, port=0) as server:
        yield Served(server, root, runs, told)


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """The driver."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """One headless Chromium: the one named by PEIRA_CHROMIUM, the system's, or Playwright's."""
    named = os.environ.get("PEIRA_CHROMIUM")
    path = named or next(filter(None, map(shutil.which, BROWSERS)), None)
    running = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
    yield running
    running.close()


def settle(page: Page) -> None:
    """Wait until the page is at rest. ("Network idle" never comes: the event stream stays open.)"""
    page.wait_for_load_state("load")
    page.wait_for_timeout(REST_MS)


Open = Callable[..., Page]


@pytest.fixture(scope="package")
def session(served: Served, browser: Browser) -> StorageState:
    """The cookie of somebody who opened the address that the server printed."""
    context = browser.new_context()
    context.new_page().goto(served.server.url)
    state = context.storage_state()
    context.close()
    assert state["cookies"]
    return state


@pytest.fixture
def visit(served: Served, browser: Browser, session: StorageState) -> Iterator[Open]:
    """Open an address of the dashboard; at the end no page may have complained."""
    complaints: list[str] = []
    contexts = []

    def hear(message: ConsoleMessage) -> None:
        # A refused question is the server's answer, not a fault of the page; what a stored page
        # may not do in its sandbox is what the sandbox is for.
        is_stored = "/api/objects/" in message.text or "/api/objects/" in message.location["url"]
        is_expected = "status of 4" in message.text or is_stored
        if message.type in ("error", "warning") and not is_expected:
            complaints.append(message.text)

    def open_page(path: str = "", *, width: int = 1280) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 820},
            reduced_motion="reduce",
            storage_state=session,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("console", hear)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(served.server.address + path)
        page.locator("h1").first.wait_for(state="attached")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []

"""What a program logs now is on the screen now."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from peira.run import init
from tests.browser.conftest import PROJECT, Open, Served

pytestmark = pytest.mark.browser
SEEN_S_MAX = 10.0
"""How soon it is on a quiet machine, the benchmarks tell."""


def test_a_point_is_visible_by_itself(visit: Open, served: Served) -> None:
    """From `log()` to the table cell and the chart of an open page."""
    with init("live", name="now", lab=served.root, console=False, monitor=False) as run:
        run.log({"loss": 1.0}, step=0)
        page = visit("p/live")
        expect(page.get_by_role("gridcell", name="1", exact=True).first).to_be_visible()
        expect(page.locator("[data-metric=loss] figure")).to_contain_text("1 point")
        page.wait_for_timeout(1_500)  # the page is at rest: what follows is the news alone
        run.log({"loss": 0.12345}, step=1)
        expect(page.locator("[data-metric=loss] figure")).to_contain_text(
            "2 points", timeout=SEEN_S_MAX * 1_000
        )
        expect(page.get_by_role("gridcell", name=re.compile(r"^0\.123[45]"))).to_be_visible(
            timeout=SEEN_S_MAX * 1_000
        )


def test_a_first_run_appears_by_itself(visit: Open, served: Served) -> None:
    """A new run of a project is on Home without a reload."""
    page = visit()
    with init("newborn", name="first", lab=served.root, console=False, monitor=False) as run:
        run.log({"loss": 1.0})
        expect(page.get_by_role("link", name="newborn", exact=True)).to_be_visible()


def test_the_log_follows_its_end(visit: Open, served: Served) -> None:
    """The console shows its last line first, and what the program prints next."""
    page = visit(f"p/{PROJECT}/r/{served.told}?tab=logs")
    expect(page.get_by_role("log")).to_contain_text("the end")
    page.get_by_role("searchbox", name="Search the log").fill("epoch")
    expect(page.get_by_role("log")).to_contain_text("epoch 2")
    expect(page.get_by_role("log")).not_to_contain_text("\x1b")

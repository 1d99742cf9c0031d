"""Every screen opens, says nothing in its console, and passes axe in both themes."""

from __future__ import annotations

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import PROJECT, Open, Served, settle

pytestmark = pytest.mark.browser
TABS = ("summary", "charts", "logs", "system", "media", "files", "lineage", "code", "notes")
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def violations(page: Page) -> list[str]:
    """What axe finds on the page in both themes: rule and place."""
    said = []
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        expect(page.locator("html")).to_have_attribute("data-theme", theme)
        found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
        said += [
            f"{theme}: {rule['id']}: {node['target']} {node['failureSummary']}"
            for rule in found.response["violations"]
            for node in rule["nodes"]
        ]
    return said


def test_home_opens_and_passes_axe(visit: Open) -> None:
    """Home lists the projects and has no accessibility violation."""
    page = visit()
    expect(page.get_by_role("link", name=PROJECT, exact=True)).to_be_visible()
    assert violations(page) == []


def test_runs_opens_and_passes_axe(visit: Open) -> None:
    """The Runs screen shows rows and charts and has no accessibility violation."""
    page = visit(f"p/{PROJECT}")
    expect(page.get_by_role("link", name="run-11", exact=True)).to_be_visible()
    expect(page.locator("[data-metric='val/acc'] canvas").first).to_be_visible()
    assert violations(page) == []


def test_groups_open_and_pass_axe(visit: Open) -> None:
    """Groups show mean and interval and have no accessibility violation."""
    page = visit(f"p/{PROJECT}?g=lr")
    expect(page.get_by_role("grid", name="Groups of runs")).to_contain_text("±")
    assert violations(page) == []


@pytest.mark.parametrize("tab", TABS)
def test_each_tab_of_a_run_opens_and_passes_axe(visit: Open, served: Served, tab: str) -> None:
    """Each tab of a run opens by its address and has no accessibility violation."""
    page = visit(f"p/{PROJECT}/r/{served.told}?tab={tab}")
    expect(page.get_by_role("heading", level=1)).to_have_text("told")
    expect(page.get_by_role("tabpanel")).to_be_visible()
    settle(page)
    assert violations(page) == []


@pytest.mark.parametrize("keys", ["Control+k", "?"])
def test_overlays_open_by_key_and_pass_axe(visit: Open, keys: str) -> None:
    """The palette and the help open by their keys, hold the focus, and close by Escape."""
    page = visit(f"p/{PROJECT}")
    page.keyboard.press(keys)
    expect(page.get_by_role("dialog")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_an_unknown_address_says_so(visit: Open, served: Served) -> None:
    """A run that is not there is named as such, with a way back."""
    page = visit(f"p/{PROJECT}/r/000000000000")
    expect(page.get_by_role("heading", name="No such run")).to_be_visible()
    page.get_by_role("link", name=f"All runs of {PROJECT}").click()
    expect(page.get_by_role("grid", name="Runs")).to_be_visible()


def test_the_page_fits_at_200_percent(visit: Open) -> None:
    """At half the width (200 % zoom) nothing makes the whole page scroll sideways."""
    page = visit(f"p/{PROJECT}", width=640)
    expect(page.get_by_role("grid", name="Runs")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

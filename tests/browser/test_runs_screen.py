"""The Runs screen: a query changes the table, the address is the view, keys do what they say."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PROJECT, Open

pytestmark = pytest.mark.browser


def names(page: Page) -> list[str]:
    """Names of the runs in the table, in reading order."""
    rows = page.get_by_role("grid", name="Runs").get_by_role("row")
    found = rows.evaluate_all(
        """rows => rows.filter(row => row.querySelector('a'))
             .sort((a, b) => a.ariaRowIndex - b.ariaRowIndex)
             .map(row => row.querySelector('a').textContent)"""
    )
    return [str(name) for name in found]


def query(page: Page) -> dict[str, list[str]]:
    """The parameters of the address."""
    return parse_qs(urlsplit(page.url).query)


def test_typing_a_filter_changes_the_table_and_the_address(visit: Open) -> None:
    """Each key asks the server; the address follows when the hands rest."""
    page = visit(f"p/{PROJECT}")
    page.get_by_role("combobox", name="Filter runs").fill("lr = 0.01")
    expect(page.get_by_role("link", name="run-4", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="run-0", exact=True)).to_have_count(0)
    page.wait_for_url("**q=lr*")
    assert query(page)["q"] == ["lr = 0.01"]
    assert sorted(names(page)) == ["run-4", "run-5", "run-6", "run-7"]


def test_an_error_is_shown_at_its_place_and_the_rows_stay(visit: Open) -> None:
    """A query that cannot be read is underlined; the last good result stays."""
    page = visit(f"p/{PROJECT}")
    expect(page.get_by_role("link", name="run-11", exact=True)).to_be_visible()
    page.get_by_role("combobox", name="Filter runs").fill("val/ac > 1")
    expect(page.locator("mark")).to_have_text("val/ac")
    expect(page.get_by_role("combobox", name="Filter runs")).to_have_attribute(
        "aria-invalid", "true"
    )
    expect(page.get_by_role("link", name="run-11", exact=True)).to_be_visible()


def test_no_match_says_which_part_removed_the_rows(visit: Open) -> None:
    """Each part is listed with what would match without it, and can be dropped."""
    page = visit(f"p/{PROJECT}?q=lr+%3D+0.01+and+seed+%3D+99")
    expect(page.get_by_role("heading", name="No run matches")).to_be_visible()
    row = page.get_by_role("row").filter(has_text="seed = 99")
    expect(row).to_contain_text("4")
    row.get_by_role("button", name="Drop").click()
    expect(page.get_by_role("link", name="run-5", exact=True)).to_be_visible()


def test_completion_puts_a_name_in(visit: Open) -> None:
    """The list offers names of this project; arrow and Enter take one, also when an answer comes
    between the two.
    """
    page = visit(f"p/{PROJECT}")
    box = page.get_by_role("combobox", name="Filter runs")
    box.press_sequentially("val/a")
    expect(page.get_by_role("option", name="val/acc").first).to_be_visible()
    box.press("ArrowDown")
    with page.expect_response(lambda response: "/complete" in response.url):
        box.dispatch_event("focus")
    page.wait_for_timeout(100)
    box.press("Enter")
    expect(box).to_have_value(re.compile(r"^val/acc"))


def test_the_address_is_the_view(visit: Open) -> None:
    """Sort, selection, smoothing and log axis come back from a copied address."""
    page = visit(f"p/{PROJECT}")
    page.get_by_role("columnheader", name="name").get_by_role("button").click()
    page.wait_for_url("**s=*")
    expect(page.locator("[role=row][aria-rowindex='2']")).to_contain_text("run-0")
    page.get_by_role("button", name="Choose run-1", exact=True).click()
    page.keyboard.press("l")
    page.keyboard.press("s")
    page.wait_for_url("**sm=*")
    address = page.url
    assert set(query(page)) == {"s", "sel", "y", "sm"}
    again = visit(address.split("/", 3)[3])
    expect(again.get_by_role("button", name="Drop run-1", exact=True)).to_be_visible()
    expect(again.get_by_role("button", name="Smoothing: half-life 10")).to_be_visible()
    assert names(again) == names(page)
    assert again.url == address


def test_back_undoes_a_discrete_act(visit: Open) -> None:
    """The browser's Back takes the last choice away."""
    page = visit(f"p/{PROJECT}")
    page.get_by_role("button", name="Choose run-2", exact=True).click()
    expect(page.get_by_role("button", name="Drop run-2", exact=True)).to_be_visible()
    page.go_back()
    expect(page.get_by_role("button", name="Choose run-2", exact=True)).to_be_visible()


def test_the_table_is_walked_by_keys(visit: Open) -> None:
    """j moves, x chooses, Enter opens the run."""
    page = visit(f"p/{PROJECT}")
    expect(page.get_by_role("link", name="told", exact=True)).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.get_by_role("button", name="Drop run-11", exact=True)).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("run-11")


def test_a_column_is_chosen_and_moved_into_the_address(visit: Open) -> None:
    """A chosen column is in the table and in the address."""
    page = visit(f"p/{PROJECT}")
    page.get_by_role("button", name="Columns: Columns").click()
    page.get_by_role("checkbox", name="host", exact=True).check()
    page.keyboard.press("Escape")
    expect(page.get_by_role("columnheader", name="host")).to_be_attached()
    assert "host" in query(page)["c"][0]


def test_a_view_is_saved_and_opened(visit: Open) -> None:
    """A saved view is a name for an address."""
    page = visit(f"p/{PROJECT}?q=lr+%3D+0.1")
    page.get_by_role("button", name="Saved views").click()
    page.get_by_role("textbox", name="Name of the view").fill("high rate")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("button", name=re.compile("^high rate"))).to_be_visible()
    other = visit(f"p/{PROJECT}")
    other.get_by_role("button", name="Saved views").click()
    other.get_by_role("button", name=re.compile("^high rate")).click()
    expect(other.get_by_role("combobox", name="Filter runs")).to_have_value("lr = 0.1")


def test_a_chart_leaves_as_svg_and_csv(visit: Open) -> None:
    """The panel's menu hands out the picture and its numbers."""
    page = visit(f"p/{PROJECT}")
    for entry, ending in (("SVG", ".svg"), ("CSV, as drawn", ".csv")):
        page.get_by_role("button", name="Options of val/acc").click()
        with page.expect_download() as download:
            page.get_by_role("menuitem", name=entry).click()
        assert download.value.suggested_filename == f"val-acc{ending}"

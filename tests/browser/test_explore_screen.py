"""The Explore screen: what is brushed is a filter, and the address is the view."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from peira.core.clock import now_s
from peira.record import events
from tests.browser.conftest import Open, Served, settle
from tests.browser.test_screens import violations
from tests.lab.writing import RunFiles

pytestmark = pytest.mark.browser
PROJECT = "searched"
RUNS = 90
"""Kernel sizes 3, 5, 7 in turn; 30 runs with sgd have a momentum, the others have none."""


@pytest.fixture(scope="module")
def searched(served: Served) -> None:
    """Runs of which those with kernel size 5 are the best."""
    random = np.random.default_rng(3)
    for n in range(RUNS):
        run = RunFiles(
            served.root / ".peira", f"trial-{n}", project=PROJECT, created=now_s(), command=["t.py"]
        )
        kernel = (3, 5, 7)[n % 3]
        params: dict[str, object] = {
            "lr": float(f"{10 ** random.uniform(-4, -1):.4g}"),
            "kernel_size": kernel,
            "opt": "sgd" if n < 30 else "adam",
        }
        if n < 30:
            params["momentum"] = 0.5 + n / 100
        run.event(events.Params(time=now_s(), values=params))
        accuracy = 0.9 + (0.05 if kernel == 5 else 0) + float(random.normal()) / 200
        run.log({"val/acc": accuracy})
        run.end()


def explore(search: str = "") -> str:
    return f"p/{PROJECT}/explore{search}"


def axis(page: Page, name: str) -> Locator:
    return page.get_by_role("slider", name=f"Axis {name},")


def rows(page: Page) -> Locator:
    return page.get_by_role("grid", name="Runs")


def count(page: Page, text: str) -> None:
    """The number of brushed runs is said, and the table has as many rows."""
    expect(page.get_by_role("status").filter(has_text="runs")).to_contain_text(text)
    matched = int(text.split()[0])
    expect(rows(page)).to_have_attribute("aria-rowcount", str(matched + 1))


VIEWS = ["", "?p=slices", "?p=matrix&br=opt+%3D+%22sgd%22", "?t=1"]


@pytest.mark.parametrize("view", VIEWS)
def test_each_view_opens_and_passes_axe(visit: Open, searched: None, view: str) -> None:
    """Picture, slices, pairs and the table twin have no accessibility violation."""
    page = visit(explore(view))
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Explore {PROJECT}")
    expect(rows(page)).to_have_attribute("aria-rowcount", re.compile(r"^(91|31)$"))
    settle(page)
    assert violations(page) == []


def test_a_drag_on_an_axis_filters_the_table_and_goes_into_the_address(
    visit: Open, searched: None
) -> None:
    """Counts of the picture and of the table are the same; Back takes the brush away."""
    page = visit(explore())
    count(page, "90 runs")
    box = axis(page, "lr").bounding_box()
    assert box is not None
    x = box["x"] + box["width"] / 2
    page.mouse.move(x, box["y"] + box["height"] * 0.5)
    page.mouse.down()
    page.mouse.move(x, box["y"] + box["height"] * 0.3, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"br=lr\+in\+"))
    said = page.get_by_role("status").filter(has_text="of 90 runs").inner_text()
    held = int(said.split()[0])
    assert 0 < held < 90
    expect(rows(page)).to_have_attribute("aria-rowcount", str(held + 1))
    page.go_back()
    count(page, "90 runs")


def test_an_address_with_brushes_restores_them(visit: Open, searched: None) -> None:
    """Ranges, values and what is missing are read back; the link to Runs carries all of it."""
    brush = "kernel_size in 5..7 and (momentum in 0.6..0.7 or momentum is missing)"
    page = visit(explore("?br=" + brush.replace(" ", "+")))
    found = sum(n % 3 != 0 and (n >= 30 or 0.6 <= 0.5 + n / 100 <= 0.7) for n in range(RUNS))
    count(page, f"{found} of 90 runs")
    expect(axis(page, "kernel_size")).to_have_attribute(
        "aria-valuetext", re.compile("brushed: 5 to 7")
    )
    link = page.get_by_role("link", name="Runs", exact=True).last.get_attribute("href")
    assert parse_qs(urlsplit(link or "").query)["q"] == [brush]


def test_what_is_missing_has_a_lane_of_its_own(visit: Open, searched: None) -> None:
    """Sixty runs have no momentum; the lane is brushed by key and says so in words."""
    page = visit(explore())
    picture = page.get_by_role("img", name="Parallel coordinates of 90 runs")
    expect(picture).to_have_attribute("aria-label", re.compile("momentum .*missing in 60"))
    axis(page, "momentum").press("m")
    count(page, "60 of 90 runs")
    expect(page).to_have_url(re.compile(r"br=momentum\+is\+missing"))
    expect(picture).to_have_attribute("aria-label", re.compile("60 of them are brushed"))


def test_an_axis_is_brushed_and_moved_by_keys(visit: Open, searched: None) -> None:
    """Shift with arrows pulls a range open, Space chooses a value, Alt moves, Delete clears."""
    page = visit(explore())
    opt = axis(page, "opt")
    opt.press("Home")
    opt.press("ArrowUp")
    opt.press(" ")
    expect(page).to_have_url(re.compile("br=opt"))
    opt.press("Delete")
    count(page, "90 runs")
    kernel = axis(page, "kernel_size")
    kernel.press("Home")
    kernel.press("Shift+ArrowUp")
    count(page, "30 of 90 runs")
    kernel.press("Alt+ArrowRight")
    expect(page).to_have_url(re.compile("a=.*kernel_size"))
    count(page, "30 of 90 runs")


def test_keep_exclude_and_the_best_are_filters(visit: Open, searched: None) -> None:
    """Keep makes the brush a filter, Exclude its opposite; the slider brushes the objective."""
    page = visit(explore("?br=opt+%3D+%22sgd%22"))
    page.get_by_role("button", name="Exclude").click()
    count(page, "60 runs")
    expect(page).to_have_url(re.compile(r"q=not\+\(opt"))
    best = page.get_by_role("slider", name="Best", exact=True)
    best.fill("10")
    count(page, "6 of 60 runs")
    expect(page).to_have_url(re.compile(r"br=val/acc.best\+%3E%3D\+0\.9"))
    page.get_by_role("button", name="Keep").click()
    count(page, "6 runs")


def test_importance_and_the_sentence_name_the_kernel(visit: Open, searched: None) -> None:
    """The finding says its counts, and its button brushes what it names."""
    page = visit(explore())
    expect(page.locator(".finding")).to_contain_text(re.compile(r"kernel_size 5 is in \d+ of"))
    first = page.get_by_role("row").filter(has=page.get_by_role("rowheader")).first
    expect(first).to_contain_text("kernel_size")
    page.get_by_role("button", name="kernel_size 5").click()
    count(page, "30 of 90 runs")


def test_a_filter_that_is_no_brush_stays_a_filter(visit: Open, searched: None) -> None:
    """An address edited by hand is honoured, and the next brush does not lose it."""
    page = visit(explore("?br=lr+%3E+0.0+and+not+opt+%3D+sgd"))
    count(page, "60 runs")
    axis(page, "kernel_size").press("Home")
    axis(page, "kernel_size").press("Shift+ArrowUp")
    count(page, "20 of 60 runs")


def test_explore_is_reached_by_key_and_link(visit: Open, searched: None) -> None:
    """`g e` from the runs, `g r` back."""
    page = visit(f"p/{PROJECT}")
    rows(page).wait_for()
    page.keyboard.press("g")
    page.keyboard.press("e")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Explore {PROJECT}")
    page.keyboard.press("g")
    page.keyboard.press("r")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Runs of {PROJECT}")

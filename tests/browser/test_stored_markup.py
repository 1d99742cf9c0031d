"""Markup in what runs recorded is text on every screen (X06, X07, X10)."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from peira.lab.lab import Lab
from peira.run import init
from tests.browser.conftest import Open, Served, settle

pytestmark = pytest.mark.browser
EVIL = "<img src=x onerror=\"document.title='owned'\">"
PROJECT = "markup"
INERT = """!document.title.startsWith('owned')
  && !document.querySelector('img[src=x], [onerror], [onload], a[href^="javascript:"]')"""


@pytest.fixture(scope="module")
def marked(served: Served) -> str:
    """A run whose every name holds markup."""
    with init(
        PROJECT,
        name=EVIL,
        params={EVIL: EVIL},
        tags=[EVIL],
        why=EVIL,
        group=EVIL,
        lab=served.root,
        console=False,
        monitor=False,
    ) as run:
        run.log({EVIL: 1.0})
        run.log_text(EVIL, EVIL, step=0)
        run.log_html("page", f"{EVIL}<script>top.document.title='owned'</script>", step=0)
        run.log_table("table", {EVIL: [EVIL]}, step=0)
        run.alert(EVIL, EVIL)
        run.note(
            f"{EVIL}\n\n[x](javascript:alert(1)) ![y](http://127.0.0.1:9/z.png)\n\n<svg/onload=1>"
        )
    with Lab(served.root) as lab:
        lab.tag(run.id, EVIL + "2")
    return run.id


def is_inert(page: Page) -> bool:
    """No element of ours came from stored text, and no script changed the title."""
    settle(page)
    return page.evaluate(INERT) is True


def test_home_and_runs_show_markup_as_text(visit: Open, marked: str) -> None:
    """Names, tags, alerts, params and metric keys are text in lists, cells and panels."""
    home = visit()
    expect(home.get_by_role("link", name=EVIL).first).to_be_visible()
    assert is_inert(home)
    runs = visit(f"p/{PROJECT}")
    expect(runs.get_by_role("link", name=EVIL)).to_be_visible()
    assert is_inert(runs)


@pytest.mark.parametrize("tab", ["summary", "charts", "media", "code", "notes"])
def test_a_run_shows_markup_as_text(visit: Open, marked: str, tab: str) -> None:
    """Nothing that a run recorded becomes an element or runs."""
    page = visit(f"p/{PROJECT}/r/{marked}?tab={tab}")
    expect(page.get_by_role("heading", level=1)).to_have_text(EVIL)
    assert is_inert(page)


def test_a_note_keeps_its_markdown_and_loses_the_rest(visit: Open, served: Served) -> None:
    """Markdown is drawn, scripts in it are text."""
    page = visit(f"p/digits/r/{served.told}?tab=notes")
    note = page.get_by_role("tabpanel")
    expect(note.get_by_text("diverged")).to_have_css("font-weight", "700")
    expect(note.get_by_text("<script>")).to_be_visible()
    assert is_inert(page)

"""The dashboard stays small: what a first visit of the heaviest screen must load."""

from __future__ import annotations

import gzip

import pytest
from playwright.sync_api import Response

from tests.browser.conftest import PROJECT, Open, settle

pytestmark = pytest.mark.browser
SCRIPT_KIB_MAX = 120


def test_first_visit_loads_at_most_120_kib_of_script(visit: Open) -> None:
    """All scripts of the Runs screen, compressed, are within the budget."""
    page = visit()
    sizes: dict[str, int] = {}

    def weigh(response: Response) -> None:
        if response.url.endswith(".js"):
            sizes[response.url.rpartition("/")[2]] = len(gzip.compress(response.body(), 9))

    page.on("response", weigh)
    page.goto(page.url + f"p/{PROJECT}")
    page.get_by_role("grid", name="Runs").wait_for()
    settle(page)
    assert sum(sizes.values()) / 1024 <= SCRIPT_KIB_MAX, sizes

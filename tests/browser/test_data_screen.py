"""The Data pages: two versions held against each other; the address is the view."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect
from sklearn.datasets import load_digits

from peira.data import splits
from peira.data.add import add_path, add_table
from peira.data.checks.version import Question, check_version
from peira.data.dataset import open_dataset
from peira.data.splits import Recipe
from peira.data.transform import derive
from peira.media.png import write_png
from peira.run import init
from tests.browser.conftest import Open, Served
from tests.browser.test_screens import violations

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def compared(served: Served) -> Path:
    """A version, one with fewer rows and three other labels, and a run of one recipe on each."""
    root = served.root / ".peira"
    pixels = np.random.default_rng(7).integers(0, 16, (300, 64)).astype(float)
    labels = np.arange(300) % 10
    add_table(root, "all", {"X": pixels, "y": labels}, label="y")
    fewer = labels[:200].copy()
    fewer[:3] += 1
    add_table(root, "fewer", {"X": pixels[:200], "y": fewer}, label="y")
    for ref, score in (("all:v1", 0.5), ("fewer:v1", 0.75)):
        with init("recipes", name=f"on {ref}", lab=served.root, console=False) as run:
            run.use(ref)
            run.log({"accuracy": score})
            rows = len(run.use(ref))
            run.evaluate("dev", [0] * rows, y_pred=[0] * rows)
    return root


@pytest.mark.usefixtures("compared")
def test_two_versions_are_compared(visit: Open) -> None:
    """The address holds the comparison; runs of the same recipe are linked; it can be ended."""
    page = visit("data/fewer/1")
    page.get_by_role("combobox", name="Compare with another version").select_option("all:v1")
    expect(page.get_by_role("heading", name="What changed from all:v1")).to_be_visible()
    assert page.url.endswith("?other=all%3Av1")
    expect(page.get_by_role("heading", name="Labels 3 changed")).to_be_visible()
    rows = page.get_by_role("table", name="Rows and files").get_by_role("row", name="Rows")
    expect(rows).to_contain_text("103")  # 100 left out, and 3 with another id: it is of the label
    expect(page.get_by_role("link", name="on all:v1").first).to_be_visible()
    assert violations(page) == []
    page.reload()
    marked = page.get_by_role("row", name="dev/accuracy")
    expect(marked).to_contain_text("not comparable")
    expect(page.get_by_text("a: 300 examples")).to_be_visible()
    head = page.get_by_role("rowheader", name="accuracy", exact=True)
    logged = page.get_by_role("row").filter(has=head)
    expect(logged).to_contain_text("+0.25")
    page.get_by_role("link", name="The other way round").click()
    expect(logged).to_contain_text("-0.25")
    expect(page.get_by_role("heading", level=1)).to_have_text("all")
    page.get_by_role("button", name="End the comparison").click()
    expect(page.get_by_role("heading", name="What changed from")).to_have_count(0)


def test_columns_of_pixels_are_shown_as_pictures(visit: Open, served: Served) -> None:
    """A grid of pictures instead of 64 columns, one line in the list of columns; one picture of the
    pixels that are always 0.
    """
    pixels = np.random.default_rng(1).integers(0, 16, (30, 64))
    pixels[:, [0, 7]] = 0
    columns = {f"pixel{place}": pixels[:, place] for place in range(64)}
    columns["y"] = np.arange(30) % 10
    add_table(served.root / ".peira", "pixels", columns, label="y")
    page = visit("data/pixels/1")
    expect(page.locator("img[alt^='Row ']")).to_have_count(30)
    listed = page.get_by_role("region", name="Columns").get_by_role("listitem")
    expect(listed).to_have_text(["pixel0 … pixel63int64 64", "y (label)int64"])
    row = page.get_by_role("row", name="pixel0 … pixel63")
    expect(row).to_contain_text("2 of 64, always 0")
    expect(row.get_by_role("img", name="Where values never change").locator("rect")).to_have_count(
        2
    )
    assert violations(page) == []


def test_rows_that_checks_found_are_shown(visit: Open, served: Served) -> None:
    """Copies side by side as pictures, suspicious labels with the expected ones; a run that used
    three parts is one user; a column that never changes says its value.
    """
    root = served.root / ".peira"
    data = load_digits()
    pixels, labels = data.images[:400], data.target[:400].copy()
    labels[::40] = (labels[::40] + 1) % 10
    twice = {"X": np.concatenate([pixels, pixels[:9]]), "y": np.concatenate([labels, labels[:9]])}
    add_table(root, "found", twice | {"one": np.ones(409)}, label="y")
    found = open_dataset(root, "found")
    splits.make(found, "main", Recipe(shares={"train": 0.5, "dev": 0.3, "test": 0.2}))
    page = visit("data/found/1")
    expect(page.get_by_text("peira data check found:v1", exact=True)).to_be_visible()
    expect(page.get_by_role("row", name="one")).to_contain_text("always 1")
    check_version(root, found.version, Question(split="main"))
    name = "a run that used three parts and has a name as long as a line"
    with init("users", name=name, lab=served.root, console=False, monitor=False) as run:
        for part in ("train", "dev", "test"):
            run.use(f"found:main/{part}")
    page.reload()
    odd = page.get_by_role("list", name="Rows of suspicious-labels").get_by_role("listitem")
    expect(odd.first).to_contain_text(re.compile(r"\d, expected \d"))
    copies = page.get_by_role("list", name="Rows of duplicates").get_by_role("listitem")
    expect(copies.first.get_by_role("img")).to_have_count(2)
    expect(page.get_by_role("heading", name="Used by 1")).to_be_visible()
    expect(page.get_by_text("main/dev, main/test, main/train")).to_be_visible()
    beside = page.get_by_role("region", name="Profile").bounding_box()
    users = page.get_by_role("region", name="Used by").get_by_role("list").bounding_box()
    assert users and beside and users["x"] + users["width"] <= beside["x"]
    assert violations(page) == []


def test_a_broken_picture_and_many_columns(visit: Open, served: Served, tmp_path: Path) -> None:
    """A file that is no picture is told as that; columns that are not shown can be."""
    root = served.root / ".peira"
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        for shade in range(3):
            (tmp_path / label / f"{shade}.png").write_bytes(
                write_png(np.full((8, 8, 3), 40 * shade, np.uint8))
            )
    (tmp_path / "dog" / "broken.png").write_bytes(b"bad")
    add_path(root, "torn", tmp_path)
    page = visit("data/torn/1")
    expect(page.get_by_role("img", name="cannot be read")).to_have_text("not readable")
    expect(page.get_by_text("1 not readable")).to_be_visible()
    assert violations(page) == []
    add_table(root, "wide", {f"c{'abcdefghijklmnopqrstuvwxyz'[n]}": np.ones(9) for n in range(26)})
    page = visit("data/wide/1")
    expect(page.get_by_role("row", name="cz")).to_have_count(0)
    page.get_by_role("button", name="6 more columns").click()
    expect(page.get_by_role("row", name="cz")).to_be_visible()


def test_labels_that_are_boxes_are_told(visit: Open, served: Served) -> None:
    """`2 cat` under the picture; rows cannot be chosen by boxes, so nothing offers it. Splits that
    nobody checked are one line, in the order in which people count.
    """
    root = served.root / ".peira"
    boxes = [{"boxes": [[0, 0, 2, 2], [1, 1, 3, 3]], "labels": ["cat", "cat"]}] * 6
    pictures = np.random.default_rng(0).integers(0, 9, (6, 8, 8))
    add_table(root, "boxed", {"X": pictures, "boxes": boxes}, label="boxes")
    for name in ("rep-2", "rep-10"):
        splits.make(open_dataset(root, "boxed"), name, Recipe())
    page = visit("data/boxed/1")
    rows = page.get_by_role("region", name="Rows").get_by_role("listitem")
    expect(rows).to_have_text(["2 cat"] * 6)
    expect(page.get_by_role("searchbox", name="Label")).to_have_count(0)
    unchecked = page.get_by_role("region", name="Checks").get_by_role("paragraph")
    expect(unchecked).to_have_text(
        "Not checked yet with rep-2, rep-10: peira data check boxed:v1 --split rep-2"
    )


def test_rows_without_pictures_are_shown_with_those_of_the_parent(
    visit: Open, served: Served
) -> None:
    """Beside the columns of the version, under the name of the version that has them."""
    root = served.root / ".peira"
    add_table(root, "shown", {"X": np.random.default_rng(0).integers(0, 9, (6, 8, 8))})
    derive(open_dataset(root, "shown"), lambda d: {"ink": d.X.sum(axis=(1, 2))}, {}, name="summed")
    page = visit("data/summed/1")
    rows = page.get_by_role("region", name="Rows")
    expect(rows.get_by_role("columnheader")).to_have_text(["In shown:v1", "Id", "ink"])
    expect(rows.get_by_role("img")).to_have_count(6)
    expect(rows.get_by_role("img").first).to_have_js_property("naturalWidth", 8)

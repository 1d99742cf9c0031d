"""The Evaluate screen and the Data pages: from a matrix to samples; the address is the view."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from peira.data import sealed, splits
from peira.data.add import add_table
from peira.data.dataset import open_dataset
from peira.data.splits import Recipe
from peira.run import init
from tests.browser.conftest import Open, Served, settle
from tests.browser.test_screens import violations

pytestmark = pytest.mark.browser
PROJECT = "judged"
CLASSES = [str(n) for n in range(10)]
SHARES = {"train": 0.4, "dev": 0.4, "test": 0.2}


def scores(labels: list[int], wrong: range) -> np.ndarray:
    """Scores of ten classes; the examples in `wrong` are taken for the next class."""
    table = np.full((len(labels), 10), 0.02)
    for row, label in enumerate(labels):
        table[row, (label + (row in wrong)) % 10] = 0.82
    return table


@pytest.fixture(scope="module")
def judged(served: Served) -> Iterator[list[str]]:
    """Two runs on one version of a data set with a sealed part, a binary task, numbers."""
    root = served.root / ".peira"
    pictures = np.random.default_rng(0).integers(0, 16, (300, 64)).astype(float)
    add_table(root, "squares", {"X": pictures, "y": np.arange(300) % 10}, label="y")
    splits.make(open_dataset(root, "squares"), "main", Recipe(kind="stratified", shares=SHARES))
    sealed.seal(root, splits.read(root, "squares", "main"), "test")
    runs = []
    for name, wrong in (("early", range(12)), ("late", range(8, 16))):
        with init(PROJECT, name=name, lab=served.root, console=False, monitor=False) as run:
            dev, test = run.use("squares:main/dev"), run.use("squares:main/test")
            for step in (1, 2):
                table = scores(dev.y.tolist(), range(40) if step == 1 else wrong)
                size = dev.X.sum(axis=1)
                run.evaluate("dev", scores=table, step=step, slices={"ink": size})
            run.evaluate("test", y_pred=[0] * len(test), claim=0.5)
            run.evaluate("coin", [0, 1, 1, 0] * 9, scores=np.linspace(0, 1, 36))
            run.evaluate("numbers", np.linspace(0, 1.5, 40), np.linspace(0.1, 1.4, 40))
            run.evaluate("words", [0, 1], [1, 1], samples=["a first text", "a second text"])
            waves = np.sin(np.arange(4)[:, None] * np.linspace(0, 9, 800)[None])
            run.evaluate("sounds", [0, 1, 0, 1], [0, 1, 1, 1], samples=waves, sample_rate=8_000)
            runs.append(run.id)
    yield runs


def evaluate(run: str, name: str = "dev", search: str = "") -> str:
    return f"p/{PROJECT}/r/{run}/eval/{name}{search}"


VIEWS = [
    "dev?true=3&predicted=4&order=confusion",
    "dev?show=row&panel=classes",
    "dev?panel=slices",
    "coin?panel=curves&threshold=0.4",
    "numbers",
    "test",
    "words",
    "sounds",
]


@pytest.mark.parametrize("view", VIEWS)
def test_each_view_opens_and_passes_axe(visit: Open, judged: list[str], view: str) -> None:
    """Matrix, classes, slices, curves, residuals and a hold-out open by their address."""
    page = visit(f"p/{PROJECT}/r/{judged[0]}/eval/{view}")
    expect(page.get_by_role("heading", level=1)).to_have_text(view.partition("?")[0])
    settle(page)
    assert violations(page) == []


def matrix(page: Page) -> Locator:
    return page.get_by_role("application", name="Confusion matrix")


def test_a_cell_is_chosen_by_keys_and_shows_all_its_samples(visit: Open, judged: list[str]) -> None:
    """Arrows move the cell, the address follows, and the samples are those it counts."""
    page = visit(evaluate(judged[0], search="?true=3&predicted=3"))
    matrix(page).press("ArrowRight")
    expect(page).to_have_url(re.compile("true=3&predicted=4"))
    told = page.get_by_role("status").filter(has_text="3 taken for 4").inner_text()
    count = int(told.partition(": ")[2].split()[0])
    samples = page.get_by_role("img", name="Sample")
    expect(samples).to_have_count(count)
    for sample in samples.all():
        expect(sample).not_to_have_js_property("naturalWidth", 0)
    matrix(page).press("Escape")
    expect(page.get_by_role("heading", name="All samples 120")).to_be_visible()


def test_a_click_chooses_the_cell_under_the_pointer(visit: Open, judged: list[str]) -> None:
    """The first cell of the matrix is class 0 taken for itself."""
    page = visit(evaluate(judged[0]))
    settle(page)
    canvas = matrix(page).locator("canvas")

    canvas.click(position={"x": 50, "y": 50})
    expect(page).to_have_url(re.compile("true=0&predicted=0"))


def test_the_ids_of_the_samples_are_a_file(visit: Open, judged: list[str]) -> None:
    """`e` hands over the ids of all samples that are chosen, one a line."""
    page = visit(evaluate(judged[0], search="?wrong=1"))
    expect(page.get_by_role("heading", name="All samples 12")).to_be_visible()
    with page.expect_download() as caught:
        page.keyboard.press("e")
    assert len(Path(caught.value.path()).read_text().split()) == 12


def test_steps_change_the_matrix(visit: Open, judged: list[str]) -> None:
    """The slider goes through the steps at which the run was evaluated."""
    page = visit(evaluate(judged[0], search="?wrong=1"))
    expect(page.get_by_role("heading", name="All samples 12")).to_be_visible()
    page.get_by_role("slider").press("ArrowLeft")
    expect(page.get_by_role("heading", name="All samples 40")).to_be_visible()
    assert "step=1" in page.url


def test_a_run_is_held_against_another(visit: Open, judged: list[str]) -> None:
    """Fixed, broken and both wrong are counted, and each leads to its samples."""
    page = visit(evaluate(judged[0], search=f"?other={judged[1]}"))
    for count, name in ((4, "Fixed"), (8, "Broken"), (4, "Both wrong")):
        page.get_by_role("button", name=f"{count} {name}").click()
        expect(page.get_by_role("img", name="Sample")).to_have_count(count)
    assert violations(page) == []


def test_runs_with_the_same_evaluation_are_offered(visit: Open, served: Served) -> None:
    """Those that measured the same come first, each with its number; runs without it are left out,
    also one that only logged a number of that name.
    """
    found = {}
    for name, count in (("first", 20), ("same", 20), ("shorter", 10), ("logged", 0)):
        with init("against", name=name, lab=served.root, console=False, monitor=False) as run:
            if count:
                run.evaluate("dev", [0, 1] * count, [0, 1] * (count - 1) + [1, 1])
            else:
                run.log({"dev/accuracy": 1.0})
            found[name] = run.id
    page = visit(f"p/against/r/{found['first']}/eval/dev")
    page.get_by_role("button", name="Against…").click()
    offered = page.get_by_role("listbox", name="Results").get_by_role("option")
    expect(offered).to_contain_text(["accuracy 0.975", "not comparable · accuracy 0.95"])
    expect(offered).to_contain_text(["same", "shorter"])
    expect(offered).to_have_count(2)
    assert violations(page) == []
    page.get_by_role("combobox", name="Hold first against").fill("logged")
    expect(page.get_by_text("No run with this evaluation is named so")).to_be_visible()


def test_a_hold_out_shows_a_word_and_no_number_of_it(visit: Open, judged: list[str]) -> None:
    """The word, the claim, the half-width and the number of the look; no matrix, no samples."""
    page = visit(evaluate(judged[0], "test"))
    expect(page.get_by_text("refuted", exact=True)).to_be_visible()
    expect(page.get_by_text("look 1 at this hold-out, tested at 2.5 %")).to_be_visible()
    expect(matrix(page)).to_have_count(0)
    assert "accuracy" not in page.locator("main").inner_text()


def test_a_look_of_a_peeker_warns_and_an_unsealed_one_says_so(visit: Open, served: Served) -> None:
    """Who had the labels is told above the word; after unsealing nothing is called sealed."""
    root = served.root / ".peira"
    add_table(root, "peeked", {"X": np.arange(60.0), "y": np.arange(60) % 2}, label="y")
    split = splits.make(open_dataset(root, "peeked"), "main", Recipe())
    with init(PROJECT, name="peeker", lab=served.root, console=False, monitor=False) as run:
        answers = run.use("peeked:main/test").y
        sealed.seal(root, split, "test")
        run.evaluate("test", y_pred=answers, claim=0.5)
    page = visit(evaluate(run.id, "test"))
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("This run used peeked:v1:main/test with its labels, before")
    expect(page.get_by_text("supported", exact=True)).to_be_visible()
    expect(page.get_by_text("is a sealed hold-out, 9 looks left")).to_be_visible()
    assert violations(page) == []
    sealed.unseal(root, split, "test", "it is over")
    page.reload()
    expect(page.get_by_text("(it is over) after 1 look")).to_be_visible()
    expect(page.get_by_text("is a sealed hold-out")).to_have_count(0)


def test_boxes_are_words_masks_are_their_loss_and_residuals_have_a_zero(
    visit: Open, served: Served
) -> None:
    """No JSON in the rows; the plots have round ticks, a line at 0 and one where both are equal."""
    boxes = {
        "boxes": [[1, 2, 30, 40], [5, 5, 20, 20], [0, 0, 9, 9]],
        "labels": ["cat", "dog", "cat"],
    }
    found = {"boxes": [[1, 2, 30, 40]], "labels": ["cat"], "scores": [0.9]}
    masks = np.random.default_rng(0).integers(0, 2, (2, 3, 8, 8))
    with init(PROJECT, name="tasks", lab=served.root, console=False, monitor=False) as run:
        run.evaluate("boxes", [boxes], [found], task="detection")
        run.evaluate("masks", masks[0], masks[1], task="segmentation")
        run.evaluate("off", np.linspace(0, 9, 30), np.linspace(3, 10, 30), task="regression")
    page = visit(evaluate(run.id, "boxes"))
    expect(page.get_by_role("listitem")).to_contain_text("2 cat, 1 dog")
    expect(page.get_by_role("listitem")).to_contain_text("1 cat")
    page = visit(evaluate(run.id, "masks"))
    expect(page.get_by_text("loss 0.")).to_have_count(3)
    assert "{" not in page.locator("main").inner_text()
    page = visit(evaluate(run.id, "off"))
    residuals = page.get_by_role("img", name="Residuals over predictions")
    expect(residuals.get_by_text("0", exact=True)).to_be_visible()
    expect(residuals.locator("path.guide")).to_have_count(1)
    predicted = page.get_by_role("img", name="Predictions over true values")
    expect(predicted.locator("path.guide")).to_have_count(1)
    assert violations(page) == []


def test_texts_and_sounds_are_shown(visit: Open, judged: list[str]) -> None:
    """A text stands in its row; a sound plays."""
    page = visit(evaluate(judged[0], "words"))
    expect(page.get_by_text("a second text")).to_be_visible()
    page = visit(evaluate(judged[0], "sounds"))
    sound = page.locator("audio").first
    length = sound.evaluate(
        "audio => new Promise(told => { audio.onloadedmetadata = () => told(audio.duration);"
        " audio.load(); audio.preload = 'metadata'; })"
    )
    assert length == pytest.approx(0.1)


def test_results_are_sliced_and_exported(visit: Open, judged: list[str]) -> None:
    """A column that was given, and the chosen samples as a file."""
    page = visit(evaluate(judged[0], search="?wrong=1&panel=slices&column=ink"))
    expect(page.get_by_role("combobox", name="By")).to_have_value("ink")
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as caught:
        page.get_by_role("menuitem", name="Chosen samples as CSV").click()
    assert len(Path(caught.value.path()).read_text().splitlines()) == 13


def test_a_new_evaluation_arrives_by_itself(visit: Open, served: Served) -> None:
    """A run that evaluates while it is looked at: its steps and samples follow."""
    with init(PROJECT, name="growing", lab=served.root, console=False, monitor=False) as run:
        run.evaluate("live", [0, 1, 1, 0] * 5, [0, 1, 0, 0] * 5, step=1)
        page = visit(evaluate(run.id, "live", "?wrong=1"))
        expect(page.get_by_role("heading", name="All samples 5")).to_be_visible()
        run.evaluate("live", [0, 1, 1, 0] * 5, [0, 1, 1, 0] * 4 + [1, 0, 0, 1], step=2)
        expect(page.get_by_role("heading", name="All samples 4")).to_be_visible(timeout=20_000)
        expect(page.get_by_text("2 of 2")).to_be_visible()


def test_numbers_that_measure_different_things_are_marked(visit: Open, served: Served) -> None:
    """The column says so, and each number has its letter."""
    for name, count in (("few", 10), ("many", 20), ("many-too", 20)):
        with init("marked", name=name, lab=served.root, console=False, monitor=False) as run:
            run.evaluate("dev", [0, 1] * count, [0, 1] * (count - 1) + [1, 1])
    page = visit("p/marked?c=dev/accuracy")
    header = page.get_by_role("columnheader", name="dev/accuracy")
    expect(header.get_by_label("Not comparable")).to_be_visible()
    letters = page.locator("[role=grid] sup")
    expect(letters).to_have_count(3)
    assert letters.all_inner_texts() == ["a", "a", "b"]
    assert violations(page) == []


def test_data_opens_from_the_run_and_shows_its_rows(visit: Open, judged: list[str]) -> None:
    """A run leads to its data; a sealed part shows pictures without labels."""
    page = visit(f"p/{PROJECT}/r/{judged[0]}")
    page.get_by_role("link", name="squares:v1:main/dev").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("squares")
    expect(page.get_by_role("heading", name="Rows 240")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("combobox", name="Part of a split").select_option("main/test")
    expect(page.get_by_role("heading", name="Rows 60")).to_be_visible()
    expect(page.get_by_role("button", name="Rows with this label")).to_have_count(0)
    page.keyboard.press("g")
    page.keyboard.press("d")
    expect(page.get_by_role("link", name="squares", exact=True)).to_be_visible()
    assert violations(page) == []

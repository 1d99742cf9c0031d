"""The Compare screen: runs side by side, difference by difference; the address is the view."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from peira.core.clock import now_s
from peira.objects.folder import FolderObjects
from peira.record import events
from tests.browser.conftest import Open, Served, settle
from tests.browser.test_screens import violations
from tests.lab.writing import RunFiles

pytestmark = pytest.mark.browser
PROJECT = "figures"
TRAIN = (
    "import helper\n\n\n"
    + "".join(f"def part_{n}(x):\n    return x * {n}\n\n\n" for n in range(40))
    + "def train(lr):\n    return helper.build(depth=4)\n"
)
LINE_CHANGED = TRAIN.splitlines().index("    return x * 7") + 1
LINE_HIDDEN = TRAIN.splitlines().index("    return x * 20") + 1


def write_run(served: Served, name: str, lr: float, train: str, threads: str) -> str:
    """Write a finished run with params, metrics, code, data, environment and a console."""
    run = RunFiles(
        served.root / ".peira", name, project=PROJECT, created=now_s(), command=["train.py"]
    )
    objects = FolderObjects(run.root / "objects")

    def seen(path: str, text: str) -> events.SeenFile:
        kept = objects.put_bytes(text.encode())
        return events.SeenFile(path=path, object=kept.digest, size=kept.size, kept=True)

    run.event(events.Params(time=now_s(), values={"lr": lr, "epochs": 10}))
    environment = {"variables": {"OMP_NUM_THREADS": threads, "LANG": "C"}}
    run.event(events.Captured(time=now_s(), aspect="environment", value=environment))
    sources = [seen("train.py", train), seen("helper.py", "def build(depth):\n    return depth\n")]
    run.event(events.Files(time=now_s(), role="source", files=sources))
    rows = "id,x\n" + "".join(f"{n},{n * lr}\n" for n in range(3))
    big = events.SeenFile(path="/data/huge.parquet", size=8_000_000_000, reason="larger than 1 GiB")
    run.event(events.Files(time=now_s(), role="input", files=[seen("train.csv", rows), big]))
    run.event(events.Note(time=now_s(), text=f"Rate **{lr}**"))
    for step in range(20):
        run.log({"val/acc": 0.9 + lr - step / 1000, "train/loss": 1 / (1 + step * lr)})
    (run.path / "console.log").write_text(f"loss {lr}\ndone\n")
    run.end()
    return run.id


@pytest.fixture(scope="module")
def figures(served: Served) -> list[str]:
    """Eight runs, oldest first; the first two differ in everything that is compared."""
    changed = TRAIN.replace("x * 7\n", "x * 7.5\n").replace("depth=4", "depth=8")
    first = write_run(served, "figure-6", 0.01, TRAIN, "1")
    second = write_run(served, "figure-6-again", 0.02, changed, "8")
    rest = [write_run(served, f"sweep-{n}", n / 100, TRAIN, "1") for n in range(3, 9)]
    return [first, second, *rest]


def compare(runs: list[str], rest: str = "") -> str:
    """The address of a comparison."""
    return f"p/{PROJECT}/compare?r={','.join(runs)}{rest}"


def row(page: Page, name: str) -> Locator:
    """A row of a table by its name."""
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name))


@pytest.mark.parametrize("count", [2, 8])
def test_a_comparison_opens_and_passes_axe(visit: Open, figures: list[str], count: int) -> None:
    """Two and eight runs stand side by side without an accessibility violation."""
    page = visit(compare(figures[:count]))
    expect(page.get_by_role("columnheader", name=re.compile("^B ")).first).to_be_attached()
    expect(row(page, "lr")).to_contain_text("0.02")
    settle(page)
    assert violations(page) == []


def test_what_is_equal_is_shown_on_demand(visit: Open, figures: list[str]) -> None:
    """Differences only at first; the switch shows all, and stands in the address."""
    page = visit(compare(figures[:2]))
    expect(row(page, "lr")).to_be_visible()
    expect(row(page, "epochs")).to_have_count(0)
    expect(page.get_by_role("heading", name="Params")).to_have_text("Params 1 differs, 1 equal")
    page.get_by_role("switch", name="Only differences").uncheck()
    expect(row(page, "epochs")).to_be_visible()
    assert page.url.endswith("&all=1")
    page.keyboard.press("a")
    expect(row(page, "epochs")).to_have_count(0)


def test_a_metric_says_who_won_and_by_how_much(visit: Open, figures: list[str]) -> None:
    """The delta is that of B to A, in words, too; swapping the runs turns it around."""
    page = visit(compare(figures[:2]))
    expect(row(page, "val/acc more is better")).to_contain_text("+0.01 (+1.12 %) better")
    page.keyboard.press("s")
    expect(row(page, "val/acc more is better")).to_contain_text("\N{MINUS SIGN}0.01")
    expect(row(page, "val/acc more is better")).to_contain_text("worse")
    assert f"r={figures[1]},{figures[0]}" in page.url
    page.go_back()
    expect(row(page, "val/acc more is better")).to_contain_text("better")


def test_brackets_move_between_differences(visit: Open, figures: list[str]) -> None:
    """`]` goes on and `[` back; the address and the focus follow, lines of code included."""
    page = visit(compare(figures[:2]))
    expect(page.get_by_role("status").filter(has_text="9 differences")).to_be_visible()
    places = []
    for _ in range(5):
        page.keyboard.press("]")
        places.append(page.url.partition("#")[2])
    assert places[:3] == ["metrics/train/loss", "metrics/val/acc", "params/lr"]
    assert places[3] == f"code/train.py:{LINE_CHANGED}"
    expect(page.locator(":focus")).to_contain_text("return helper.build(depth=4)")
    expect(page.get_by_text("5 of")).to_be_visible()
    page.keyboard.press("[")
    page.keyboard.press("[")
    expect(page.locator(":focus")).to_contain_text("lr")
    assert page.url.endswith("#params/lr")


def test_an_address_leads_to_a_line_of_code(visit: Open, figures: list[str]) -> None:
    """A changed line is brought into view; an unchanged one is unfolded first."""
    page = visit(compare(figures[:2], f"#code/train.py:{LINE_CHANGED}"))
    expect(page.locator(":focus")).to_contain_text("return x * 7")
    expect(page.locator(":focus")).to_be_in_viewport()
    page = visit(compare(figures[:2], f"#code/train.py:{LINE_HIDDEN}"))
    expect(page.locator(":focus")).to_contain_text("return x * 20")
    expect(page.locator(":focus")).to_be_in_viewport()
    page = visit(compare(figures[:2], "#environment"))
    expect(page.get_by_role("heading", name="Environment")).to_be_focused()
    expect(page.get_by_role("heading", name="Environment")).to_be_in_viewport()


def test_unchanged_lines_unfold(visit: Open, figures: list[str]) -> None:
    """What lies between two changes is shown in pieces or whole."""
    page = visit(compare(figures[:2], "&all=1"))
    lines = page.get_by_role("region", name=re.compile("Changed lines of train.py"))
    expect(lines).not_to_contain_text("part_20")
    lines.get_by_role("button", name="20 from the end").click()
    expect(lines).to_contain_text("part_38")
    expect(lines).not_to_contain_text("part_20")
    lines.get_by_role("button", name="all").click()
    expect(lines).to_contain_text("part_20")
    equal = page.get_by_role("listitem").filter(has_text="helper.py").first
    expect(equal).to_contain_text("same as A")


def test_what_was_not_recorded_is_not_called_equal(visit: Open, figures: list[str]) -> None:
    """A file without a digest is unknown, with its reason; a section that nobody has says so."""
    page = visit(compare(figures[:2]))
    expect(page.get_by_role("heading", name="Data")).to_contain_text("1 not known")
    huge = page.get_by_role("listitem").filter(has_text="huge.parquet")
    expect(huge).to_contain_text("larger than 1 GiB")
    expect(page.get_by_text("No run recorded any.").first).to_be_visible()


def test_runs_are_added_taken_out_and_made_the_first(visit: Open, figures: list[str]) -> None:
    """A run is found by its name; each column can become the one that others differ from."""
    page = visit(compare(figures[:2]))
    expect(row(page, "lr")).to_be_visible()
    page.keyboard.press("+")
    page.get_by_role("combobox", name=f"Add a run of {PROJECT}").fill("sweep-5")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(row(page, "lr")).to_contain_text("0.05")
    page.get_by_role("button", name="Options of sweep-5").click()
    page.get_by_role("menuitem", name="Compare all with this run").click()
    expect(page.locator("[aria-label='Compared runs'] a").first).to_have_text("sweep-5")
    page.get_by_role("button", name="Options of figure-6-again").click()
    page.get_by_role("menuitem", name="Take out").click()
    expect(page.get_by_role("link", name="figure-6-again")).to_have_count(0)
    assert page.url.endswith(f"?r={figures[4]},{figures[0]}")


def test_curves_of_all_runs_share_a_chart(visit: Open, figures: list[str]) -> None:
    """Each metric that differs is one chart with a curve a run."""
    page = visit(compare(figures[:2], "#curves"))
    panel = page.locator("[data-metric='val/acc']")
    expect(panel.get_by_role("img", name=re.compile("2 curves"))).to_be_visible()


def test_the_table_of_runs_leads_here(visit: Open, figures: list[str]) -> None:
    """`c` compares the chosen runs, `d` the last two, the older one first."""
    page = visit(f"p/{PROJECT}")
    expect(page.get_by_role("link", name="figure-6", exact=True)).to_be_visible()
    page.keyboard.press("c")
    expect(page.get_by_text("Choose two to eight runs")).to_be_visible()
    page.get_by_role("button", name="Choose figure-6", exact=True).click()
    page.get_by_role("button", name="Choose sweep-4", exact=True).click()
    expect(page.get_by_role("button", name="Compare 2")).to_be_visible()
    page.keyboard.press("c")
    page.wait_for_url(f"**/compare?r={figures[0]},{figures[3]}")
    page.go_back()
    expect(page.get_by_role("button", name="Drop sweep-4", exact=True)).to_be_visible()
    page.keyboard.press("d")
    page.wait_for_url(f"**/compare?r={figures[6]},{figures[7]}")


def test_a_run_leads_here(visit: Open, figures: list[str]) -> None:
    """ "Compare with…" finds the other run, which is A: the one looked at is what changed."""
    page = visit(f"p/{PROJECT}/r/{figures[1]}")
    page.get_by_role("button", name="Compare with…").click()
    page.get_by_role("combobox").fill("figure-6")
    expect(page.get_by_role("option", name=re.compile("figure-6"))).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/compare?r={figures[0]},{figures[1]}")


@pytest.mark.parametrize(
    ("runs", "said"), [([], "names none"), (["figure-6"], "names one"), (["a", "b"], "No run")]
)
def test_an_address_without_runs_says_what_to_do(
    visit: Open, figures: list[str], runs: list[str], said: str
) -> None:
    """Too few runs, and runs that are not there, are told, with a way back."""
    page = visit(compare(runs))
    expect(page.get_by_role("heading", name="Compare runs")).to_be_visible()
    expect(page.get_by_text(said)).to_be_visible()
    page.get_by_role("link", name=f"All runs of {PROJECT}").click()
    expect(page.get_by_role("grid", name="Runs")).to_be_visible()


@pytest.mark.parametrize(("count", "width"), [(8, 1280), (2, 640)])
def test_the_columns_fit(visit: Open, figures: list[str], count: int, width: int) -> None:
    """Eight runs at 1280 pixels, and two at 200 % zoom, fit without scrolling sideways."""
    page = visit(compare(figures[:count]), width=width)
    expect(row(page, "lr")).to_be_visible()
    assert page.evaluate("(m => m.scrollWidth <= m.clientWidth)(document.querySelector('main'))")


def test_a_run_without_records_of_a_kind_says_so_in_each_row(
    visit: Open, served: Served, figures: list[str]
) -> None:
    """Where a run recorded no code at all its files are "not recorded", never "not there"."""
    bare = RunFiles(served.root / ".peira", "bare", project=PROJECT, created=now_s())
    bare.end()
    page = visit(compare([*figures[:2], bare.id]))
    code = page.get_by_role("region", name=re.compile("^Code"))
    expect(code).to_contain_text("Not recorded by bare: neither equal nor different.")
    expect(code.get_by_role("listitem").first).to_contain_text("not recorded")
    expect(code.get_by_role("listitem").first).not_to_contain_text("not there")
    expect(row(page, "OMP_NUM_THREADS")).to_contain_text("not recorded")

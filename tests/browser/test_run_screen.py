"""The Run screen: where a run comes from, whether it was reproduced, which files it met."""

from __future__ import annotations

import math
import re

import msgspec
import pytest
from playwright.sync_api import expect

from peira.core.clock import now_s
from peira.lab.lab import Lab
from peira.lab.verifications import (
    DETERMINISTIC,
    VERIFIED,
    Determinism,
    MetricCheck,
    Verdict,
    Verification,
)
from peira.objects.folder import FolderObjects
from peira.record import events
from peira.record.events import Origin
from tests.browser.conftest import Open, Served, settle
from tests.browser.test_screens import violations
from tests.lab.writing import RunFiles

pytestmark = pytest.mark.browser
PROJECT = "family"
SOURCE = "def train(lr):\n    return '<img src=x onerror=alert(1)>'\n"


def write_run(
    served: Served, name: str, *, first: int = 0, origin: Origin | None = None, why: str = ""
) -> str:
    """Write a finished run of 40 steps with files, an artifact and checkpoints."""
    run = RunFiles(
        served.root / ".peira", name, project=PROJECT, created=now_s(), origin=origin,
        why=why or None,
    )  # fmt: skip
    objects = FolderObjects(run.root / "objects")

    def kept(path: str, text: str) -> events.SeenFile:
        stored = objects.put_bytes(text.encode())
        return events.SeenFile(path=path, object=stored.digest, size=stored.size, kept=True)

    def files(role: events.FileRole, *seen: events.SeenFile, omitted: int = 0) -> None:
        told = events.Files(time=now_s(), role=role, root="/home/ada", files=list(seen))
        run.event(msgspec.structs.replace(told, omitted=omitted))

    files("source", kept("train.py", SOURCE))
    watched = events.SeenFile(path="/etc/locale", object="0" * 64, size=3, is_sure=False)
    files("input", kept("data.csv", "x\n1\n"), watched, omitted=7)
    files("output", kept("out.bin", "\0\1"))
    for step in range(first, first + 40):
        run.log({"val/acc": 1 - math.exp(-step / 30)}, step=step)
        if step % 10 == 9:
            stored = objects.put_bytes(f"{name} {step}".encode())
            state = [events.File("state.pt", stored.digest, stored.size)]
            metrics = {"val/acc": step / 100}
            run.event(events.Checkpoint(time=now_s(), step=step, files=state, metrics=metrics))
    run.end()
    return run.id


class Family(msgspec.Struct):
    """Runs that come from each other."""

    original: str
    rerun: str
    resumed: str
    again: str
    orphan: str


@pytest.fixture(scope="module")
def family(served: Served) -> Family:
    """An original, its re-run, a run resumed from it and one from that, and one of a lost run."""
    original = write_run(served, "figure-6", why="does the small rate win?")
    rerun = write_run(served, "figure-6-rerun", origin=Origin(how="rerun", run=original))
    fork = Origin(how="resume", run=original, step=19, changed={"lr": 0.02})
    resumed = write_run(served, "figure-6-longer", first=20, origin=fork)
    later = Origin(how="resume", run=resumed, step=49)
    again = write_run(served, "figure-6-longest", first=50, origin=later)
    orphan = write_run(served, "orphan", origin=Origin(how="repeat", run="0q3v7m2k9a1b"))
    verdict = Verdict(
        outcome="different",
        because="val/acc lies outside what this recipe gives",
        metrics=1,
        points=40,
        relative=0.25,
        worst="val/acc",
        is_deterministic=False,
        differing=[
            MetricCheck(
                key="val/acc", original=0.73, rerun=0.9, relative=0.25, low=0.7, high=0.75,
                is_inside=False,
            )
        ],
    )  # fmt: skip
    said = Verification(
        original=original, rerun=rerun, verdict=verdict, reruns=[rerun],
        files_different=["out.bin"], inexact=["numpy 2.1.0: 2.1.1 was taken"],
    )  # fmt: skip
    probe = Determinism(
        is_deterministic=False, runs=[original, rerun], host="tower", differing=["val/acc"],
        switches=["torch.use_deterministic_algorithms(True)"],
    )  # fmt: skip
    with Lab(served.root) as lab:
        lab.journal.append(VERIFIED, f"{original}/{rerun}", msgspec.to_builtins(said))
        lab.journal.append(DETERMINISTIC, original, msgspec.to_builtins(probe))
    return Family(original, rerun, resumed, again, orphan)


def at(run: str, tab: str = "summary") -> str:
    """The address of a tab of a run."""
    return f"p/{PROJECT}/r/{run}?tab={tab}"


@pytest.mark.parametrize("tab", ["charts", "files", "lineage"])
def test_the_parts_open_and_pass_axe(visit: Open, family: Family, tab: str) -> None:
    """A resumed run with all its parts has no accessibility violation."""
    page = visit(at(family.again if tab == "charts" else family.original, tab))
    expect(page.get_by_role("tabpanel")).to_be_visible()
    settle(page)
    assert violations(page) == []


def test_the_header_tells_where_a_run_comes_from(visit: Open, family: Family) -> None:
    """Re-run, resumed and repeated runs link to the earlier one and say what was changed."""
    page = visit(at(family.resumed))
    header = page.get_by_role("definition").first
    expect(page.get_by_text("Resumed from")).to_be_visible()
    expect(header).to_contain_text("at step 19 with lr = 0.02")
    header.get_by_role("link", name="compare").click()
    page.wait_for_url(f"**/compare?r={family.original},{family.resumed}")
    page = visit(at(family.rerun))
    expect(page.get_by_text("Re-run of")).to_be_visible()
    expect(page.get_by_role("definition").first).to_contain_text("did not reproduce")
    page.get_by_role("link", name="figure-6", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("figure-6")
    page = visit(at(family.orphan))
    expect(page.get_by_text("(not in this lab)")).to_be_visible()


def test_a_missing_reason_can_be_given(visit: Open, family: Family) -> None:
    """Without a reason the header says so; one that is given stays."""
    page = visit(at(family.rerun))
    expect(page.get_by_text("no reason was given")).to_be_visible()
    page.get_by_role("button", name="Add one: the reason").click()
    page.get_by_role("textbox", name="Why this run was made").fill("to check the figure")
    page.keyboard.press("Enter")
    expect(page.get_by_text("to check the figure")).to_be_visible()
    again = visit(at(family.rerun))
    expect(again.get_by_text("to check the figure")).to_be_visible()
    expect(visit(at(family.original)).get_by_text("does the small rate win?")).to_be_visible()


def test_the_command_that_repeats_a_run_is_copied(visit: Open, family: Family) -> None:
    """One click puts `peira rerun <id>` on the clipboard and says so."""
    page = visit(at(family.original))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Reproduce").click()
    command = f"peira rerun {family.original}"
    expect(page.get_by_text(f"{command} copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == command


def test_a_verification_shows_its_word_and_its_numbers(visit: Open, family: Family) -> None:
    """Outcome in words, what decided it, the numbers, and whether the run is deterministic."""
    page = visit(at(family.original, "lineage"))
    panel = page.get_by_role("region", name="Verification")
    expect(panel.get_by_role("heading", name="did not reproduce")).to_be_visible()
    expect(panel).to_contain_text("val/acc lies outside what this recipe gives")
    expect(panel).to_contain_text("largest relative difference 0.25 (val/acc)")
    expect(panel).to_contain_text("others in out.bin")
    expect(panel).to_contain_text("numpy 2.1.0: 2.1.1 was taken")
    panel.get_by_text("1 metric differs").click()
    expect(panel.get_by_role("row").filter(has_text="val/acc")).to_contain_text("outside")
    expect(panel).to_contain_text("Not deterministic on tower")
    expect(panel).to_contain_text("torch.use_deterministic_algorithms(True)")
    panel.get_by_role("link", name="figure-6-rerun").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("figure-6-rerun")
    other = visit(at(family.resumed, "lineage"))
    expect(other.get_by_text("Nobody has re-run this.")).to_be_visible()


def test_the_lineage_graph_is_walked_by_keys(visit: Open, family: Family) -> None:
    """Arrows follow the links, Enter opens a run or unfolds what is alike."""
    page = visit(at(family.original, "lineage"))
    graph = page.get_by_role("group", name=re.compile("Lineage as a graph"))
    here = graph.get_by_role("link", name=re.compile("figure-6, run.*this run"))
    here.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(":focus")).to_have_attribute("aria-label", re.compile("data.csv|locale"))
    page.keyboard.press("ArrowRight")
    expect(page.locator(":focus")).to_have_attribute("aria-label", re.compile("run"))
    here.focus()
    folded = graph.get_by_role("button", name=re.compile("^3 checkpoints")).first
    folded.click()
    expect(graph.get_by_role("link", name=re.compile("^step 39, checkpoint")).first).to_be_visible()
    graph.get_by_role("link", name=re.compile("^figure-6-longer, run")).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("figure-6-longer")


def test_the_lineage_graph_has_a_table_twin(visit: Open, family: Family) -> None:
    """The table says in words what the arrows show."""
    page = visit(at(family.original, "lineage"))
    page.get_by_role("button", name="Table").click()
    table = page.get_by_role("region", name="Lineage as a table")
    expect(table.get_by_role("row").filter(has_text="was re-run as")).to_contain_text(
        "figure-6-rerun"
    )
    expect(table.get_by_role("row").filter(has_text="was read by").first).to_be_visible()


def test_checkpoints_are_listed_with_step_and_metric(visit: Open, family: Family) -> None:
    """Latest first, each with its metric and the command that goes on from it."""
    page = visit(at(family.original, "lineage"))
    rows = page.get_by_role("region", name="Checkpoints").first.get_by_role("row")
    expect(rows).to_have_count(5)
    expect(rows.nth(1)).to_contain_text("39")
    expect(rows.nth(1)).to_contain_text("0.39")
    resume = f"peira resume {family.original} --from 39"
    expect(rows.nth(1).get_by_role("button", name=resume)).to_be_visible()


def test_files_are_told_by_role_and_certainty(visit: Open, family: Family) -> None:
    """Sources, inputs and outputs; what another process may have opened is a maybe."""
    page = visit(at(family.original, "files"))
    inputs = page.get_by_role("region", name="Inputs").last
    expect(inputs.get_by_role("row").filter(has_text="data.csv")).to_contain_text("certain")
    expect(inputs.get_by_role("row").filter(has_text="locale")).to_contain_text("maybe")
    expect(page.get_by_text("7 more were met")).to_be_visible()


def test_a_kept_text_opens_as_text(visit: Open, family: Family) -> None:
    """Nothing in it is interpreted; what is no text says so."""
    page = visit(at(family.original, "files"))
    page.get_by_role("button", name="train.py", exact=True).click()
    text = page.get_by_role("region", name="Text of train.py")
    expect(text).to_contain_text("<img src=x onerror=alert(1)>")
    assert page.locator("img").count() == 0
    page.keyboard.press("Escape")
    expect(text).to_have_count(0)
    page.get_by_role("button", name="out.bin", exact=True).click()
    expect(page.get_by_text("This is not a text.")).to_be_visible()


def test_a_resumed_run_shows_what_it_inherited(visit: Open, family: Family) -> None:
    """Curves are joined at each fork, and a switch takes the inherited part away."""
    page = visit(at(family.again, "charts"))
    chart = page.locator("[data-metric='val/acc']")
    picture = chart.get_by_role("img")
    expect(picture).to_have_attribute("aria-label", re.compile("from 0 to 89, 2 curves"))
    expect(chart).to_contain_text("1 run, joined to 2 before it")
    page.get_by_role("switch", name=re.compile("Show inherited")).uncheck()
    expect(picture).to_have_attribute("aria-label", re.compile("from 50 to 89, 1 curve"))
    expect(visit(at(family.original, "charts")).get_by_role("switch")).to_have_count(0)


def test_the_way_here_can_be_read_on_a_phone(visit: Open, served: Served) -> None:
    """The breadcrumb has room beside the screens of the project."""
    page = visit(f"p/digits/r/{served.told}", width=420)
    way = page.get_by_role("navigation", name="Breadcrumb")
    for crumb in (way.get_by_role("link", name="digits", exact=True), way.get_by_text("told")):
        box = crumb.bounding_box()
        assert box is not None and box["width"] > 20

"""The Sweep screen: how far, how good, which trials, and what people decide."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import msgspec
import pytest
from playwright.sync_api import Locator, Page, expect

import peira
from peira.core import ids
from peira.core.clock import now_s
from peira.objective import Trial
from peira.record import liveness
from peira.record.folder import write_atomically
from peira.sweeps.folder import find_sweep
from peira.sweeps.records import Member
from tests.browser.conftest import Open, Served, settle
from tests.browser.test_screens import violations

pytestmark = pytest.mark.browser
PROJECT = "swept"
TRIALS = 24


def objective(trial: Trial) -> float:
    """Kernel 5 is the best; every sixth trial is pruned, one fails."""
    lr, kernel = trial["lr"], trial["kernel_size"]
    assert isinstance(lr, float)
    if trial.number == 7:
        raise ValueError("no convergence")
    if trial.number % 6 == 5:
        peira.log({"val/loss": 9.0})
        raise peira.Pruned
    return abs(lr - 0.3) + (kernel != 5)


@pytest.fixture(scope="module")
def swept(served: Served) -> Iterator[str]:
    """A finished sweep of 24 trials; returns its id."""
    before = os.getcwd()  # noqa: PTH109 - to go back to
    os.chdir(served.root)
    try:
        result = peira.sweep(
            objective,
            ["lr=float(0,1)", "kernel_size=3,5,7", "momentum=float(0,1) if kernel_size == 3"],
            minimize="val/loss",
            trials=TRIALS,
            sampler="random",
            seed=4,
            name="keen-heron",
            project=PROJECT,
            why="which kernel",
        )
        yield result.id
    finally:
        os.chdir(before)


def screen(sweep: str, search: str = "") -> str:
    return f"p/{PROJECT}/sweeps/{sweep}{search}"


def trials(page: Page) -> Locator:
    return page.get_by_role("table", name="Trials", exact=True)


def rows(page: Page, count: int) -> None:
    expect(trials(page)).to_have_attribute("aria-rowcount", str(count + 1))


def test_the_list_opens_and_passes_axe(visit: Open, swept: str) -> None:
    """A sweep with its progress and best value; its name opens it."""
    page = visit(f"p/{PROJECT}/sweeps")
    row = page.get_by_role("row").filter(has_text="keen-heron")
    expect(row).to_contain_text("24 of 24")
    expect(row.get_by_role("img")).to_have_attribute("aria-label", re.compile("4 pruned, 1 failed"))
    assert violations(page) == []
    page.get_by_role("link", name="keen-heron").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("keen-heron")


def test_a_sweep_opens_and_passes_axe(visit: Open, swept: str) -> None:
    """Curve, candidate, picture, trials and importance."""
    page = visit(screen(swept))
    expect(page.get_by_role("img", name="Best so far")).to_be_visible()
    expect(page.get_by_role("img", name="Parallel coordinates of 20 runs")).to_be_visible()
    rows(page, TRIALS)
    settle(page)
    assert violations(page) == []


def test_the_best_comes_first_and_pruned_trials_stand_apart(visit: Open, swept: str) -> None:
    """Without a sort the candidate leads, and what was cut short or failed is at the end."""
    page = visit(screen(swept))
    rows(page, TRIALS)
    first = trials(page).get_by_role("row").nth(1)
    candidate = page.get_by_role("heading", name="Candidate").inner_text().partition("trial ")[2]
    expect(first.get_by_role("cell").first).to_have_text(candidate)
    expect(
        page.get_by_text("not corrected for that: no trial kept per-sample results")
    ).to_be_visible()
    page.get_by_role("button", name="pruned 4").click()
    rows(page, 4)
    expect(page).to_have_url(re.compile("st=pruned"))
    expect(page.get_by_role("img", name="Parallel coordinates of 24 runs")).to_be_visible()
    page.go_back()
    rows(page, TRIALS)


def test_a_brush_filters_the_trials_and_the_address_brings_it_back(visit: Open, swept: str) -> None:
    """What is brushed in the picture is what the table shows."""
    page = visit(screen(swept, "?br=kernel_size+%3D+5"))
    picture = page.get_by_role("img", name="Parallel coordinates")
    expect(picture).to_have_attribute("aria-label", re.compile(r"\d+ of them are brushed"))
    said = picture.get_attribute("aria-label") or ""
    held = int(re.findall(r"(\d+) of them are brushed", said)[0])
    rows(page, held)
    page.get_by_role("button", name="Clear brush").click()
    rows(page, TRIALS)


def test_the_same_is_there_as_csv_and_json(visit: Open, swept: str, served: Served) -> None:
    """Behind the address, with a row a trial."""
    page = visit(screen(swept))
    answer = page.request.get(served.server.address + screen(swept) + ".csv")
    lines = answer.text().splitlines()
    assert len(lines) == TRIALS + 1
    assert lines[0].startswith("trial,state,val/loss,best_so_far,params.lr,")
    found = page.request.get(served.server.address + screen(swept) + ".json").json()
    assert found["sweep"]["counts"]["pruned"] == 4
    listed = page.request.get(served.server.address + f"p/{PROJECT}/sweeps.json").json()
    assert [row["name"] for row in listed["sweeps"]] == ["keen-heron"]


def test_controls_are_there_while_a_worker_listens(visit: Open, swept: str, served: Served) -> None:
    """Without one the command that goes on is told; with one its sweep is extended and paused."""
    page = visit(screen(swept))
    expect(page.get_by_text("peira sweep extend keen-heron --trials 20")).to_be_visible()
    folder = find_sweep(served.root / ".peira", swept)
    member = folder.workers / f"{ids.new_writer_id()}.json"
    write_atomically(member, sign_of_life(member.stem))
    try:
        page.reload()
        page.get_by_role("button", name="Extend").click()
        page.get_by_label("Trials more").fill("6")
        page.get_by_role("button", name="Extend", exact=True).last.click()
        expect(page.get_by_text("24 of 30")).to_be_visible()
        page.get_by_role("button", name="Pause").click()
        expect(page.get_by_role("button", name="Resume")).to_be_visible()
        page.get_by_role("button", name="Stop").click()
        expect(page.locator("header").get_by_text("stopped")).to_be_visible()
    finally:
        member.unlink()


def sign_of_life(writer: str) -> bytes:
    """A sign of life of a worker that is this process."""
    pid = os.getpid()
    return msgspec.json.encode(
        Member(
            writer=writer, host=liveness.host(), boot=liveness.boot_id(), pid=pid,
            pid_started=liveness.process_started(pid), time=now_s(),
        )
    )  # fmt: skip

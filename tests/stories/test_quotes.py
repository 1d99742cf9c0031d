"""Five questions that people ask about experiments, each answered by a command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.project import Project


@pytest.fixture(params=[True, False], ids=["git", "no-git"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Project]:
    return Project(tmp_path / "project", git=request.param)


def test_how_did_they_get_that_result(project: Project) -> None:
    """`peira show` answers with command, params, why, code as it was, data and outputs."""
    project.edit("train.py", "range(3)", "range(2)")  # not committed
    run = project.run("result", "--lr", "0.02")
    shown = project.json("show", run)
    assert shown["why"] == "story of result"
    assert shown["command"][1:] == ["train.py", "--lr", "0.02"]
    assert shown["params"]["lr"] == 0.02 and shown["params"]["seed"] == 0
    sources = {file["path"]: file for file in shown["files"]["source"]["files"]}
    assert sources["train.py"]["kept"] and sources["prepare.py"]["kept"]
    assert [f["path"] for f in shown["files"]["input"]["files"]] == ["digits.csv"]
    assert "figure6.svg" in {f["path"] for f in shown["files"]["output"]["files"]}
    if project.git:
        assert "range(2)" in shown["captured"]["code"]["git"]["diff"]


def test_same_parameters_different_result(project: Project) -> None:
    """`peira why` names the helper that was edited between two runs of equal parameters."""
    before = project.run("before")
    project.edit("prepare.py", "16.0", "8.0")
    after = project.run("after")
    causes = project.json("why", before, after)["causes"]
    assert causes[0]["kind"] == "code" and "prepare.py" in causes[0]["name"]


def test_which_code_made_figure_6(project: Project) -> None:
    """`peira lineage FILE` finds the run that wrote this very file, whatever came after."""
    run = project.run("figure")
    figure = (project.folder / "figure6.svg").read_bytes()
    project.edit("train.py", "options.lr", "2 * options.lr")
    project.run("later")
    copy = project.folder.parent / "paper" / "fig6.svg"
    copy.parent.mkdir()
    copy.write_bytes(figure)
    told = project.peira("lineage", str(copy)).stdout
    assert "figure" in told and run in told and "later" not in told
    project.peira("restore", run, "restored", "--no-env")
    restored = (project.folder / "restored" / "train.py").read_text()
    assert "eta0=options.lr" in restored


def test_a_new_colleague_reproduces_it(project: Project) -> None:
    """After everything has changed, `peira rerun --verify` gives the very same numbers."""
    run = project.run("original", "--lr", "0.02")
    project.edit("prepare.py", "16.0", "4.0")
    (project.folder / "digits.csv").unlink()
    verdict = project.json("rerun", run, "--verify", "--no-env")
    assert verdict["verdict"]["outcome"] == "exact"
    assert "reproduced exactly" in project.peira("show", run).stdout.lower()


def test_it_worked_yesterday(tmp_path: Path) -> None:
    """`peira why --bisect` runs mixes of good and bad, and names the one line that did it."""
    project = Project(tmp_path / "project", git=True)
    good = project.run("yesterday")
    project.edit("prepare.py", "16.0", "1.0")
    project.edit("train.py", '"""Train a linear model on the digits."""', '"""Train."""')
    bad = project.run("today")
    found = project.json("why", good, bad, "--bisect", "--no-env")
    (cause,) = found["causes"]
    assert found["ending"] == "cause" and "prepare.py" in cause["name"]

"""The repeat guard on a real project: the same again, and what makes it another thing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from peira.lab.lab import Lab
from tests.sdk.reading import environment

TRAIN = """
import argparse
import random

import numpy
import tinypack

import helper

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--fail", action="store_true")
given = parser.parse_args()
random.seed(given.seed)
rows = numpy.loadtxt("data.csv", delimiter=",")
print("val/acc:", round(helper.score(rows) + given.lr * random.random(), 4))
if given.fail:
    raise ValueError("no luck")
"""
HELPER = '''
"""Scores."""


def score(rows):
    return float(rows.mean())  # of all
'''


class Said(NamedTuple):
    """How a call of `peira run` ended, what it said, and whether the program ran."""

    code: int
    text: str
    out: str

    @property
    def has_run(self) -> bool:
        return "val/acc" in self.out


class Project:
    """A project with a package of its own environment beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def lab(self) -> Path:
        return self.folder / ".peira"

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def install(self, version: str) -> None:
        """Put `tinypack` of that version where Python finds it."""
        packages = self.folder / "env" / "site-packages"
        shutil.rmtree(packages, ignore_errors=True)
        info = packages / f"tinypack-{version}.dist-info"
        info.mkdir(parents=True)
        (packages / "tinypack.py").write_text("")
        (info / "METADATA").write_text(f"Name: tinypack\nVersion: {version}\n")
        (info / "RECORD").write_text("tinypack.py,,\n")

    def run(self, *words: str, stdin: str = "") -> Said:
        """`peira run <words>`; the script stands among them."""
        return self.start("-m", "peira", "run", *words, stdin=stdin)

    def start(self, *words: str, stdin: str = "", **variables: str) -> Said:
        """Start Python in the project."""
        path = str(self.folder / "env" / "site-packages")
        given = {"PYTHONPATH": path, "PEIRA_PROJECT": "digits", **variables}
        done = subprocess.run(
            [sys.executable, *words],
            cwd=self.folder, env=environment(self.lab, **given), input=stdin,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        return Said(done.returncode, done.stderr, done.stdout)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project with one finished run of `train.py --seed 1` and one that failed."""
    project = Project(tmp_path_factory.mktemp("recorded"))
    project.write("train.py", TRAIN)
    project.write("helper.py", HELPER)
    project.write("data.csv", "1,2\n3,4\n")
    project.install("1.0")
    first = project.run("--name", "brisk-otter", "train.py", "--seed", "1")
    assert (first.code, first.has_run) == (0, True), first
    assert "peira: " + first.text.split("peira: ")[1] == first.text, first  # one line, of the end
    failed = project.run("--name", "sad-fox", "train.py", "--seed", "1", "--fail")
    assert failed.code == 1, failed
    yield project


@pytest.fixture
def project(recorded: Project, tmp_path: Path) -> Project:
    """A copy of that project and its lab, somewhere else."""
    shutil.copytree(recorded.folder, tmp_path / "copy")
    return Project(tmp_path / "copy")


SKIP = ("--on-repeat", "skip", "train.py")


def test_the_same_again_is_announced_and_runs(project: Project) -> None:
    """By default it is one line, before the program starts, with the result of the first."""
    said = project.run("train.py", "--seed=1")
    assert (said.code, said.has_run) == (0, True)
    lines = said.text.splitlines()
    assert lines[0].startswith("peira: this is an exact repeat of brisk-otter (")
    assert "val/acc 2.5" in lines[0] and "--reuse" in lines[0] and len(lines) == 2, said.text


def test_a_file_that_came_to_a_folder_of_data_may_be_read(project: Project) -> None:
    """A script that reads all of a folder is not skipped when there is more in it."""
    project.write("train.py", "import glob, random\nrandom.seed(1)\n"
                  "rows = [open(name).read() for name in glob.glob('*.txt')]\n"
                  "print('val/acc:', len(rows))\n")  # fmt: skip
    for name in ("a.txt", "b.txt", "notes.md"):
        project.write(name, name)
    assert project.run("train.py").out == "val/acc: 2\n"
    project.write("more.md", "of another kind")
    assert not project.run(*SKIP).has_run
    project.write("c.txt", "c")
    assert project.run(*SKIP).out == "val/acc: 3\n"


def test_a_place_of_output_that_is_read_from_counts(project: Project) -> None:
    """`--run-dir` is where a training writes, and what an evaluation reads."""
    script = "import argparse, random\nrandom.seed(0)\np = argparse.ArgumentParser()\n"
    script += "p.add_argument('--run-dir')\nplace = p.parse_args().run_dir\n"
    project.write("train.py", script + "print('val/acc:', open(place + '/w.txt').read())\n")
    for name in ("3", "4"):
        (project.folder / "runs" / name).mkdir(parents=True)
        project.write(f"runs/{name}/w.txt", name)
    assert project.run("train.py", "--run-dir", "runs/3").out == "val/acc: 3\n"
    assert project.run(*SKIP, "--run-dir", "runs/4").out == "val/acc: 4\n"
    assert not project.run(*SKIP, "--run-dir", "runs/3").has_run
    assert project.run(*SKIP).code == 1  # it does run, and fails without its default


def test_what_comes_by_standard_input_is_not_known(project: Project) -> None:
    """A program that reads it is never called a repeat, before it runs or at its end."""
    script = "import random, sys\nrandom.seed(0)\nprint('val/acc:', sys.stdin.read())\n"
    project.write("train.py", script)
    for text in ("1", "2", "2"):
        said = project.run(*SKIP, stdin=text)
        assert said.out == f"val/acc: {text}\n" and "repeat" not in said.text, said


def test_skip_names_the_earlier_run(project: Project) -> None:
    """Nothing runs, nothing is recorded, and the exit code is 0."""
    said = project.run(*SKIP, "--seed", "1")
    assert (said.code, said.has_run) == (0, False)
    assert said.text.startswith("peira: skipped: an exact repeat of brisk-otter (")
    with Lab(project.lab) as lab:
        assert len(lab.runs()) == 2


def test_refuse_has_an_exit_code_of_its_own(project: Project) -> None:
    """And says how to go on."""
    said = project.start("-m", "peira", "run", "train.py", "--seed", "1", PEIRA_ON_REPEAT="refuse")
    assert (said.code, said.has_run) == (5, False)
    assert "exact repeat of brisk-otter" in said.text and "hint: " in said.text
    assert "--repeat" in said.text and "--reuse" in said.text


def test_reuse_prints_the_earlier_run(project: Project) -> None:
    """Its id alone is on standard output, for programs; what was not run before runs."""
    with Lab(project.lab) as lab:
        earlier = lab.run("brisk-otter").id
    said = project.run("--reuse", "train.py", "--seed", "1")
    assert (said.code, said.out) == (0, f"{earlier}\n")
    assert project.run("--reuse", "train.py", "--seed", "2").has_run


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("helper.py", HELPER.replace("  # of all", "").replace("rows.mean()", "(rows.mean())")),
        ("train.py", TRAIN + "\n# the end\n"),
    ],
)
def test_comments_and_layout_are_a_disguise(project: Project, name: str, change: str) -> None:
    """The code is another text and means the same."""
    project.write(name, change)
    said = project.run(*SKIP, "--seed", "1")
    assert not said.has_run and "only in layout and comments" in said.text, said.text


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("helper.py", HELPER.replace("mean", "max")),
        ("data.csv", "1,2\n3,5\n"),
        ("train.py", TRAIN.replace("default=0.1", "default=0.2")),
    ],
)
def test_other_code_or_data_is_another_experiment(project: Project, name: str, change: str) -> None:
    """A helper module, one byte of the data, a default: no alarm."""
    project.write(name, change)
    said = project.run(*SKIP, "--seed", "1")
    assert said.has_run and "repeat" not in said.text, said.text


def test_a_touched_file_is_the_same(project: Project) -> None:
    """Time says nothing about content."""
    for name in ("train.py", "helper.py", "data.csv"):
        (project.folder / name).touch()
    assert not project.run(*SKIP, "--seed", "1").has_run


def test_another_seed_is_silent_evidence(project: Project) -> None:
    """No alarm on replicates, and `peira show` counts them."""
    said = project.run(*SKIP, "--seed", "2")
    assert said.has_run and len(said.text.splitlines()) == 1, said.text
    shown = project.start("-m", "peira", "show", "brisk-otter")
    assert "1 replicate" in shown.out


def test_another_version_of_a_package_is_told(project: Project) -> None:
    """It runs, as an attempt to reproduce."""
    project.install("1.1")
    said = project.run(*SKIP, "--seed", "1")
    assert said.has_run and "in another environment (tinypack 1.0 → 1.1)" in said.text, said.text


def test_one_choice_changed_lists_the_nearest(project: Project) -> None:
    """With what would change; the default is known from the run itself."""
    said = project.run(*SKIP, "--seed", "1", "--lr", "0.2")
    assert said.has_run
    assert "nearest: brisk-otter (lr 0.1 → 0.2, " in said.text, said.text
    assert not project.run(*SKIP, "--seed", "1", "--lr", "1e-1").has_run


def test_a_failed_run_is_not_done(project: Project) -> None:
    """It is told that it failed, and how; and it runs."""
    said = project.run(*SKIP, "--seed", "1", "--fail")
    assert said.has_run and "failed before: sad-fox (" in said.text, said.text


def test_what_is_meant_is_recorded_and_not_warned_about(project: Project) -> None:
    """A reason makes a repeat meant; `--repeat` makes several, each of them a run."""
    said = project.run("--why", "is it deterministic?", "train.py", "--seed", "1")
    assert said.has_run and "exact repeat" not in said.text, said.text
    said = project.run("--repeat", "2", "train.py", "--seed", "7")
    assert said.out.count("val/acc") == 2 and "exact repeat" not in said.text, said.text
    with Lab(project.lab) as lab:
        second, first, meant, *_ = lab.runs()
        assert (meant.origin_how, meant.origin) == ("repeat", lab.run("brisk-otter").id)
        assert meant.captured("repeat")["is_meant"]
        assert (first.origin_how, second.origin_how, second.origin) == (None, "repeat", first.id)
        assert str(lab.replicates(first)).endswith("1 exact repeat")


SDK = """
import os, sys, time
import peira

run = peira.init("sdk", params={"lr": 0.1, "seed": int(sys.argv[1])}, console=False, monitor=False)
run.log({"acc": 0.5})
open("data.csv").read()
time.sleep(float(os.environ["PEIRA_SECONDS"]))
"""


@pytest.mark.parametrize("seconds", ["0", "3"])
def test_an_sdk_run_is_told_in_one_line(project: Project, seconds: str) -> None:
    """Beside training once its params are still, at the end of a short run; no replicate is."""
    project.write("sdk.py", SDK)
    assert "repeat" not in project.start("sdk.py", "1", PEIRA_SECONDS="0").text
    said = project.start("sdk.py", "1", PEIRA_SECONDS=seconds).text
    assert said.count("this is an exact repeat of") == 1, said
    assert said.index("exact repeat") < said.index("finished") or seconds == "0"
    assert "repeat" not in project.start("sdk.py", "2", PEIRA_SECONDS="0").text

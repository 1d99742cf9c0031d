"""The files and seeds of a launched program, whatever it is written in."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.capture.told import told_files, told_seeds
from tests.launch.conftest import Started

GIT = ("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org")

PROGRAM = """
import random, subprocess, sys
import helper
random.seed(helper.SEED)
data = open('data/train.csv').read()
subprocess.run([sys.executable, '-c', 'open("data/child.csv").read()'])
subprocess.run(['cat', 'data/cat.csv'])
open('model.bin', 'w').write(data)
open('model.bin').read()
"""


def make(folder: Path) -> None:
    """A small project: a program, a module of its own, data."""
    (folder / "data").mkdir()
    for name in ("train", "child", "cat"):
        (folder / "data" / f"{name}.csv").write_text(name)
    (folder / "train.py").write_text(PROGRAM)
    (folder / "helper.py").write_text("SEED = 5\n")


def names(files: dict[str, object], folder: Path) -> set[str]:
    return {str(Path(path).relative_to(folder)) for path in files}


def test_a_python_program(peira_run: Started, lab: Path) -> None:
    """Its modules, what it and its children opened, what it wrote, its seeds; git is not needed."""
    make(lab.parent)
    done = peira_run("train.py")
    assert done.returncode == 0, done.stderr
    sources, inputs, outputs = (told_files(lab, r) for r in ("source", "input", "output"))
    assert names({**sources}, lab.parent) == {"train.py", "helper.py"}
    assert names({**inputs}, lab.parent) == {"data/train.csv", "data/child.csv", "data/cat.csv"}
    assert [f.is_sure for f in inputs.values()].count(False) == 1  # what `cat` opened
    assert names({**outputs}, lab.parent) == {"model.bin"}
    assert all(file.kept for file in (*sources.values(), *inputs.values(), *outputs.values()))
    assert told_seeds(lab) == {"random": [5]}
    assert not [*lab.glob("runs/*/spool")]


def test_what_the_commit_holds_is_marked(peira_run: Started, lab: Path) -> None:
    """An edited helper is not what the commit holds, and is kept."""
    make(lab.parent)
    for words in (["init", "-q"], ["add", "*.py"], ["commit", "-q", "-m", "first"]):
        subprocess.run([*GIT, *words], cwd=lab.parent, check=True)
    (lab.parent / "helper.py").write_text("SEED = 6\n")
    peira_run("train.py")
    told = {file.path: file for file in told_files(lab, "source").values()}
    assert told["train.py"].tracked and not told["helper.py"].tracked and told["helper.py"].kept


def test_a_program_in_another_language(peira_run: Started, lab: Path) -> None:
    """The watch sees what it opens, from its first line on; its script and what that reads in."""
    make(lab.parent)
    script = lab.parent / "fit.sh"
    script.write_text("#!/bin/sh\n. ./lib.sh\ncat data/train.csv > out.txt\n")
    script.chmod(0o755)
    (lab.parent / "lib.sh").write_text("A=1\n")
    assert peira_run("./fit.sh").returncode == 0
    sources = {file.path: file for file in told_files(lab, "source").values()}
    assert set(sources) == {"fit.sh", "lib.sh"}
    assert sources["fit.sh"].is_sure and not sources["lib.sh"].is_sure
    assert names({**told_files(lab, "input")}, lab.parent) == {"data/train.csv"}
    assert names({**told_files(lab, "output")}, lab.parent) == {"out.txt"}


def test_a_run_within_a_launched_program_is_told_once(peira_run: Started, lab: Path) -> None:
    """`peira.init()` there joins the run: its files are told by the launcher alone."""
    make(lab.parent)
    (lab.parent / "train.py").write_text("import peira; peira.init(); open('data/train.csv')")
    peira_run("train.py")
    told = told_files(lab, "input")
    assert names({**told}, lab.parent) == {"data/train.csv"} and told_files(lab, "source")
    assert len([*lab.glob("runs/*")]) == 1


def test_a_killed_program_has_told_its_files(peira_run: Started, lab: Path) -> None:
    """`kill -9` hides nothing that it had opened or imported."""
    make(lab.parent)
    (lab.parent / "train.py").write_text(
        "import helper, os\nopen('data/train.csv').read()\nos.kill(os.getpid(), 9)"
    )
    peira_run("train.py")
    assert names({**told_files(lab, "source")}, lab.parent) == {"train.py", "helper.py"}
    assert names({**told_files(lab, "input")}, lab.parent) == {"data/train.csv"}

"""The files and seeds of runs that a process records itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import peira
from peira.capture import files
from peira.lab.lab import Lab
from tests.capture.told import told_files, told_seeds
from tests.sdk.reading import run_program

QUIET = "init(console=False, monitor=False, strict=True)"


def test_data_of_before_the_run_is_recorded(lab: Path) -> None:
    """With `import peira` above it, as scripts are written; the seed, too."""
    (lab.parent / "data.csv").write_text("1,2\n")
    done = run_program(
        lab,
        "import peira, random\n"
        "data = open('data.csv').read(); random.seed(3)\n"
        f"peira.{QUIET}; random.seed(4)",
    )
    assert not done.returncode, done.stderr
    assert [*told_files(lab, "input")] == [str(lab.parent / "data.csv")]
    assert told_seeds(lab) == {"random": [3, 4]}
    (source,) = told_files(lab, "source").values()
    assert source.kept and source.path.startswith("program")


def test_each_run_of_a_process_tells_its_seeds(lab: Path) -> None:
    """Also when the second one sets the same seed again."""
    text = f"import peira, random\nfor _ in range(2):\n    with peira.{QUIET}: random.seed(3)"
    run_program(lab, text)
    assert told_seeds(lab) == {"random": [3]}


def test_fork_children_tell_what_they_open(lab: Path) -> None:
    """Workers of a data loader read the data; nothing of the way there remains."""
    for number in range(3):
        (lab.parent / f"{number}.csv").write_text("1")
    run_program(
        lab,
        f"import multiprocessing, pathlib, peira\nrun = peira.{QUIET}\n"
        "with multiprocessing.get_context('fork').Pool(3) as pool:\n"
        "    pool.map(pathlib.Path.read_text, map(pathlib.Path, ('0.csv', '1.csv', '2.csv')))",
    )
    told = told_files(lab, "input")
    assert {Path(path).name for path in told} == {"0.csv", "1.csv", "2.csv"}
    assert all(file.is_sure for file in told.values())
    assert not [*lab.glob("runs/*/spool")]


def test_without_recording_nothing_is_put_into_the_process(lab: Path) -> None:
    """`PEIRA_OFF`: no function is wrapped, no hook told."""
    text = (
        "import random; seed = random.seed; import peira; peira.init(); print(seed is random.seed)"
    )
    assert run_program(lab, text, PEIRA_OFF="1").stdout == "True\n"


def test_very_many_files_are_found_in_their_listing(
    lab: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader gets those that were told one by one, and asks for all of them."""
    monkeypatch.setattr(files, "LISTED_MAX", 3)
    monkeypatch.setenv("PEIRA_LEAVE_OUT", "code,packages")
    with peira.init(console=False, monitor=False, strict=True):
        for number in range(8):
            Path(f"{number}.txt").write_text(f"{number}")
    with Lab(lab) as opened_lab:
        (record,) = opened_lab.runs()
        assert len(record.files("output")) == 3 and record.files_omitted("output") == 5
        assert len(record.every_file("output")) == 8
        assert record.files_listing("input") is None or record.every_file("input")


def test_a_fork_waits_while_peira_imports(lab: Path) -> None:
    """A child that needs a module which a thread of Peira was importing does not hang (P15)."""
    text = (
        "import os, sys, peira\n"
        "peira.init(console=False)\n"
        "for _ in range(20):\n"
        "    pid = os.fork()\n"
        "    if pid == 0:\n"
        "        import json, subprocess, ctypes, hashlib, blake3, psutil, platform\n"
        "        os._exit(0)\n"
        "    os.waitpid(pid, 0)\n"
    )
    assert run_program(lab, text, timeout_s=50).returncode == 0


def test_the_command_line_of_peira_observes_nothing(lab: Path) -> None:
    """It is no program that trains: what it opens is told to nobody."""
    code = "from peira.cli import main; from peira.capture.hook.memory import MEMORY as m\n"
    code += "import sys; sys.argv = ['peira', '--help']\ntry: main()\nexcept SystemExit: pass\n"
    code += "open('x', 'w').close(); print(any('/x' in str(f) for f in m.facts))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=lab.parent, env=os.environ, capture_output=True, text=True
    )
    assert done.stdout.endswith("False\n"), done.stderr

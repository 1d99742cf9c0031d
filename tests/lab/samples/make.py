"""Make the stored sample of the current format: `python -m tests.lab.samples.make format-1`.

A sample is made once, when a format is released, and never changed: it stands for the labs that
people have. The next format gets a folder of its own, made by what this script then is.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from peira.lab.lab import Lab
from peira.record import events
from tests.lab.writing import QUESTIONS, START, RunFiles, facts

FOLDER = Path(__file__).parent


def make(root: Path) -> None:
    """Write a sealed run, a damaged one with two writers, and a journal."""
    sealed = RunFiles(root, "sealed", run_id="59ksbm000001", why="to be kept")
    sealed.params(lr=1e-3, layers=3, name="cnn", flag=True, nothing=None, many=[1, 2])
    sealed.event(events.Tags(time=START, add=["baseline"]))
    for value in (0.1, float("nan"), -0.0, float("inf"), 1e308):
        sealed.log({"loss": value, "val/acc": value / 2})
    sealed.end()
    with Lab(root) as lab:
        lab.catch_up()
        lab.seal()
    silent = RunFiles(root, "silent", run_id="59ksbm000002", group="g")
    silent.log_many("loss", [3.0, 2.0, 1.0])
    silent.append("points.jsonl", b"[0,9,damaged\n")
    silent.log_many("loss", [0.5])
    silent.log_many("loss", [9.0], writer="0a1b2c")
    silent.event(events.Alert(time=START, title="look", level="info"))
    with Lab(root) as lab:
        lab.catch_up()
        lab.journal.by, lab.journal.writer = "ada", "ada@lab"
        lab.tag(sealed.id, "paper")
        lab.rename(silent.id, "renamed")
        lab.set_goal("p", {"metric": "val/acc", "direction": "max"})
    for path in (root / "index.db", root / "index.db.lock", root / "seal.lock"):
        path.unlink(missing_ok=True)


def answers(root: Path) -> dict[str, Any]:
    """Return what a lab answers, in words that JSON can hold."""
    with Lab(root) as lab:
        lab.catch_up()
        told = [
            [[repr(cell) for cell in row] for row in rows]
            for question, rows in zip(QUESTIONS, facts(lab), strict=True)
            if "overview" not in question  # a cache: its bytes may change
        ]
        series = {
            f"{run}/{key}": [
                found.steps.tolist(),
                [repr(time_s) for time_s in found.times.tolist()],
                [repr(value) for value in found.values.tolist()],
                found.writers.tolist(),
            ]
            for run in ("59ksbm000001", "59ksbm000002")
            for key in lab.points.keys(run)
            for found in [lab.series(run, key)]
        }
    return {"facts": told, "series": series}


def main() -> None:
    """Write the sample and its answers into a folder beside this file."""
    folder = FOLDER / sys.argv[1]
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / ".peira"
        make(root)
        (root / ".gitignore").unlink()
        shutil.copytree(root, folder / "lab")
        told = json.dumps(answers(opened(folder, Path(name) / "copy")), indent=1)
        (folder / "answers.json").write_text(told + "\n")


def opened(sample: Path, place: Path) -> Path:
    """Return a copy of a sample's lab that may be written, last touched long ago."""
    root = place / ".peira"
    shutil.copytree(sample / "lab", root)
    for path in root.rglob("*"):
        os.utime(path, (START, START))
    return root


if __name__ == "__main__":
    main()

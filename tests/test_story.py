"""The main job from end to end, as a user does it: a script that is run, a run that is found."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from peira.lab.lab import Lab

SCRIPT = """
import peira

run = peira.init("story", params={"lr": 0.1, "model": {"depth": 3}}, why="the first try")
for step in range(100):
    run.log({"train": {"loss": 1 / (step + 1)}, "acc": step / 100}, step=step)
"""


def test_a_script_in_a_repository_becomes_a_run_that_is_found(tmp_path: Path) -> None:
    """What was tried, with which code and what came of it are there after one execution."""
    git = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / ".gitignore").write_text(".peira\n")
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *words], cwd=tmp_path, check=True)
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout.strip()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PEIRA_")}
    subprocess.run([sys.executable, "train.py"], cwd=tmp_path, env=environment, check=True)

    with Lab(tmp_path) as lab:
        (found,) = lab.runs("acc.max > 0.98 and model/depth = 3 and status = finished")

        assert found.commit == commit
        assert found.params == {"lr": 0.1, "model/depth": 3}
        assert found.why == "the first try"
        assert found.metrics["train/loss"].min == 0.01
        assert found.metric("train/loss").steps.tolist() == list(range(100))

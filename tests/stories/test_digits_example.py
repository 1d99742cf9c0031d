"""The story of examples/digits: every command of its README, typed as it stands there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from peira.data import sealed, splits
from peira.evaluate import ledger
from peira.lab.lab import Lab

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "digits"
SERVES = "peira ui"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The lab that the commands made, and what each of them printed."""
    folder = tmp_path_factory.mktemp("story") / "digits"
    shutil.copytree(EXAMPLE, folder)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PEIRA_")}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    environment["PEIRA_LAB"] = str(folder / ".peira")
    found = {}
    for line in re.findall(r"^\$ (.*)$", (EXAMPLE / "README.md").read_text(), re.MULTILINE):
        if line == SERVES:
            continue
        done = subprocess.run(
            line, shell=True, cwd=folder, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        found[line] = done.stdout
    return folder / ".peira", found


def test_the_three_versions_are_one_command_each(told: tuple[Path, dict[str, str]]) -> None:
    """Each has an alias, an owner, and the code that made it."""
    said = told[1]["peira data log digits:normalised"]
    assert re.match(r"digits:v3  made by normalised\(\) from digits:v1, .*, by alan\n", said)
    made = next(text for line, text in told[1].items() if "zero_pixels_removed" in line)
    assert made.startswith("digits:v2: 1797 rows")


def test_answers_are_kept_with_the_ink_of_each_image(told: tuple[Path, dict[str, str]]) -> None:
    """The network was evaluated every tenth epoch, the others once, all on the same examples."""
    with Lab(told[0]) as lab:
        lab.catch_up()
        runs = {run.name: run for run in lab.runs("")}
        steps = [one.step for one in runs["network-normalised-1"].evaluations()]
        assert steps == [10, 20, 30, 40, None]
        kept = {run.evaluations()[0].ids for run in runs.values()}
        assert len(runs) == 6 and len(kept) == 1


def test_the_question_of_unseen_samples_has_an_answer(told: tuple[Path, dict[str, str]]) -> None:
    """97.5 % cannot be told from 359 digits, 95 % can; two looks are in the ledger, no number."""
    with Lab(told[0]) as lab:
        split = splits.read(lab.root, "digits", "main")
        assert sealed.seal_of(lab.root, split, "test") is not None
        looks = ledger.looks(lab.root, split, "test")
    assert [(look.claim.threshold, look.word, look.scope) for look in looks] == [
        (0.975, "undecided", "recipe"), (0.95, "supported", "recipe"),
    ]  # fmt: skip
    assert "look 2" in told[1]["peira holdout"]

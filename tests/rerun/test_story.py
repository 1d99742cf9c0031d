"""Stories on a real scikit-learn project, as a user types them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from peira.rerun import environment
from peira.rerun.pins import read_pins
from peira.rerun.places import Places
from tests.rerun.recorded import git, packages

DIGITS = """\
import peira
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import log_loss
from features import scaled

X, y = load_digits(return_X_y=True)
X = scaled(X)
with peira.init("digits", params={"trees": 20, "seed": 3}) as run:
    model = RandomForestClassifier(20, random_state=3).fit(X[:1200], y[:1200])
    run.log({"acc": model.score(X[1200:], y[1200:])})
    run.log({"loss": log_loss(y[1200:], model.predict_proba(X[1200:]))})
"""
TOY = """\
import peira
from features import scaled

with peira.init("toy", params={"seed": 3}) as run:
    run.log({"loss": scaled(40)})
"""
FEATURES = "def scaled(X):\n    return X / 16\n"


class Story:
    """A project, its lab, and the command line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("PEIRA_")}
        self.environment |= {
            "PEIRA_LAB": str(folder / ".peira"),
            "PEIRA_QUIET": "1",
            "PYTHONPYCACHEPREFIX": str(folder / "compiled"),  # scikit-learn is large
        }
        self.environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def call(self, *words: str, code: int = 0) -> str:
        """Run one command line; return what it printed."""
        done = subprocess.run(
            [sys.executable, *words], cwd=self.folder, env=self.environment, text=True,
            capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def peira(self, *words: str, code: int = 0) -> str:
        """Run one command of peira."""
        return self.call("-m", "peira", *words, code=code)

    def last(self) -> str:
        """Return the id of the latest run."""
        found: dict[str, Any] = json.loads(self.peira("ls", "--json"))
        return str(found["rows"][0]["id"])


@pytest.fixture
def story(tmp_path: Path) -> Story:
    (tmp_path / "train.py").write_text(DIGITS)
    (tmp_path / "features.py").write_text(FEATURES)
    return Story(tmp_path)


def test_how_did_they_get_that_result(story: Story) -> None:
    """A run of the SDK in a git project with a helper that git does not know: the code changes, the
    result comes again, and the difference to today's has a cause.
    """
    git(story.folder, "init", "-q")
    (story.folder / ".gitignore").write_text(".peira\ncompiled\n")
    git(story.folder, "add", "train.py", ".gitignore")
    git(story.folder, "commit", "-q", "-m", "first")
    story.call("train.py")
    original = story.last()
    (story.folder / "features.py").write_text(FEATURES.replace("16", "16 > 0.4"))
    story.call("train.py")
    today = story.last()
    told = story.peira("rerun", original, "--verify")
    assert told.startswith("Reproduced exactly: 2 metrics, 2 points.")
    assert "reproduced exactly" in story.peira("show", original)
    told = story.peira("why", original, today, "--bisect")
    assert "alone turns the outcome, both ways" in told and "features.py" in told


def test_a_restored_run_can_be_started_by_its_command(story: Story) -> None:
    """In a folder of its own, from the shell, also when the project is gone."""
    (story.folder / "train.py").write_text(TOY)
    story.call("train.py")
    run = story.last()
    for name in ("train.py", "features.py"):
        (story.folder / name).unlink()
    told = story.peira("restore", run, "again", "--no-env")
    assert "2 of 2 source files have exactly the recorded content." in told
    subprocess.run(
        ["sh", "again/.restored/command.sh"], cwd=story.folder, env=story.environment, check=True,
        capture_output=True,
    )  # fmt: skip
    first, again = (json.loads(story.peira("show", id, "--json")) for id in (run, story.last()))
    assert first["metrics"]["loss"]["last"] == again["metrics"]["loss"]["last"]
    assert first["id"] != again["id"]


def test_a_real_package_comes_from_the_index(tmp_path: Path) -> None:
    """In the recorded version, with what it requires."""
    facts = packages({"jinja2": "3.1.4", "markupsafe": "2.1.5"}, imported=["jinja2"])["packages"]
    pins = read_pins(facts, Places("/old", tmp_path))
    built = environment.build(pins, [sys.executable], tmp_path / "venv")
    if built.unavailable and "error sending request" in built.unavailable[0].reason:
        pytest.skip("the package index cannot be reached")
    assert built.unavailable == []
    now = environment.installed(environment.site_packages(tmp_path / "venv"))
    assert now == {"jinja2": "3.1.4", "markupsafe": "2.1.5"}

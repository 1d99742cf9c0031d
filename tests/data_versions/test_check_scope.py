"""Which checks looked, and which had nothing to look at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from click.testing import CliRunner

from peira.cli.app import app
from peira.data import splits
from peira.data.add import add_path, add_table
from peira.data.checks.version import Question, idle_checks
from peira.data.dataset import open_dataset
from peira.data.splits import Recipe
from peira.media.png import write_png


def test_what_was_not_looked_at_is_told(tmp_path: Path) -> None:
    """Lines without a label and without a split: only what needs neither is checked, and that
    is nothing; with both, what wants groups, times and texts says so.
    """
    rng = np.random.default_rng(0)
    table = {"a": rng.normal(size=60), "b": rng.normal(size=60), "y": np.arange(60) % 2}
    table["kind"] = rng.permutation([f"kind {n}" for n in range(60)]).astype(object)
    add_table(tmp_path, "bare", {"a": table["a"], "b": table["b"]})
    version = open_dataset(tmp_path, "bare").version
    assert set(idle_checks(tmp_path, version, Question()).values()) == {
        "no split",
        "no label column",
    }
    add_table(tmp_path, "d", table)
    whole = open_dataset(tmp_path, "d")
    splits.make(whole, "main", Recipe())
    assert idle_checks(tmp_path, whole.version, Question()) == {
        "near-duplicate-texts": "no column of texts",
        "group-leak": "no column of groups (--group)",
        "time-leak": "no column of times (--time)",
    }
    asked = Question(group="a", checks=["group-leak", "duplicates"])
    assert idle_checks(tmp_path, whole.version, asked) == {}


def test_the_command_ends_with_what_it_looked_at(tmp_path: Path) -> None:
    """In two lines."""
    add_table(tmp_path, "bare", {"a": np.arange(60.0), "y": np.arange(60) % 2})
    place = ["--lab", str(tmp_path), "data", "check", "bare", "--only", "duplicates"]
    told = CliRunner().invoke(app, [*place, "--only", "conflicting-labels"]).output
    assert told.splitlines() == [
        "nothing was found",
        "checked: conflicting-labels",
        "not checked: duplicates (no split)",
    ]


def test_pictures_are_looked_at(tmp_path: Path) -> None:
    """Their pixels are inputs, though no column of the version."""
    folder = tmp_path / "pets"
    for number in range(24):
        (folder / "ab"[number % 2]).mkdir(parents=True, exist_ok=True)
        picture = write_png(np.full((4, 4, 3), number, np.uint8))
        (folder / "ab"[number % 2] / f"{number}.png").write_bytes(picture)
    add_path(tmp_path / ".peira", "pets", folder)
    whole = open_dataset(tmp_path / ".peira", "pets")
    splits.make(whole, "main", Recipe())
    idle = idle_checks(tmp_path / ".peira", whole.version, Question())
    assert set(idle) == {"near-duplicate-texts", "group-leak", "time-leak"}

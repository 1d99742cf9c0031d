"""Which runs are the same experiment as one run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from peira.lab.lab import Lab
from peira.lab.replicates import Replicates
from tests.rerun.handwritten import PACKAGES, Project


def test_repeats_replicates_and_reproductions_are_told_apart(tmp_path: Path) -> None:
    """Another seed is evidence, the same seed is not, another environment is a reproduction."""
    project = Project(tmp_path)

    def record(seed: int, accuracy: float = 0.97, **more: Any) -> str:
        return project.record(params={"seed": seed}, accuracy=accuracy, **more).id

    one, again = record(1), record(1)
    other, alike = record(2, accuracy=0.95), record(3)
    project.packages = PACKAGES | {"installed": {"numpy": "2.2"}}
    elsewhere = record(1)
    project.write("helper.py", "def f(x): return x * 2")
    record(1)
    with Lab(tmp_path) as lab:
        found = lab.replicates(one)
        assert found == Replicates(
            repeats=[again],
            replicates=[alike, other],
            reproductions=[elsewhere],
            without_effect=[alike],
        )
        assert str(found) == "2 replicates, 1 exact repeat, 1 reproduction"
        lab.remove(again)
        assert lab.replicates(one).repeats == []


def test_without_a_seed_the_results_decide(tmp_path: Path) -> None:
    """The same to the last digit is a repeat, whatever its times; another result is evidence."""
    project = Project(tmp_path)
    one = project.record(params={"lr": 1})
    same = project.record(params={"lr": 1}, seconds=9.0)
    other = project.record(params={"lr": 1}, accuracy=0.9)
    with Lab(tmp_path) as lab:
        found = lab.replicates(one.id)
        assert (found.repeats, found.replicates) == ([same.id], [other.id])


def test_a_run_of_which_too_little_is_known_is_like_none(tmp_path: Path) -> None:
    """Runs of another Peira, or whose data is not known, have no replicates."""
    project = Project(tmp_path)
    runs = [project.record(params={"seed": 1}, inputs=[("data.csv", None)]) for _ in range(2)]
    with Lab(tmp_path) as lab:
        assert lab.replicates(runs[0].id) == Replicates()

"""The generator of labs."""

from __future__ import annotations

from pathlib import Path

from peira.lab.lab import Lab
from peira.testing.generator import make_lab, metric_names, param_names
from tests.lab.writing import ask, facts


def test_the_same_arguments_give_the_same_lab(tmp_path: Path) -> None:
    """A benchmark means the same lab everywhere; another seed is another lab."""
    made = [
        make_lab(tmp_path / name / ".peira", runs=5, points=(3, 9), seed=seed)
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    ]
    assert made[0] == made[1] != made[2]
    with Lab(tmp_path / "a" / ".peira") as a, Lab(tmp_path / "b" / ".peira") as b:
        a.catch_up()
        b.catch_up()
        assert facts(a) == facts(b)


def test_runs_are_as_large_as_asked(tmp_path: Path) -> None:
    """Params, metrics and points are those that were asked for, and nothing is damaged."""
    root = tmp_path / ".peira"
    make_lab(root, runs=3, params=25, metrics=22, points=7, projects=("p", "q"), sealed=True)
    with Lab(root) as lab:
        lab.catch_up()
        assert ask(lab, "SELECT count(*) FROM attribute") == [(75,)]
        assert ask(lab, "SELECT count(*), min(count), max(count) FROM metric") == [(66, 7, 7)]
        assert ask(lab, "SELECT project, count(*) FROM run GROUP BY 1 ORDER BY 1") == [
            ("p", 2), ("q", 1),
        ]  # fmt: skip
        assert ask(lab, "SELECT count(*) FROM run WHERE sealed") != [(0,)]
        assert lab.problems() == []


def test_names_do_not_repeat() -> None:
    """Any number of params and metrics has as many names."""
    assert len(set(param_names(200))) == len(set(metric_names(200))) == 200

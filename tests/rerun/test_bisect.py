"""The cause of a difference, found by running mixes of two real runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from peira.lab.lab import Lab
from peira.rerun.bisect import Finding, Progress, bisect
from peira.rerun.causes import find_causes
from tests.rerun.conftest import Environment
from tests.rerun.projects import TRAIN, make_project, run_project
from tests.rerun.recorded import make_wheel


class World:
    """Two runs of one project; `change` is made between them."""

    def __init__(self, tmp_path: Path) -> None:
        self.root = tmp_path / ".peira"
        self.project = make_project(tmp_path / "project")
        self.arguments: Sequence[str] = ["--lr", "0.2"]
        self.variables: Mapping[str, str] = {}
        self.python = sys.executable
        self.a = ""
        self.b = ""

    def first(self) -> None:
        self.a = self._run("first")

    def second(self) -> None:
        self.b = self._run("second")

    def _run(self, name: str) -> str:
        return run_project(
            self.root,
            self.project,
            self.arguments,
            variables=self.variables,
            name=name,
            python=self.python,
        )

    def search(self, **options: Any) -> Finding:
        with Lab(self.root) as lab:
            return bisect(lab, lab.run(self.a), lab.run(self.b), **options)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    return World(tmp_path)  # type: ignore[return-value]


def named(found: Finding) -> list[tuple[str, str]]:
    return [(cause.kind, cause.name) for cause in found.causes]


def test_a_changed_row_is_the_cause_and_a_changed_comment_is_not(world: World) -> None:
    """Of a data row, a comment, and a flag without effect, the row is named; every trial is a run
    of the lab that says what it was.
    """
    world.first()
    (world.project / "data.csv").write_text("1.0\n2.0\n4.0\n3.5\n")
    (world.project / "scale.py").write_text("# how very large\nSCALE = 1.5\n")
    world.second()
    found = world.search()
    assert (found.ending, named(found)) == ("cause", [("data", "data.csv")])
    assert found.is_deterministic and found.metric is None
    with Lab(world.root) as lab:
        trials = [lab.run(run) for run in found.runs]
        assert all(trial.origin == world.b and "trial" in trial.tags for trial in trials)
        assert {"data.csv": "as in first"} in [t.birth["origin"].get("changed") for t in trials]


def test_of_several_hunks_the_one_is_named(world: World) -> None:
    """By its line, with what was changed; the others stay innocent."""
    world.first()
    changed = TRAIN.replace("import argparse, os, random", "import argparse, os, random, math")
    changed = changed.replace("w = random.random()", "w = random.random() + 1")
    changed = changed.replace('print(f"step: {step}")', 'print(f"step: {step}", flush=True)')
    (world.project / "train.py").write_text(changed)
    world.second()
    found = world.search()
    assert found.ending == "cause"
    (cause,) = found.causes
    assert cause.kind == "code" and cause.name.startswith("train.py:")
    assert "+w = random.random() + 1" in cause.lines


@pytest.mark.parametrize(
    ("arguments", "variables", "kind", "name"),
    [
        (["--lr", "0.2", "--seed", "5"], {}, "seed", "seed"),
        (["--lr", "0.3"], {}, "config", "lr"),
    ],
)
def test_a_flag_is_the_cause(
    world: World, arguments: list[str], variables: dict[str, str], kind: str, name: str
) -> None:
    """Also one that only one of the two commands has."""
    world.first()
    world.arguments, world.variables = arguments, variables
    world.second()
    found = world.search()
    assert (found.ending, named(found)) == ("cause", [(kind, name)])


@pytest.mark.parametrize("variable", ["OMP_NUM_THREADS", "NUMBA_X"])
def test_a_variable_is_the_cause(world: World, variable: str) -> None:
    """A thread count as well as any other that was recorded."""
    text = TRAIN.replace("w = random.random()", f"w = len(os.environ.get({variable!r}, ''))")
    (world.project / "train.py").write_text(text)
    world.variables = {variable: "1"}
    world.first()
    world.variables = {variable: "16"}
    (world.project / "scale.py").write_text("# how very large\nSCALE = 1.5\n")
    world.second()
    found = world.search()
    kind = "threads" if "THREADS" in variable else "variable"
    assert (found.ending, named(found)) == ("cause", [(kind, variable)])


def test_a_package_version_is_the_cause(world: World, environment: Environment) -> None:
    """Both environments are built again; a package that changed nothing stays innocent."""
    (world.project / "scale.py").write_text("import tiny_old\nfrom tiny_math import SCALE\n")
    make_wheel(Path(os.environ["UV_FIND_LINKS"]), "tiny-old", "3.0", "")
    environment.install("tiny-old==1.0")
    world.python = environment.python
    world.first()
    environment.install("tiny-math==2.0", "tiny-old==3.0")
    world.second()
    found = world.search()
    assert (found.ending, named(found)) == ("cause", [("packages", "tiny-math")])
    assert (found.causes[0].a, found.causes[0].b) == ("1.0", "2.0")


def test_a_variable_that_is_not_recorded_is_named_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The code reads it, and what was chosen differs: only its value is not known."""
    text = TRAIN.replace("w = random.random()", "w = float(os.environ['WIDTH'])")
    text = text.replace('os.environ.get("NOISE")', "False")
    (world.project / "train.py").write_text(text)
    world.variables = {"WIDTH": "1"}
    world.first()
    world.variables = {"WIDTH": "2"}
    world.second()
    with Lab(world.root) as lab:
        (cause,) = [
            cause
            for cause in find_causes(lab, lab.run(world.a), lab.run(world.b), is_rounding=False)
            if cause.kind == "variable"
        ]
    assert cause.name == "WIDTH" and "PEIRA_VARIABLES=WIDTH" in cause.remark
    monkeypatch.setenv("PEIRA_VARIABLES", "WIDTH")
    world.second()
    world.variables = {"WIDTH": "1"}
    world.first()
    found = world.search()
    assert (found.ending, named(found)) == ("cause", [("variable", "WIDTH")])


def test_two_that_add_up_contribute(world: World) -> None:
    """Neither is called the cause."""
    world.first()
    (world.project / "data.csv").write_text("1.0\n2.0\n4.0\n3.5\n")
    (world.project / "scale.py").write_text("# how large\nSCALE = 1.25\n")
    world.arguments = ["--lr", "0.2"]
    world.second()
    found = world.search()
    assert found.ending == "contributing" and found.is_together
    assert {kind for kind, _ in named(found)} == {"data", "code"}


def test_a_run_that_fails_has_a_cause_too(world: World) -> None:
    """It worked yesterday: the outcome is the failure."""
    world.first()
    (world.project / "data.csv").write_text("1.0\ntwo\n4.0\n3.5\n")
    (world.project / "scale.py").write_text("# how very large\nSCALE = 1.5\n")
    world.second()
    found = world.search()
    assert (found.ending, named(found)) == ("cause", [("data", "data.csv")])


def test_noise_is_not_explained(world: World) -> None:
    """Two runs of a noisy program that differ by no more than noise: nothing is blamed."""
    (world.project / "train.py").write_text(TRAIN.replace('os.environ.get("NOISE")', "True"))
    world.first()
    (world.project / "scale.py").write_text("# how very large\nSCALE = 1.5\n")
    world.second()
    found = world.search()
    if found.ending != "within-noise":  # one of twenty seems to be an effect
        assert found.causes == [] or not found.is_deterministic
    else:
        assert found.causes == []


def test_an_effect_beyond_the_noise_is_attributed_with_three_runs_a_mix(world: World) -> None:
    """Each mix is run three times, and its mean decides."""
    (world.project / "train.py").write_text(TRAIN.replace('os.environ.get("NOISE")', "True"))
    world.first()
    (world.project / "data.csv").write_text("1.0\n2.0\n4.0\n9.5\n")
    world.second()
    found = world.search()
    assert (found.ending, named(found)) == ("cause", [("data", "data.csv")])
    assert not found.is_deterministic and found.metric == "loss"
    assert len(found.runs) == 6


def test_a_search_goes_on_where_it_was_stopped(world: World) -> None:
    """Trials that are done are not run again."""
    world.first()
    (world.project / "data.csv").write_text("1.0\n2.0\n4.0\n3.5\n")
    (world.project / "scale.py").write_text("# how large\nSCALE = 3 / 2\n")
    world.second()
    told: list[Progress] = []

    def stop(progress: Progress) -> None:
        told.append(progress)
        if len(told) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        world.search(on_progress=stop)
    with Lab(world.root) as lab:
        before = len(lab.runs(limit=None))
    assert [p.number for p in told] == [1, 2, 3] and told[0].left >= told[-1].left >= 1
    found = world.search()
    with Lab(world.root) as lab:
        assert len(lab.runs(limit=None)) == before + len(found.runs) - 2
    assert found.ending == "cause"
    assert world.search() == found


@pytest.mark.parametrize(
    ("place", "said"),
    [("node_modules/mark", "not explained by code, data"), ("mark", "not tried: /")],
    ids=["not recorded", "by a path in the code"],
)
def test_what_did_not_come_with_the_record_is_not_blamed(
    world: World, place: str, said: str
) -> None:
    """A cause that nothing recorded explains: A's factors do not give A's result. Data outside of
    the project that the code opens by a path of its own is recorded, but cannot be as it was.
    """
    text = TRAIN.replace("w = random.random()", "w = MARK")
    mark = world.project.parent / place
    mark.parent.mkdir(exist_ok=True)
    text = text.replace("MARK", f"float(open({str(mark)!r}).read())")
    (world.project / "train.py").write_text(text)
    mark.write_text("1")
    world.first()
    mark.write_text("2")
    (world.project / "scale.py").write_text("# how large\nSCALE = 3 / 2\n")
    world.second()
    found = world.search()
    assert (found.ending, found.causes) == ("not-among-them", [])
    assert said in found.because


def test_a_default_that_is_written_out_is_no_difference(world: World) -> None:
    """`--seed 0` is what it was without it."""
    world.first()
    world.arguments = ["--lr", "0.2", "--seed", "0"]
    (world.project / "data.csv").write_text("1.0\n2.0\n4.0\n3.5\n")
    world.second()
    with Lab(world.root) as lab:
        causes = find_causes(lab, lab.run(world.a), lab.run(world.b), is_rounding=False)
    assert [cause.kind for cause in causes if cause.remark != "no seed was set"] == ["data"]


def test_the_same_results_need_no_cause(world: World) -> None:
    """Nothing is run."""
    world.first()
    world.second()
    found = world.search()
    assert (found.ending, found.runs) == ("same", [])


def test_the_likeliest_cause_is_told_first(world: World) -> None:
    """Seed before data before params before code, comments last; for rounding differences threads
    come first.
    """
    world.first()
    (world.project / "data.csv").write_text("1.0\n2.0\n4.0\n3.5\n")
    (world.project / "scale.py").write_text("# how very large\nSCALE = 1.5\n")
    (world.project / "train.py").write_text(TRAIN.replace("range(8)", "range(9)"))
    world.arguments = ["--lr", "0.3", "--seed", "1"]
    world.variables = {"OMP_NUM_THREADS": "7"}
    world.second()
    with Lab(world.root) as lab:
        records = lab.run(world.a), lab.run(world.b)
        large = [c.kind for c in find_causes(lab, *records, is_rounding=False)]
        small = [c.kind for c in find_causes(lab, *records, is_rounding=True)]
    # NOISE, which the code reads, may differ too, for its value is not recorded.
    assert large == ["seed", "data", "config", "code", "threads", "variable", "code"]
    assert small[0] == "threads" and small[-1] == "code"

"""Numbers in one column: marked when they measure different things, and when they came from a
hold-out that was opened.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from peira.cli.app import app
from peira.cli.ls import write_table
from peira.cli.marks import json_notes, told_once
from peira.cli.terminal import Terminal
from peira.compare.metrics import metrics
from peira.compare.table import tabulate
from peira.data import sealed, splits
from peira.data.add import add_table
from peira.data.dataset import open_dataset
from peira.data.splits import Recipe
from peira.evaluate import ledger
from peira.evaluate.fairness import unfair
from peira.evaluate.guard import Guard, letter_of, marks, note_of, read_guard
from peira.evaluate.ledger import Claim
from peira.evaluate.price import price_of, prices
from peira.lab.lab import Lab
from peira.lab.query.parse import parse
from peira.run import Run, init
from peira.server.decided import decide
from peira.server.default_axes import Objective

KEY = "dev/accuracy"
SHARES = {"train": 0.5, "dev": 0.25, "test": 0.25}


class Team:
    """A lab with one data set, and runs on it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        rng = np.random.default_rng(0)
        add_table(root, "d", {"X": rng.random((200, 4)), "y": np.arange(200) % 2}, label="y")
        self.split = splits.make(open_dataset(root, "d"), "main", Recipe(shares=SHARES))
        self.lab = Lab(root)

    def run(self, name: str) -> Run:
        """Begin a run."""
        return init("p", name=name, lab=self.root, console=False, monitor=False)

    def guard(self, *names: str) -> tuple[Guard, list[int]]:
        """Return the guard of runs, and their numbers."""
        self.lab.catch_up()
        numbers = [self.lab.run(name).row.n for name in names]
        return read_guard(self.lab, numbers, [KEY]), numbers


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    made = Team(tmp_path / ".peira")
    yield made
    made.lab.close()


def evaluated(team: Team, name: str, *, part: str = "dev", **options: Any) -> str:
    with team.run(name) as run:
        run.use("d:main/train")
        data = run.use(f"d:main/{part}")
        run.evaluate(part, y_pred=np.zeros(len(data), dtype=int), **options)
        return run.id


def test_numbers_of_one_kind_carry_no_mark(team: Team) -> None:
    """Two runs on the same examples by the same evaluator."""
    evaluated(team, "one")
    evaluated(team, "two")
    guard, numbers = team.guard("one", "two")
    assert len(guard.measures) == 1 and marks(guard, {KEY: numbers}) == {}


def test_other_examples_and_logged_numbers_are_told_apart(team: Team) -> None:
    """Each kind has a letter, and each letter says what it measures."""
    evaluated(team, "one")
    with team.run("other") as run:
        run.evaluate("dev", [0, 1, 1], [0, 1, 0])
    with team.run("logged") as run:
        run.log({KEY: 0.5})
    guard, numbers = team.guard("one", "other", "logged")
    mark = marks(guard, {KEY: numbers})[KEY]
    assert list(mark.letters.values()) == ["a", "b", "c"]
    assert mark.notes[0].startswith("a: 50 examples of d:main/dev")
    assert mark.notes[1] == "b: 3 examples, binary"
    assert mark.notes[2] == "c: logged by the program, on unknown examples"
    assert [letter_of(n) for n in (0, 25, 26)] == ["a", "z", "aa"]
    with team.run("as many") as run:
        run.evaluate("dev", [1, 1, 0], [0, 1, 0])
    guard, numbers = team.guard("other", "as many")
    first, second = marks(guard, {KEY: numbers})[KEY].notes  # words do not tell these apart
    assert first.startswith("a: 3 examples (") and second.startswith("b: 3 examples (")
    assert first[1:] != second[1:] and "labels " in first


def test_a_former_hold_out_is_said_of_its_numbers(team: Team) -> None:
    """Unsealed after a look, the numbers are shown with who opened it, why, and after how many."""
    sealed.seal(team.root, team.split, "dev")
    first = evaluated(team, "first")
    ledger.look(team.root, team.split, "dev", Claim(threshold=0.5, runs=[first]))
    sealed.unseal(team.root, team.split, "dev", "the paper is out")
    evaluated(team, "second")
    guard, numbers = team.guard("second")
    (note,) = marks(guard, {KEY: numbers})[KEY].notes
    assert "was unsealed by" in note and "(the paper is out) after 1 look:" in note
    assert "promises nothing" in note


def test_a_hold_out_has_its_price_on_every_run(team: Team) -> None:
    """Before a look it is deposited; after one, the look, its level and its half-width are told."""
    sealed.seal(team.root, team.split, "test")
    first, second = (evaluated(team, name, part="test") for name in ("first", "second"))
    team.lab.catch_up()
    record = team.lab.run(first)
    costs = prices(team.lab, first, record.evaluations())
    assert "the answers are deposited" in costs["test"].text and costs["test"].left == 10
    ledger.look(team.root, team.split, "test", Claim(threshold=0.9, runs=[second]))
    ledger.look(team.root, team.split, "test", Claim(threshold=0.9, runs=[first]))
    lines = prices(team.lab, first, record.evaluations())["test"].lines
    assert lines[0].startswith("look 2, by") and "tested at 0.833 %" in lines[0]
    assert "this model is right on at least 0.9: refuted" in lines[0]
    assert lines[1] == "8 looks left at d:main/test"
    (other,) = team.lab.run(evaluated_dev(team)).evaluations()
    assert price_of(team.lab, other) is None


def evaluated_dev(team: Team) -> str:
    run = evaluated(team, "on dev")
    team.lab.catch_up()
    return run


def unfairness(team: Team, left: str, right: str) -> dict[str, str]:
    team.lab.catch_up()
    found = unfair(team.lab, team.lab.run(left), team.lab.run(right), "dev")
    return {one.what: one.effect for one in found if one.what != "budget"}


def test_equal_chances_are_fair(team: Team) -> None:
    """The same data, the same looks at it."""
    evaluated(team, "one")
    evaluated(team, "two")
    assert unfairness(team, "one", "two") == {}


def test_who_learned_from_other_rows_is_told(team: Team) -> None:
    """Other rows block; the same rows in another version are noted."""
    evaluated(team, "one")
    with team.run("whole") as run:
        data = run.use("d:main/dev")
        run.use("d:main/test")
        run.evaluate("dev", y_pred=np.zeros(len(data), dtype=int))
    assert unfairness(team, "one", "whole") == {"training data": "block"}
    parent = open_dataset(team.root, "d:v1")
    add_table(team.root, "d", {"X": parent.X * 2, "y": parent.y}, label="y", ids=parent.ids)
    with team.run("doubled") as run:
        run.use("d:v2:main/train")
        data = run.use("d:v2:main/dev")
        run.evaluate("dev", y_pred=np.zeros(len(data), dtype=int))
    assert unfairness(team, "one", "doubled") == {"training data": "note"}


def test_choosing_by_the_evaluation_is_told(team: Team) -> None:
    """Checkpoints kept by its metric in one run only block; looking often is noted."""
    evaluated(team, "plain")
    with team.run("chooser") as run:
        run.use("d:main/train")
        data = run.use("d:main/dev")
        for step in (1, 2):
            run.evaluate("dev", y_pred=np.zeros(len(data), dtype=int), step=step)
            run.checkpoint({"step": step}, step, metric={KEY: 0.5})
    team.lab.catch_up()
    found = unfair(team.lab, team.lab.run("plain"), team.lab.run("chooser"), "dev")
    told = [(one.effect, one.what) for one in found if one.what == "choice"]
    assert told == [("block", "choice"), ("note", "choice")]


def test_a_bigger_budget_is_told(team: Team) -> None:
    """More than a tenth more steps are noted with the ratio."""
    for name, count in (("short", 10), ("long", 25)):
        with team.run(name) as run:
            for step in range(count):
                run.log({"loss": 1.0}, step=step + 1)
    team.lab.catch_up()
    found = unfair(team.lab, team.lab.run("short"), team.lab.run("long"), "dev")
    assert "long had 2.5 times the steps" in [one.reason for one in found]


def test_no_best_among_numbers_of_several_kinds(team: Team) -> None:
    """The table of many runs gives each number its letter and none a star; a difference has no
    winner between what was evaluated and what a program only logged.
    """
    evaluated(team, "one")
    with team.run("other") as run:
        run.evaluate("dev", [0, 1, 1, 1, 1], [0, 1, 1, 1, 1])
    with team.run("logged") as run:
        run.log({KEY: 0.9})
    team.lab.catch_up()
    table = tabulate(team.lab, ["one", "other", "logged"])
    (column,) = [c for c in table.columns if c.name.startswith(KEY)]
    assert column.letters == ["a", "b", "c"] and column.best == []
    assert column.notes[0].startswith("a: 50 examples of d:main/dev")
    (column,) = [c for c in tabulate(team.lab, ["one", "one"]).columns if c.name.startswith(KEY)]
    assert column.letters == []
    section = metrics(team.lab, [team.lab.run("one"), team.lab.run("logged")])
    (row,) = [row for row in section.rows if row.name == KEY]
    assert (
        row.last is not None and row.last.winner is None and "only logged dev/" in row.incomparable
    )
    assert "dev/ is not comparable: logged only logged dev/, on unknown examples" in section.remarks


def test_what_is_said_of_many_metrics_is_said_once(
    team: Team, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line for the metrics of an evaluation in the lists of `ls` and `compare`, and one for a
    metric whose numbers are of other kinds; programs get each metric by its name.
    """
    evaluated(team, "one")
    with team.run("other") as run:
        run.evaluate("dev", [0, 1, 1], [0, 1, 0])
    with team.run("logged") as run:
        run.log({KEY: 0.5})
    team.lab.catch_up()
    table = team.lab.runs("")
    every = list(team.lab.run("one").metrics)
    found = team.lab.runs("", columns=every)
    write_table(team.lab, found, Terminal(is_terminal=False, colour=False, width=None))
    own, many = [line for line in capsys.readouterr().err.splitlines() if "comparable" in line]
    assert own.startswith(f"{KEY}: not comparable: a: ") and "logged by the program" in own
    assert f" and {len(every) - 3} others: not comparable: a: " in many and "b: 50" in many
    assert len(json_notes(team.lab, table)) == len(every)
    assert (
        CliRunner()
        .invoke(app, ["--lab", str(team.root), "compare", "one", "other"])
        .output.count("not comparable")
        == 1
    )
    assert told_once([("b", "x"), ("a", "x"), ("c", "y"), ("a", "x")]) == ["b, a: x", "c: y"]


def test_what_decided_over_numbers_of_several_kinds_is_said(team: Team) -> None:
    """Importance and the finding of Explore, and JSON, say that their numbers do not belong
    together.
    """
    ids = [evaluated(team, "one")]
    with team.run("logged") as run:
        run.log({KEY: 0.9})
        ids.append(run.id)
    team.lab.catch_up()
    assert note_of(team.lab, ids, f"{KEY}.max").startswith("not comparable; a: 50 examples")
    assert note_of(team.lab, ids[:1], f"{KEY}.max") == note_of(team.lab, ids, "loss") == ""
    answer = decide(team.lab, parse(""), "p", lambda _: Objective(f"{KEY}.max", "max"))
    assert answer.note.startswith("not comparable; a: ")
    (note,) = json_notes(team.lab, team.lab.runs("", columns=[KEY]))
    assert note.startswith(f"{KEY}: not comparable: a: ")

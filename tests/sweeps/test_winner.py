"""The winner of a sweep: corrected where that is possible, said why not elsewhere, confirmed on
fresh seeds; narrower spaces and equal budgets.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec
import numpy as np
import pytest

import peira
from peira.cli.session import Session
from peira.cli.sweep.judging import winner_pairs
from peira.cli.sweep.look import complete_sweep
from peira.core import ids
from peira.core.errors import NotFoundError, UsageError
from peira.core.wording import number
from peira.lab.lab import Lab
from peira.launch.launcher import Request
from peira.launch.queue import Staged
from peira.record import lines
from peira.record.append import AppendFile
from peira.record.folder import run_folder
from peira.server.sweeps import answer_of
from peira.sweeps.budgets import compare_budgets
from peira.sweeps.confirming import confirming_plan, found_seed, has_fresh_seeds
from peira.sweeps.definition import Confirms, Function, Method, Objective
from peira.sweeps.domain import Choice, Constant
from peira.sweeps.finding import describe
from peira.sweeps.folder import find_sweep
from peira.sweeps.foreign import ForeignRecord, ForeignSweep, ForeignTrial, foreign_sweep
from peira.sweeps.narrowing import narrow
from peira.sweeps.observations import trial_observations
from peira.sweeps.plan import Plan, begin
from peira.sweeps.reading import SweepReading, read_sweep
from peira.sweeps.space import Space
from peira.sweeps.winner import judge_winner

Direction = Any


def recorded(
    lab: Path,
    space: Sequence[str],
    rows: Sequence[tuple[dict[str, Any], float | None]],
    *,
    name: str = "mine",
    runs: Sequence[str] | None = None,
    metric: str = "val/accuracy",
    direction: Direction = "maximize",
) -> SweepReading:
    """Record a sweep with these trials."""
    folder = foreign_sweep(
        lab,
        ForeignSweep(
            key=name,
            objectives=(Objective(metric=metric, direction=direction),),
            space=Space.parse(space),
            what="test",
            name=name,
        ),
    )
    record = ForeignRecord(folder)
    for i, (params, value) in enumerate(rows):
        record.add(
            ForeignTrial(
                number=i,
                params=params,
                values=() if value is None else (value,),
                state="complete" if value is not None else "failed",
                run=runs[i] if runs is not None else None,
            )
        )
    return read_sweep(lab, name)


def evaluated(count: int, n: int, *, split: str = "val") -> tuple[list[str], list[float]]:
    """Record runs of equally good models, with their evaluations; return ids and accuracies."""
    rng = np.random.default_rng(0)
    true = rng.integers(0, 2, n)
    runs, values = [], []
    for i in range(count):
        predicted = np.where(rng.random(n) < 0.9, true, 1 - true)
        with peira.init("p", params={"i": i}) as run:
            run.evaluate(split, true, predicted)
            runs.append(run.id)
        values.append(float((true == predicted).mean()))
    return runs, values


def test_a_winner_is_corrected_by_what_the_runs_kept_of_each_sample(lab: Path) -> None:
    """Of ten equal models the best one scores above the truth; the corrected value does not."""
    runs, values = evaluated(10, 400)
    rows = [({"i": i}, values[i]) for i in range(10)]
    winner = judge_winner(lab, recorded(lab, ["i=int(0,9)"], rows, runs=runs))
    assert winner is not None and winner.remark == ""
    assert winner.raw == max(values) and winner.run == runs[values.index(max(values))]
    assert winner.corrected is not None and winner.bound is not None
    assert winner.raw - 0.9 > 0.01 > abs(winner.corrected - 0.9)
    assert winner.bound < winner.corrected
    assert (winner.trials, winner.examples, winner.evaluation) == (10, 400, "val")


def test_a_correction_is_made_anew_when_a_run_was_evaluated_since(lab: Path) -> None:
    """A server that runs for days says what is true now."""
    runs, values = evaluated(3, 100)
    bare = [peira.init("p", params={"i": i}) for i in range(3)]
    for run in bare:
        run.finish()
    rows = [({"i": i}, values[i]) for i in range(3)]
    reading = recorded(lab, ["i=int(0,9)"], rows, runs=[run.id for run in bare])
    before = judge_winner(lab, reading)
    assert before is not None and "no trial kept per-sample results" in before.remark
    with Lab(lab) as opened:
        told = [opened.run(run).evaluations()[0] for run in runs]
    for run, evaluation in zip(bare, told, strict=True):
        file = AppendFile(run_folder(lab, run.id).events(ids.new_writer_id()))
        file.append(lines.encode(evaluation))
        file.close()
    after = judge_winner(lab, reading)
    assert after is not None and after.corrected is not None, after


def test_an_error_rate_is_corrected_the_other_way_round(lab: Path) -> None:
    """Of what is minimized the corrected value is greater than the raw one."""
    runs, values = evaluated(6, 300)
    rows = [({"i": i}, 1 - values[i]) for i in range(6)]
    reading = recorded(
        lab, ["i=int(0,9)"], rows, runs=runs, metric="val/error", direction="minimize"
    )
    winner = judge_winner(lab, reading)
    assert winner is not None and winner.corrected is not None and winner.bound is not None
    assert winner.raw == min(v for _, v in rows) < winner.corrected < winner.bound
    assert f"at most {number(winner.bound)}" in dict(winner_pairs(winner))["corrected"]
    perfect = msgspec.structs.replace(winner, raw=0.0, corrected=0.0, bound=0.0)
    assert "0 (at most 0)" in dict(winner_pairs(perfect))["corrected"]


def test_a_damaged_sweep_does_not_spoil_the_completion(lab: Path) -> None:
    """Names of the others are proposed."""
    for name in ("one", "other"):
        recorded(lab, ["i=int(0,9)"], [({"i": 0}, 1.0)], name=name)
    find_sweep(lab, "one").path.joinpath("sweep.json").write_text("{")
    context = click.Context(click.Command("show"), obj=Session())
    assert [item.value for item in complete_sweep(context, click.Argument(["sweep"]), "o")] == [
        "other"
    ]


def test_why_a_winner_is_not_corrected_is_said(lab: Path) -> None:
    """No per-sample results, other splits, a metric that is no mean over samples."""
    rows: list[tuple[dict[str, Any], float | None]] = [({"i": 0}, 0.5), ({"i": 1}, 0.6)]
    plain = judge_winner(lab, recorded(lab, ["i=int(0,9)"], rows, name="plain"))
    assert plain is not None and plain.corrected is None
    assert plain.remark.startswith("no trial kept per-sample results")

    runs, values = evaluated(1, 50)
    others, more = evaluated(1, 50, split="test")
    told = [({"i": 0}, values[0]), ({"i": 1}, more[0])]
    mixed = judge_winner(lab, recorded(lab, ["i=int(0,9)"], told, name="mixed", runs=runs + others))
    assert mixed is not None and mixed.remark == "the trials evaluated different splits"

    half = ["0" * 12, *runs]
    some = judge_winner(lab, recorded(lab, ["i=int(0,9)"], told, name="some", runs=half))
    assert some is not None and some.remark.startswith("1 of the 2 best trials kept no")

    again, seen = evaluated(1, 50)
    f1 = [({"i": 0}, values[0] - 0.1), ({"i": 1}, seen[0] - 0.2)]
    odd = judge_winner(lab, recorded(lab, ["i=int(0,9)"], f1, name="odd", runs=runs + again))
    assert odd is not None and "is not the mean" in odd.remark


def test_a_sweep_without_a_value_has_no_winner(lab: Path) -> None:
    """Nothing to judge."""
    assert judge_winner(lab, recorded(lab, ["i=int(0,9)"], [({"i": 0}, None)])) is None


SCRIPT = """
import argparse, peira
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
"""


def test_a_confirmation_runs_the_same_params_on_fresh_seeds(lab: Path) -> None:
    """All params are constants, the seed is one of k new ones; the sweep is linked."""
    Path("train.py").write_text(SCRIPT)
    plan = Plan(
        space=Space.parse(["lr=log(1e-4,1e-1)"]),
        objectives=(Objective(metric="loss", direction="minimize"),),
        program=Request(command=["train.py"]),
        trials=3,
        name="mine",
    )
    folder = begin(lab, plan)
    record = ForeignRecord(folder)
    for i, lr in enumerate((0.01, 0.02, 0.05)):
        record.add(ForeignTrial(number=i, params={"lr": lr}, values=(abs(lr - 0.02),)))
    reading = read_sweep(lab, "mine")
    confirming = confirming_plan(reading, 4)
    assert has_fresh_seeds(reading, confirming)
    assert confirming.confirms == Confirms(sweep=folder.id, trial=1)
    assert confirming.space.param("lr").domain == Constant(value=0.02)
    seeds = confirming.space.param("seed").domain
    assert isinstance(seeds, Choice) and len(seeds.values) == 4
    assert confirming.sampler.name == "grid" and confirming.trials == 4
    assert confirming_plan(reading, 2, trial=0).space.param("lr").domain == Constant(value=0.01)
    with pytest.raises(NotFoundError, match="no trial 9"):
        confirming_plan(reading, 2, trial=9)

    again = begin(lab, confirming)
    results = ForeignRecord(again)
    for i, value in enumerate((0.1, 0.2, 0.3)):
        results.add(ForeignTrial(number=i, params={"lr": 0.02, "seed": i}, values=(value,)))
    results.add(ForeignTrial(number=3, params={"lr": 0.02}, state="failed"))
    winner = judge_winner(lab, read_sweep(lab, "mine"))
    assert winner is not None and len(winner.confirmed) == 1
    found = winner.confirmed[0]
    assert (found.sweep, found.trial, found.failed) == (again.id, 1, 1)
    assert found.mean == pytest.approx(0.2) and found.low is not None and found.high is not None
    half = 4.302653 * 0.1 / math.sqrt(3)  # Student's t with 2 degrees of freedom
    assert found.high - found.low == pytest.approx(2 * half, rel=1e-4)


def test_where_the_seed_of_a_program_is(lab: Path) -> None:
    """A param of the sweep, an option or a constant of the script, else nowhere."""
    Path("train.py").write_text(SCRIPT)
    Path("plain.py").write_text("lr = 0.1\nrandom_seed = 3\n")
    Path("none.py").write_text("import argparse\nparser.add_argument('--lr')\n")
    reading = recorded(lab, ["i=int(0,9)"], [({"i": 0}, 1.0)])
    assert found_seed(reading.definition, {"seed": 1}) == "seed"
    for script, expected in (("train.py", "seed"), ("plain.py", "random_seed"), ("none.py", None)):
        staged = Staged.of(Request(command=[script]), "me")

        definition = msgspec.structs.replace(reading.definition, program=staged)
        assert found_seed(definition, {"lr": 0.1}) == expected
    Path("objective.py").write_text("def train(lr, *, random_state=0):\n    return lr\n")
    for place, expected in (
        (f"{Path.cwd()}/objective.py:train", "random_state"),
        ("objective:train", "random_state"),
        ("objective:other", None),
        ("", None),
    ):
        function = Function(place=place, directory=str(Path.cwd()))
        definition = msgspec.structs.replace(reading.definition, function=function)
        assert found_seed(definition, {"lr": 0.1}) == expected
    with pytest.raises(UsageError, match="was run elsewhere"):
        confirming_plan(reading, 3)


def test_runs_that_do_not_differ_confirm_nothing(lab: Path) -> None:
    """Two runs of the very same value are one piece of evidence, without an interval."""
    first = recorded(lab, ["i=int(0,9)"], [({"i": 0}, 0.5), ({"i": 1}, 0.4)])
    plan = Plan(
        space=Space.parse(["i=0"]),
        objectives=first.definition.objectives,
        function=Function(place="m:f", directory=str(lab)),
        trials=2,
        confirms=Confirms(sweep=first.row.id, trial=0),
    )
    record = ForeignRecord(begin(lab, plan))
    for i in range(2):
        record.add(ForeignTrial(number=i, params={"i": 0}, values=(0.45,)))
    winner = judge_winner(lab, first)
    assert winner is not None
    found = winner.confirmed[0]
    assert (found.mean, found.low, found.high, found.is_varied) == (0.45, None, None, False)
    row = answer_of(lab, first, 0, 0.0).winner
    assert row is not None
    assert [(c.trial, c.runs, c.varied) for c in row.confirmed] == [(0, 2, False)]
    assert not has_fresh_seeds(first, plan)


def test_a_space_is_narrowed_around_the_best(lab: Path) -> None:
    """Ranges span the best, lists lose what was tried in vain, conditions follow."""
    rng = np.random.default_rng(1)
    space = [
        "lr=log(1e-4,1e-1)", "opt=sgd,adam,lion", "momentum=float(0,1) if opt == sgd",
        "depth=int(1,16)", "x=float(0,1,0.1)", "seed=7",
    ]  # fmt: skip
    rows: list[tuple[dict[str, Any], float | None]] = []
    for i in range(60):
        params: dict[str, Any] = {
            "lr": float(10 ** rng.uniform(-4, -1)),
            "opt": ["sgd", "adam"][i % 2] if i else "lion",
            "depth": int(rng.integers(1, 17)),
            "x": round(0.1 * int(rng.integers(0, 11)), 1),
            "seed": 7,
        }
        if params["opt"] == "sgd":
            params["momentum"] = float(rng.random())
        loss = abs(math.log10(params["lr"]) + 2.5) + (params["opt"] == "sgd") * 5 + params["x"] / 10
        rows.append((params, loss))
    reading = recorded(lab, space, rows, metric="loss", direction="minimize")
    found = narrow(reading)
    assert found.best == 12 and found.trials == 60
    best = sorted(rows, key=lambda row: row[1] or 0.0)[:12]
    lr = found.space.param("lr").domain
    values = [params["lr"] for params, _ in best]
    assert lr.log and 1e-4 < lr.low < min(values) and max(values) < lr.high < 1e-1  # type: ignore[union-attr]
    assert found.space.param("opt").domain == Choice(values=("adam", "lion"))  # lion: tried once
    assert "momentum" not in found.space.names
    assert found.space.param("seed").domain == Constant(value=7)
    assert [c.after for c in found.changes if c.name == "momentum"] == [None]
    for params, _ in best:  # no best trial is lost
        if params["opt"] != "sgd":
            found.space.check(params)

    runs = [reading.trials.run[i] for i in range(60) if rows[i][0]["opt"] == "sgd"]
    region = narrow(reading, runs={str(run) for run in runs})
    # All of the region have it, and with lion, which stays to be tried, it would mean nothing.
    assert region.space.param("momentum").when == "opt == sgd"
    assert region.space.param("opt").domain.text == "sgd,lion"
    with pytest.raises(UsageError, match="None of those runs"):
        narrow(reading, runs={"other"})


@pytest.mark.parametrize(
    ("word", "best", "others", "narrowed"),
    [
        ("u=int(64,512,64)", [64], range(64, 513, 64), "u=int(64,128,64)"),
        ("u=int(0,100,50)", [50], [0, 50, 100], "u=int(0,100,50)"),
        ("u=int(1,16)", [3, 5], range(1, 17), "u=int(2,6)"),
        ("u=float(0,1,0.1)", [1.0], [0.0, 0.1], "u=float(0.9,1.0,0.1)"),
        ("u=float(0,1,0.1)", [0.2, 0.3], [0.0, 0.1], "u=float(0.1,0.4,0.1)"),
        ("u=null,3,5", [None], [3, 5], "u=null"),
        ("u=null,3,5", [None, 3], [3, 5], "u=null,3"),
    ],
)
def test_no_value_of_the_best_is_lost(
    lab: Path, word: str, best: Sequence[Any], others: Sequence[Any], narrowed: str
) -> None:
    """Steps at the ends of a range, steps that binary numbers miss, and null are values too."""
    rows: list[tuple[dict[str, Any], float | None]] = [
        ({"u": best[i % len(best)] if i < 8 else others[i % len(others)]}, float(i))
        for i in range(40)
    ]
    reading = recorded(lab, [word], rows, metric="loss", direction="minimize")
    space = narrow(reading).space
    assert space.words() == [narrowed]
    for value in best:
        assert space.params[0].domain.holds(value)


def test_a_condition_that_always_holds_is_not_said(lab: Path) -> None:
    """Where only sgd is left, momentum is part of each trial."""
    rows: list[tuple[dict[str, Any], float | None]] = [
        ({"opt": "sgd", "momentum": i / 40}, float(i)) if i < 20 else ({"opt": "adam"}, float(i))
        for i in range(40)
    ]
    words = ["opt=sgd,adam", "momentum=float(0,1) if opt == sgd"]
    found = narrow(recorded(lab, words, rows, metric="loss", direction="minimize"))
    assert found.space.words()[0] == "opt=sgd" and found.space.params[1].when == ""


def test_null_is_a_value_of_its_trial(lab: Path) -> None:
    """It is confirmed, counted and named as any other; a param that is missing is not."""
    rows: list[tuple[dict[str, Any], float | None]] = [
        ({"depth": (None, 3, 5)[i % 3], **({"opt": "sgd"} if i % 2 else {})},
         float(i % 3) + i / 100) for i in range(60)
    ]  # fmt: skip
    reading = recorded(lab, ["depth=null,3,5", "opt=sgd,adam"], rows, direction="minimize")
    assert reading.trials.rows()[0]["params"] == {"depth": None}
    table = trial_observations(reading)
    assert [(c.name, c.missing) for c in table.columns] == [("depth", 0)]
    finding = describe(table).findings[0]
    assert (finding.what, finding.query) == ("depth null", "params.depth = null")
    assert (finding.best_with, finding.all_with) == (12, 20)
    function = Function(place="m:f", directory=str(lab.parent), name="f")
    own = msgspec.structs.replace(reading.definition, function=function)
    plan = confirming_plan(
        msgspec.structs.replace(reading, definition=own), 2, trial=0, seed_name="seed"
    )
    assert plan.space.words()[0] == "depth=null"


def test_constraints_survive_a_narrowing(lab: Path) -> None:
    """What a constraint names keeps the values it speaks of."""
    folder = foreign_sweep(
        lab,
        ForeignSweep(
            key="w",
            objectives=(Objective(metric="m", direction="maximize"),),
            space=Space.parse(["opt=sgd,adam", "n=int(1,64,log)"], ["n < 9 or opt != adam"]),
            what="test",
            name="w",
        ),
    )
    record = ForeignRecord(folder)
    for i in range(20):
        record.add(
            ForeignTrial(number=i, params={"opt": "sgd", "n": 1 + i}, values=(float(i),))
            if i % 2
            else ForeignTrial(number=i, params={"opt": "adam", "n": 2}, values=(0.0,))
        )
    found = narrow(read_sweep(lab, "w"))
    assert found.space.where == ("n < 9 or opt != adam",)
    assert found.space.param("opt").domain.text == "sgd,adam"
    assert found.space.param("n").domain.low > 5  # type: ignore[union-attr]
    with pytest.raises(UsageError, match="too few to narrow"):
        narrow(recorded(lab, ["i=int(0,9)"], [({"i": 0}, 1.0)], name="few"))


def test_several_objectives_narrow_to_the_front_and_have_no_single_best(lab: Path) -> None:
    """The space around the front; a comparison by the best is refused, a winner is none."""
    folder = foreign_sweep(
        lab,
        ForeignSweep(
            key="two",
            objectives=(
                Objective(metric="a", direction="minimize"),
                Objective(metric="b", direction="minimize"),
            ),
            space=Space.parse(["x=float(0,1)", "y=float(0,1)"]),
            what="test",
            name="two",
        ),
    )
    record = ForeignRecord(folder)
    for i in range(20):
        x, y = i / 19, (i % 4) / 3
        record.add(ForeignTrial(number=i, params={"x": x, "y": y}, values=(x + y, 1 - x + y)))
    reading = read_sweep(lab, "two")
    found = narrow(reading)
    assert found.best == 5 and found.space.param("y").domain.high < 0.2  # type: ignore[union-attr]
    assert judge_winner(lab, reading) is None
    with pytest.raises(UsageError, match="several objectives"):
        compare_budgets([reading, reading])


def test_sweeps_are_compared_at_equal_budgets(lab: Path) -> None:
    """The better sampler of equal ones is not the one with more trials."""
    rng = np.random.default_rng(2)

    def trials(count: int) -> list[tuple[dict[str, Any], float | None]]:
        return [({"i": int(i % 9)}, float(rng.random())) for i in range(count)]

    few = recorded(lab, ["i=int(0,9)"], [*trials(6), ({"i": 0}, None)], name="few")
    many = recorded(lab, ["i=int(0,9)"], trials(80), name="many")
    found = compare_budgets([few, many])
    assert found.at == 7 and [row.trials for row in found.rows] == [7, 80]
    one, other = found.rows
    assert one.best is not None and other.best is not None and other.best > one.best
    assert one.expected == one.best  # all of its trials
    assert other.expected is not None and other.expected < other.best
    assert other.expected == pytest.approx(7 / 8, abs=0.05)  # of seven uniform values
    assert one.error is None and other.error is not None and 0 < other.error < 0.1
    assert "7 to 80 trials" in found.remarks[0] and len(found.remarks) == 1
    method = Method(name="tpe")  # what an imported study is taken to have: nobody recorded it
    unknown, learnt = (
        msgspec.structs.replace(
            many,
            row=msgspec.structs.replace(many.row, sampler="tpe"),
            definition=msgspec.structs.replace(many.definition, sampler=method, function=function),
        )
        for function in (None, Function(place="m:f", directory=""))
    )
    assert "perhaps by a sampler that learnt" in compare_budgets([few, unknown]).remarks[1]
    assert "the sampler learnt from" in compare_budgets([few, learnt]).remarks[1]
    assert compare_budgets([few, many], 20).rows[0].expected is None
    loss = recorded(lab, ["i=int(0,9)"], trials(3), name="l", metric="l", direction="minimize")
    with pytest.raises(UsageError, match="different objectives"):
        compare_budgets([few, loss])

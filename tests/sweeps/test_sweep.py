"""`peira.sweep`: a function, its params, and what comes back."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import peira
from peira.core.errors import UsageError
from peira.lab.lab import Lab
from peira.objective import Trial
from peira.sweeping import SweptFunction
from peira.sweeps.decisions import decide
from peira.sweeps.folder import find_sweep
from peira.sweeps.progress import progress_text
from peira.sweeps.reading import Best, _front, list_sweeps
from peira.sweeps.space import Space


def squared(trial: Trial) -> float:
    x = trial["x"]
    assert isinstance(x, float)
    return (x - 0.3) ** 2


def test_the_best_trial_comes_back(lab: Path) -> None:
    """The result has the best value, its params, and each trial is a run that knows its number."""
    result = peira.sweep(squared, {"x": "float(0, 1)"}, minimize="y", trials=8, seed=3, name="s")
    assert len(result) == 8 and result.trials.state == ["complete"] * 8
    values = [value for value in result.trials.values[0] if value is not None]
    assert result.best_value == min(values)
    assert (result.best_params["x"] - 0.3) ** 2 == result.best_value  # type: ignore[operator]
    with Lab(lab) as opened:
        runs = opened.runs(f"sweep = {result.id}", sort="trial")
        assert [run.trial for run in runs] == list(range(8))
        assert [run.name for run in runs][:2] == ["s-0", "s-1"]
        assert [run.metrics["y"].last for run in runs] == values
        assert [run.params["x"] for run in runs] == result.trials.params["x"]
        assert {run.state for run in runs} == {"finished"}
    assert peira.sweep(squared, resume="s").best_value == result.best_value


def test_failure_nan_kill_and_pruning_are_told_apart(lab: Path) -> None:
    """None of them ends the sweep."""

    def objective(trial: Trial) -> float:
        if trial.number == 0:
            raise ValueError("no convergence")
        if trial.number == 1:
            return math.nan
        if trial.number == 2:
            raise peira.Pruned
        if trial.number == 3:
            return None  # type: ignore[return-value]
        if trial.number == 4:
            raise SystemExit(3)
        return math.inf if trial.number == 5 else 1.0

    result = peira.sweep(objective, ["x=float(0,1)"], minimize="y", trials=7)
    assert result.trials.state == [
        "failed", "nan", "pruned", "failed", "failed", "nan", "complete",
    ]  # fmt: skip
    assert "no convergence" in result.trials.reason[0]
    assert "neither returned nor logged y" in result.trials.reason[3]
    with Lab(lab) as opened:
        states = [run.state for run in opened.runs("", sort="trial")]
        assert states == [
            "failed", "finished", "killed", "failed", "failed", "finished", "finished",
        ]  # fmt: skip
        assert [run.trial for run in opened.runs('"pruned" in tags')] == [2]


def test_ctrl_c_ends_the_trial_and_the_sweep_goes_on_later(lab: Path) -> None:
    """A trial that was interrupted is run again; nothing else is."""
    calls: list[int] = []

    def objective(trial: Trial) -> float:
        calls.append(trial.number)
        if calls == [0, 1]:
            raise KeyboardInterrupt
        return 0.0

    with pytest.raises(KeyboardInterrupt):
        peira.sweep(objective, ["x=float(0,1)"], minimize="y", trials=3, name="s")
    result = peira.sweep(objective, resume="s")
    assert calls == [0, 1, 1, 2] and result.trials.state == ["complete"] * 3
    assert result.trials.attempt == [1, 2, 1]


@pytest.mark.parametrize(
    "function",
    [
        lambda x, k: x * k,
        lambda trial: trial.suggest_float("x", 0, 1) * trial.suggest_categorical("k", [1, 2]),
        lambda params: params["x"] * params["k"],
        lambda config: config["x"] * config["k"],
        lambda k, **others: others["x"] * k,
        lambda x, k, trial, extra=1: trial["x"] * k * extra,
        lambda x, k, run: run.log({"y": x * k}),
        lambda x, k: peira.log({"y": x * k}, step=1),
        lambda x, k: {"y": x * k, "other": 3},
    ],
)
def test_a_function_says_by_its_parameters_what_it_wants(lab: Path, function: Any) -> None:
    """The trial, all params in a dict, or single ones by their names."""
    result = peira.sweep(function, {"x": [0.5, 0.25], "k": [1, 2]}, minimize="y", sampler="grid")
    assert result.trials.values[0] == [0.5, 1.0, 0.25, 0.5]


def test_a_function_that_asks_for_what_no_trial_has_is_refused(lab: Path) -> None:
    """Before anything is run."""
    space = ["opt=sgd,adam", "momentum=float(0,1) if opt == sgd"]
    with pytest.raises(UsageError, match="asks for momentum, which a trial has only if opt == sgd"):
        peira.sweep(lambda opt, momentum: 1.0, space, minimize="y", trials=2)
    assert not list_sweeps(lab), "no sweep is left behind"
    result = peira.sweep(lambda opt, momentum=None: 1.0, space, minimize="y", trials=4)
    assert result.trials.state == ["complete"] * 4
    with pytest.raises(UsageError, match="asks for batch, which no trial has"):
        peira.sweep(lambda x, batch: x, ["x=float(0,1)"], minimize="y", trials=2)


def test_peira_init_in_an_objective_is_the_trials_run(lab: Path) -> None:
    """A training function that records itself needs no change."""

    def objective(x: float) -> None:
        run = peira.init("mine", params={"depth": 3}, tags="own")
        for step in range(3):
            peira.log({"val/loss": x / (step + 1)}, step=step)
        run.finish()

    result = peira.sweep(objective, ["x=1.0,2.0"], minimize="val/loss", sampler="grid")
    assert result.trials.values[0] == [1 / 3, 2 / 3]
    with Lab(lab) as opened:
        first, second = opened.runs("", sort="trial")
        assert (first.params, first.tags) == ({"x": 1.0, "depth": 3}, ["own"])
        assert second.metrics["val/loss"].count == 3


def test_the_summary_of_a_metric_says_which_value_counts(lab: Path) -> None:
    """The last value of a run, else the one that the objective names."""

    def objective(x: float) -> None:
        for value in (3.0, 1.0, 2.0):
            peira.log({"loss": value * x})

    for text, value in {"loss": 2.0, "loss.min": 1.0, "loss.max": 3.0, "loss.best": 1.0}.items():
        result = peira.sweep(objective, ["x=1.0"], minimize=text, trials=1)
        assert result.best_value == value


def test_one_metric_may_be_two_objectives(lab: Path) -> None:
    """Its least and its last value are two; the same one twice is a mistake."""

    def train(x: float) -> None:
        for step, loss in enumerate([3.0, 1.0, 2.0]):
            peira.log({"loss": loss * x}, step=step)

    found = peira.sweep(train, {"x": [1.0, 2.0]}, minimize=["loss.min", "loss"], sampler="grid")
    assert found.trials.values == [[1.0, 2.0], [2.0, 4.0]]
    with pytest.raises(UsageError, match="stands twice in y, y"):
        peira.sweep(train, {"x": [1.0]}, minimize="y", maximize="y", sampler="grid")


def test_a_space_may_be_numpys(lab: Path) -> None:
    """Arrays, and scalars wherever a number stands; trials have numbers of Python."""
    space = {
        "lr": np.array([0.125, 0.25]), "k": list(np.arange(2)), "c": np.float64(3),
        "x": {"float": [np.float32(0), np.int64(1)], "step": np.float64(0.5)},
    }  # fmt: skip
    found = peira.sweep(lambda lr: float(lr), space, minimize="y", sampler="grid")
    assert found.reading.row.space == ["lr=0.125,0.25", "k=0,1", "c=3.0", "x=float(0.0,1.0,0.5)"]
    assert {type(value) for column in found.trials.params.values() for value in column} == {
        int, float,
    }  # fmt: skip
    first = [{"lr": np.float64(0.25)}]
    given = peira.sweep(lambda lr: float(lr), {"lr": "0..1"}, minimize="y", trials=1, first=first)
    assert given.trials.params == {"lr": [0.25]}


def test_several_objectives_have_a_front(lab: Path) -> None:
    """Of trials that no other beats, all are given."""
    result = peira.sweep(
        lambda x: (x, 1 - x if x < 0.5 else 2.0), {"x": [0.1, 0.3, 0.4, 0.7]},
        minimize=["a", "b"], sampler="grid",
    )  # fmt: skip
    assert [best.params["x"] for best in result.front] == [0.1, 0.3, 0.4]
    assert "3 on the front" in repr(result)
    with pytest.raises(UsageError, match=r"several objectives \(a, b\)") as error:
        _ = result.best_params
    assert "result.front" in str(error.value.hint)
    assert " · front of 3 · " in progress_text(result.reading.row)
    assert peira.sweep(
        lambda x: (x, x), ["x=float(0,1)"], minimize="a", maximize="b", trials=6, sampler="nsga2"
    ).trials.state == ["complete"] * 6  # fmt: skip


@pytest.mark.parametrize("objectives", [2, 3])
def test_the_front_is_what_none_beats(objectives: int) -> None:
    """As by holding each against each; what is equal to one of the front is part of it. A front of
    all trials is found in a moment."""
    rng = np.random.default_rng(objectives)
    signs = [1, -1, 1][:objectives]
    values = rng.integers(0, 6, (300, objectives)).astype(float)
    tried = [Best(trial=i, values=tuple(v), params={}, run=None) for i, v in enumerate(values)]
    costs = values * signs
    expected = {
        i for i, own in enumerate(costs)
        if not any((other <= own).all() and (other < own).any() for other in costs)
    }  # fmt: skip
    found = _front(tried, signs)
    assert {one.trial for one in found} == expected and len(found) == len(expected)
    firsts = [one.values[0] for one in found]
    assert firsts == sorted(firsts)
    line = [Best(trial=i, values=(i, i, 0.0)[:objectives], params={}, run=None)
            for i in range(3_000)]  # fmt: skip
    began = time.perf_counter()
    assert len(_front(line, signs)) == 3_000
    assert time.perf_counter() - began < 2, "it took 13 s when each was held against each"


def test_conditions_and_constraints_hold_in_every_trial(lab: Path) -> None:
    """A param is there when its condition holds, and what is forbidden is not run."""
    space = Space.parse(
        ["opt=sgd,adam", "momentum=float(0,1) if opt == sgd", "a=int(1,8)", "b=int(1,8)"],
        ["a * b <= 12"],
    )
    for sampler in ("random", "tpe", "qmc"):
        result = peira.sweep(
            lambda params: float(params["a"]), space, minimize="y", trials=12, sampler=sampler
        )
        for row in result.trials.rows():
            space.check(row["params"])
            assert ("momentum" in row["params"]) == (row["params"]["opt"] == "sgd")


def test_a_sampler_that_learns_what_is_forbidden_ends_no_sweep(lab: Path) -> None:
    """Each param for itself is best where both together are not allowed: then one is drawn at
    random.
    """
    found = peira.sweep(
        lambda a, b: float(a + b), {"a": "int(1,8)", "b": "int(1,8)"}, maximize="y", trials=12,
        sampler="tpe:n_startup_trials=5", seed=0, where="a * b <= 12",
    ).trials  # fmt: skip
    assert found.state == ["complete"] * 12
    assert all(row["params"]["a"] * row["params"]["b"] <= 12 for row in found.rows())


def test_what_no_draw_satisfies_ends_the_sweep(lab: Path) -> None:
    """With the constraint in the message, before there is a sweep."""
    with pytest.raises(UsageError, match=r"refused by x > 2"):
        peira.sweep(squared, ["x=float(0,1)"], where="x > 2", minimize="y", trials=2,
                    sampler="random")  # fmt: skip
    assert not (lab / "sweeps").exists()


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"space": {"x": [1, True]}}, "cannot tell 1 and true apart"),
        ({"space": {"x": [1, 2, 1.0]}}, "cannot tell 1 and 1.0 apart"),
        ({"sampler": "tpe:seed=3"}, "tpe:seed=3 cannot be used"),
        ({"sampeler": "random"}, "'sampeler' is no option of a sweep"),
        ({"trials": 2.5}, "trials is a whole number, not 2.5"),
        ({"seed": "7"}, "seed is a whole number, not '7'"),
        ({"trials": None, "budget": 0}, "A budget of 0 is no time"),
        ({"where": "x < 0", "first": [{"x": 0.5}]}, "The first trial x=0.5 breaks x < 0"),
    ],
)
def test_what_a_sampler_cannot_do_is_said_before(
    lab: Path, options: dict[str, Any], part: str
) -> None:
    """Optuna takes 1 for true in a list; the seed is an option of the sweep."""
    asked: dict[str, Any] = {"space": {"x": "-1..1"}, "minimize": "y", "trials": 1, **options}
    with pytest.raises(UsageError, match=part):
        peira.sweep(squared, **asked)
    assert not (lab / "sweeps").exists() or not list_sweeps(lab), "nothing was begun"


def test_a_grid_keeps_values_that_a_sampler_takes_for_one(lab: Path) -> None:
    """It draws nothing: 1 and 1.0 are two trials."""
    result = peira.sweep(lambda x: float(x), {"x": [1, 1.0]}, minimize="y", sampler="grid")
    assert [repr(x) for x in result.trials.params["x"]] == ["1", "1.0"]
    assert result.trials.state == ["complete"] * 2


def test_an_extension_of_a_grid_ends_with_the_grid(lab: Path) -> None:
    """Also when it is extended for the second time; else a worker meets a trial that is none."""
    asked: dict[str, Any] = {"minimize": "y", "trials": 1, "sampler": "grid", "name": "s"}
    peira.sweep(lambda x: float(x), {"x": [1, 2, 3, 4]}, **asked)
    decide(find_sweep(lab, "s"), "extend", trials=2)
    with pytest.raises(UsageError, match="has 4 trials; 3 of them are asked for"):
        decide(find_sweep(lab, "s"), "extend", trials=2)
    decide(find_sweep(lab, "s"), "extend", trials=1)
    assert len(peira.sweep(lambda x: float(x), resume="s")) == 4


def test_runs_with_other_constants_are_no_earlier_results(lab: Path) -> None:
    """What ran for one epoch says nothing about ten."""
    asked: dict[str, Any] = {"minimize": "y", "trials": 2, "sampler": "random", "project": "p"}
    peira.sweep(lambda x: float(x), ["x=0..1", "epochs=1"], **asked)
    peira.sweep(lambda x: float(x), ["x=0..1", "epochs=10"], **asked)
    warm = peira.sweep(lambda x: float(x), ["x=0..1", "epochs=10"], warm="", **asked)
    assert len(warm.reading.definition.warm) == 2


def test_a_name_is_given_once(lab: Path) -> None:
    """A second sweep of the same name has a number behind it, so that each is found by its own."""
    names = [
        peira.sweep(squared, ["x=1,2"], minimize="y", sampler="grid", name="grid12").name
        for _ in range(3)
    ]
    assert names == ["grid12", "grid12-2", "grid12-3"]
    assert peira.sweep(squared, ["x=1"], minimize="y", trials=1).name not in names


def test_an_objective_that_returns_something_else_says_what(lab: Path) -> None:
    """The names of what a dict holds stand beside the missing one."""
    result = peira.sweep(lambda x: {"loss": x, "acc": 1}, ["x=1"], minimize="y", trials=1)
    assert "it neither returned nor logged y; it returned loss, acc" in result.trials.reason[0]


def test_first_trials_and_earlier_runs_are_known_to_the_sampler(lab: Path) -> None:
    """First trials are run as given; the results of earlier runs are what the sampler starts
    from.
    """
    first = [{"x": 0.5}, {"x": 0.25}]
    result = peira.sweep(squared, ["x=float(0,1)"], minimize="y", trials=4, first=first, name="a")
    assert result.trials.params["x"][:2] == [0.5, 0.25]
    assert result.trials.source == ["given", "given", "sampler", "sampler"]
    warm = peira.sweep(squared, ["x=float(0,1)"], minimize="y", trials=1, warm="trial < 2")
    assert [known.params for known in warm.reading.definition.warm] == first
    with pytest.raises(UsageError, match="None of the 1 finished runs"):
        peira.sweep(squared, ["x=float(2,3)"], minimize="y", trials=1, warm="trial = 3")


def test_a_decorated_function_is_the_function_and_can_be_swept(lab: Path) -> None:
    """`@peira.sweep(…)` runs nothing by itself."""

    @peira.sweep(space={"x": [1, 2, 3]}, maximize="y", sampler="grid")
    def objective(x: int) -> float:
        return float(x)

    assert isinstance(objective, SweptFunction) and objective(x=7) == 7.0
    assert not (lab / "sweeps").exists()
    assert objective.sweep().best_params == {"x": 3}
    assert len(objective.sweep(trials=2)) == 2


def test_a_function_that_only_this_process_has_is_run_in_forks(lab: Path) -> None:
    """Several workers, and a closure."""
    offset = 0.25
    result = peira.sweep(
        lambda x: abs(x - offset), ["x=float(0,1)"], minimize="y", trials=6, jobs=2
    )
    assert result.trials.state == ["complete"] * 6
    assert all(
        value == abs(x - offset)  # type: ignore[operator]
        for value, x in zip(result.trials.values[0], result.trials.params["x"], strict=True)
    )
    definition = result.reading.definition
    assert definition.function is not None and definition.function.place == ""


def test_a_budget_ends_a_sweep(lab: Path) -> None:
    """No trial is begun when the time is used; the number of trials may be left open."""
    result = peira.sweep(squared, ["x=float(0,1)"], minimize="y", budget=1.0)
    assert len(result) >= 1 and result.reading.row.state == "finished"
    assert result.reading.row.worked_s >= 1.0


def test_a_sweep_without_an_end_or_a_metric_is_refused(lab: Path) -> None:
    """The message says what is missing."""
    with pytest.raises(UsageError, match="not said when the sweep is to end"):
        peira.sweep(squared, ["x=float(0,1)"], minimize="y")
    with pytest.raises(UsageError, match="needs a metric"):
        peira.sweep(squared, ["x=float(0,1)"], trials=1)
    with pytest.raises(UsageError, match="no sampler"):
        peira.sweep(squared, ["x=float(0,1)"], minimize="y", trials=1, sampler="magic")
    with pytest.raises(UsageError, match="cannot be used"):
        peira.sweep(squared, ["x=float(0,1)"], minimize="y", trials=1, sampler="tpe:magic=1")


@pytest.mark.parametrize(
    "pruner", ["median:n_startup_trials=2", "asha", "hyperband:max_resource=8"]
)
def test_a_pruner_ends_hopeless_trials(lab: Path, pruner: str) -> None:
    """Those that report, and those that only log."""

    def reporting(trial: Trial) -> float:
        for step in range(1, 9):
            trial.report(trial["x"], step)  # type: ignore[arg-type]
            if trial.should_prune():
                raise peira.Pruned
        return float(trial["x"])  # type: ignore[arg-type]

    def logging(x: float) -> float:
        for step in range(1, 9):
            peira.log({"y": x}, step=step)
        return x

    for objective in (reporting, logging):
        result = peira.sweep(
            objective, {"x": [float(x) for x in range(1, 13)]}, minimize="y", sampler="grid",
            prune=pruner,
        )  # fmt: skip
        states = result.trials.state
        assert states[0] == "complete" and states.count("pruned") >= 4, states
        assert result.best_value == 1.0
        assert all(
            steps < 8 for steps, state in zip(result.trials.steps, states, strict=True)
            if state == "pruned" and steps
        ) or pruner.startswith("hyperband")  # fmt: skip


def test_trials_are_a_frame(lab: Path) -> None:
    """With a column a param."""
    result = peira.sweep(squared, ["x=float(0,1)"], minimize="y", trials=3)
    frame = result.to_pandas()
    assert list(frame.columns)[:4] == ["trial", "state", "y", "params.x"] and len(frame) == 3


def test_the_same_seed_prunes_the_same_trials(lab: Path) -> None:
    """Hyperband deals trials to its brackets by the name of the study: it is the seed."""

    def train(trial: Trial) -> float:
        x = trial["x"]
        assert isinstance(x, float)
        for step in range(1, 9):
            trial.report(x + 1 / step, step)
            if trial.should_prune():
                raise peira.Pruned
        return x

    asked: dict[str, Any] = {
        "minimize": "y", "trials": 24, "prune": "hyperband:max_resource=8", "seed": 1,
    }  # fmt: skip
    one, other = (peira.sweep(train, {"x": "0..1"}, **asked).trials for _ in range(2))
    assert one.state == other.state and one.params == other.params
    assert one.state.count("pruned") > 3


@pytest.mark.parametrize("sampler", ["tpe", "tpe:multivariate=true"])
def test_a_sampler_learns_from_the_trials_before(lab: Path, sampler: str) -> None:
    """Half of the late trials are nearer to the best than any random draw of five; Optuna's
    samplers look at the trials of the moment only when they are asked anew.
    """
    result = peira.sweep(
        lambda x, y: (x - 0.3) ** 2 + (y - 0.7) ** 2, {"x": "0..1", "y": "0..1"}, minimize="l",
        trials=45, sampler=sampler, seed=1,
    )  # fmt: skip
    values = np.array(result.trials.values[0], np.float64)
    assert np.median(values[30:]) < 0.06 < 0.1 < np.median(values[:10])


@pytest.mark.parametrize(
    "sampler", ["tpe:n_startup_trials=4", "tpe:multivariate=true,group=true,n_startup_trials=4",
                "nsga2:population_size=4"],
)  # fmt: skip
def test_a_sweep_that_was_stopped_draws_what_it_would_have_drawn(lab: Path, sampler: str) -> None:
    """One worker, or one after the other: the trials are the same, and those of a sampler."""

    def train(trial: Trial) -> float:
        return float(trial["x"]) + (trial["o"] == "a") * float(trial.params.get("m", 0))  # type: ignore[arg-type]

    space = {"x": "0..1", "o": ["a", None], "m": "float(0,1,0.1) if o == a"}
    asked: dict[str, Any] = {"minimize": "y", "seed": 5}
    whole = peira.sweep(train, space, trials=16, sampler=sampler, **asked).trials
    for name, steps in (("b", (7, 4, 5)), ("c", (4, 12))):
        peira.sweep(train, space, trials=steps[0], sampler=sampler, name=name, **asked)
        for more in steps[1:]:
            decide(find_sweep(lab, name), "extend", trials=more)
            found = peira.sweep(train, resume=name).trials
        assert found.params == whole.params
    drawn = peira.sweep(train, space, trials=16, sampler="random", **asked).trials
    assert drawn.params != whole.params


def test_an_objective_written_for_optuna_runs_unchanged(lab: Path) -> None:
    """Its calls, by place and by name; what it sets stands with the run."""

    def objective(trial: Any) -> float:
        x = trial.suggest_float("x", low=0, high=1, log=False)
        kind = trial.suggest_categorical("kind", choices=["a", "b"])
        n = trial.suggest_int("n", 1, 3, step=1)
        trial.set_user_attr("kind", kind)
        trial.set_user_attr("size", n)
        assert trial.user_attrs["size"] == n and trial.number >= 0
        return float(x + n)

    space = {"x": [0.5], "kind": ["a", "b"], "n": [2]}
    found = peira.sweep(objective, space, minimize="y", sampler="grid").trials
    assert found.values == [[2.5, 2.5]], found.reason
    with Lab(lab) as opened:
        captured = opened.run(str(found.run[1])).captured("search")
    assert captured == {"user_attrs": {"kind": "b", "size": 2}}


def test_what_is_returned_may_be_nested_as_what_is_logged(lab: Path) -> None:
    """`{"val": {"loss": …}}` is val/loss."""
    found = peira.sweep(
        lambda x: {"val": {"loss": x}}, {"x": [0.5]}, minimize="val/loss", sampler="grid"
    )
    assert found.trials.values == [[0.5]], found.trials.reason


@pytest.mark.parametrize("sampler", ["qmc", "random", "tpe", "nsga2"])
def test_params_with_conditions_are_drawn_anew_in_each_trial(lab: Path, sampler: str) -> None:
    """They are not of a quasi-random sequence, and so had the same value in all trials."""
    space = {"o": ["a", "b"], "m": "float(0,1) if o == a", "k": "int(1,10000) if o == b"}
    found = peira.sweep(lambda o: 1.0, space, minimize="y", trials=9, sampler=sampler, seed=1)
    for name in ("m", "k"):
        values = [v for v in found.trials.params[name] if v is not None]
        assert len(set(values)) == len(values) > 1, values

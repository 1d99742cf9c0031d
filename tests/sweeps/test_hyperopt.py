"""Code written for Hyperopt runs as a sweep; its spaces are read as they mean."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

hyperopt = pytest.importorskip("hyperopt")

from hyperopt import STATUS_FAIL, STATUS_OK, Trials, hp, rand, space_eval, tpe  # noqa: E402
from hyperopt.pyll import scope  # noqa: E402

import peira  # noqa: E402
from peira.core.errors import UsageError  # noqa: E402
from peira.hyperopt import fmin  # noqa: E402
from peira.sweeps.hyperopt_space import HyperoptSpace  # noqa: E402
from peira.sweeps.reading import read_sweep  # noqa: E402


def test_each_distribution_is_read() -> None:
    """Ranges, steps, whole numbers, lists and nested options."""
    read = HyperoptSpace(
        {
            "lr": hp.loguniform("lr", math.log(1e-4), math.log(1e-1)),
            "n": scope.int(hp.quniform("n", 1, 9, 2)),
            "half": hp.quniform("half", 0, 2, 0.5),
            "r": hp.randint("r", 5),
            "from": hp.randint("from", 2, 5),
            "u": hp.uniformint("u", 2, 9),
            "model": hp.choice("model", [{"k": "svm", "c": hp.uniform("c", 0, 1)}, {"k": "tree"}]),
            "act": hp.choice("act", ["relu", "tanh"]),
            "mixed": hp.choice("mixed", [1, True]),
            "whole": hp.qloguniform("whole", 0, math.log(100), 1),
            "fixed": (1, [2, 3]),
        }
    )
    told = {p.name: (p.domain.text, p.when) for p in read.space.params}
    assert told.pop("lr")[0].startswith("log(")
    assert told == {
        "n": ("int(0,8,2)", ""),
        "half": ("float(0.0,2.0,0.5)", ""),
        "r": ("int(0,4)", ""),
        "from": ("int(2,4)", ""),
        "u": ("int(2,9)", ""),
        "model": ("0,1", ""),
        "c": ("float(0.0,1.0)", "model == 0"),
        "act": ("relu,tanh", ""),
        "mixed": ("0,1", ""),
        "whole": ("int(1,100,log)", ""),
    }
    params = {
        "lr": 0.01, "n": 4, "half": 0.5, "r": 1, "from": 2, "u": 3, "model": 0, "c": 0.25,
        "act": "tanh", "whole": 7, "mixed": 1,
    }  # fmt: skip
    assert read.build(params) == {
        "lr": 0.01, "n": 4, "half": 0.5, "r": 1, "from": 2, "u": 3,
        "model": {"k": "svm", "c": 0.25}, "act": "tanh", "whole": 7, "mixed": True,
        "fixed": (1, (2, 3)),
    }  # fmt: skip
    assert read.point(params)["act"] == 1 and read.point(params)["model"] == 0


def test_what_a_space_cannot_hold_is_said() -> None:
    """Unbounded ranges and probabilities by a warning, computations by an error."""
    with pytest.warns(UserWarning, match="3 standard deviations"):
        normal = HyperoptSpace(hp.normal("x", 1, 2)).space.param("x").domain
        stepped = HyperoptSpace(hp.qnormal("x", 10, 2, 3)).space.param("x").domain
    assert normal.text == "float(-5.0,7.0)" and stepped.text == "int(3,15,3)"
    with pytest.warns(UserWarning, match="probabilities"):
        HyperoptSpace(hp.pchoice("p", [(0.9, "a"), (0.1, "b")]))
    with pytest.raises(UsageError, match="computes with `add`"):
        HyperoptSpace({"x": hp.uniform("x", 0, 1) + 1})
    with pytest.raises(UsageError, match="nothing to search"):
        HyperoptSpace({"x": 1})


def test_fmin_is_a_sweep_of_runs(lab: Path) -> None:
    """The best point is what Hyperopt would return; trials are runs, a failed one does not end
    it.
    """
    space = {
        "x": hp.uniform("x", -2, 2),
        "kind": hp.choice("kind", ["far", "near"]),
    }
    calls: list[dict[str, Any]] = []

    def train(point: dict[str, Any]) -> dict[str, Any]:
        calls.append(point)
        if len(calls) == 3:
            return {"status": STATUS_FAIL}
        loss = point["x"] ** 2 + (point["kind"] == "far")
        return {"loss": loss, "status": STATUS_OK, "accuracy": 1 - loss}

    trials = Trials()
    best = fmin(train, space, tpe.suggest, max_evals=12, trials=trials, name="old", seed=1)
    found = read_sweep(lab, "old")
    assert len(calls) == 12 and found.row.counts["failed"] == 1
    assert found.row.counts["complete"] == 11
    assert space_eval(space, best) in calls
    assert found.row.best is not None and found.row.best.values[0] == min(
        loss for loss in trials.losses() if loss is not None
    )
    assert len(trials) == 12 and trials.best_trial["result"]["loss"] == found.row.best.values[0]
    assert trials.argmin == best
    with peira.Lab(lab) as reading:
        run = reading.run(str(found.row.best.run))
        assert run.metrics["accuracy"].last == pytest.approx(1 - run.metrics["loss"].last)


def test_a_lone_value_and_other_algorithms(lab: Path) -> None:
    """A space that is one `hp.…`, a loss that is a number, random search."""
    best = fmin(lambda x: (x - 1) ** 2, hp.uniform("x", 0, 2), rand.suggest, 5, name="lone")
    assert set(best) == {"x"} and 0 <= best["x"] <= 2
    assert read_sweep(lab, "lone").row.sampler == "random"


def test_the_best_point_is_what_the_objective_got(lab: Path) -> None:
    """Rounded to its step, in what is returned and in `trials`; and `rstate` is the seed."""
    space = {"units": hp.qloguniform("units", 2, 6, 8)}
    found = []
    for _ in range(2):
        calls: list[float] = []
        trials = Trials()

        def train(point: dict[str, float], calls: list[float] = calls) -> float:
            calls.append(point["units"])
            return -point["units"]

        best = fmin(
            train, space, max_evals=6, trials=trials, rstate=np.random.default_rng(3),
            show_progressbar=False,
        )  # fmt: skip
        assert best == {"units": max(calls)} == space_eval(space, best)
        assert trials.vals["units"] == calls and all(v % 8 == 0 for v in calls)
        found.append(calls)
    assert found[0] == found[1]
    with pytest.raises(UsageError, match="'loss_threshold' is no option"):
        fmin(lambda p: 1.0, space, max_evals=1, loss_threshold=0.1)

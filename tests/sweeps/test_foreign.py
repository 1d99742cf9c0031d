"""Searches that others run, as sweeps: Optuna studies, scikit-learn's searches, leaderboards."""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import pickle
import sqlite3
from functools import partial
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages.journal import JournalFileBackend

import peira
from peira.core.errors import NotFoundError, UsageError
from peira.sweeps.definition import Objective
from peira.sweeps.domain import Constant, Float, Int
from peira.sweeps.foreign import (
    ForeignRecord,
    ForeignSweep,
    ForeignTrial,
    foreign_sweep,
    joined,
    plain_value,
    record_trial,
)
from peira.sweeps.grid_search import record_search
from peira.sweeps.leaderboard import record_leaderboard
from peira.sweeps.optuna_studies import import_study, optuna_storage
from peira.sweeps.reading import list_sweeps, read_sweep
from peira.sweeps.space import Space


@pytest.fixture(autouse=True)
def quiet() -> None:
    """Optuna tells of each trial otherwise."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)


def objective(trial: optuna.Trial) -> float:
    """One optimiser has a momentum; trial 2 fails, trial 3 is NaN, trial 4 is pruned."""
    lr = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
    opt = trial.suggest_categorical("opt", ["sgd", "adam"])
    if opt == "sgd":
        trial.suggest_float("momentum", 0, 1)
    for step in range(3):
        trial.report(lr + 1 / (step + 1), step)
    if trial.number == 2:
        raise ValueError("out of memory")
    if trial.number == 3:
        return math.nan
    if trial.number == 4:
        raise optuna.TrialPruned
    trial.set_user_attr("note", "fine")
    return lr


def optimize(study: optuna.Study, trials: int) -> None:
    study.optimize(objective, n_trials=trials, catch=(ValueError,))


def test_an_attached_study_is_a_sweep_of_runs(lab: Path) -> None:
    """Each ended trial is a run with params, curve and value; each end has its state."""
    study = optuna.create_study(storage=optuna_storage(), study_name="mine")
    optimize(study, 6)
    found = read_sweep(lab, "mine")
    states = found.trials.state
    assert states == ["complete", "complete", "failed", "failed", "pruned", "complete"]
    assert found.row.best is not None
    assert found.row.best.values[0] == study.best_value
    assert found.row.state == "finished" and found.row.sampler == "tpe"
    with peira.Lab() as reading:
        run = reading.run(str(found.trials.run[0]))
        assert run.name == "mine-0" and run.state == "finished" and run.tags == ["optuna"]
        assert run.params == study.trials[0].params
        assert run.metrics["value"].last == study.trials[0].value
        assert run.metrics["value"].count == 4  # three reports and the value
        assert run.captured("search") == {"user_attrs": {"note": "fine"}}
        assert reading.run(str(found.trials.run[2])).state == "failed"
        assert len(reading.runs(f"sweep = {found.row.id}")) == 6


def test_a_study_goes_on_in_another_process_storage(lab: Path) -> None:
    """A second storage, and a pickled one, add to the same sweep without doubling."""
    optimize(optuna.create_study(storage=optuna_storage(), study_name="mine"), 2)
    storage = pickle.loads(pickle.dumps(optuna_storage()))
    study = optuna.load_study(storage=storage, study_name="mine")
    study.optimize(lambda t: t.suggest_float("lr", 1e-4, 1e-1, log=True), n_trials=2)
    study.add_trial(study.trials[0])
    found = read_sweep(lab, "mine")
    assert found.trials.number == [0, 1, 2, 3, 4]
    with peira.Lab() as reading:
        assert reading.runs().total == 5
    assert len(list_sweeps(lab)) == 1


def test_forked_processes_share_a_study(lab: Path) -> None:
    """Children that go on with their parent's study are workers of their own: every trial ends and
    is a run, none is mixed up.
    """
    study = optuna.create_study(storage=optuna_storage(), study_name="mine")

    def work() -> None:
        study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=6)

    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    trials = study.get_trials()
    assert [trial.number for trial in trials] == list(range(18))
    assert all(trial.value == trial.params["x"] for trial in trials)
    found = read_sweep(lab, "mine")
    assert found.trials.state == ["complete"] * 18
    assert found.trials.values[0] == [trial.value for trial in trials]


def test_the_run_that_the_objective_recorded_is_the_trials(lab: Path) -> None:
    """An objective that calls peira.init itself gets no second run."""

    def train(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        with peira.init("p", params={"x": x}) as run:
            run.log({"loss": x})
        return x

    study = optuna.create_study(storage=optuna_storage(), study_name="mine")
    study.optimize(train, n_trials=2)
    found = read_sweep(lab, "mine")
    with peira.Lab() as reading:
        runs = reading.runs()
        assert {run.id for run in runs} == set(found.trials.run) and len(runs) == 2
        for number in range(2):
            assert reading.run(str(found.trials.run[number])).params == study.trials[number].params


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_several_objectives_and_their_names(lab: Path) -> None:
    """Directions and the names given by `set_metric_names` are kept."""
    study = optuna.create_study(
        storage=optuna_storage(), study_name="two", directions=["maximize", "minimize"]
    )
    study.set_metric_names(["accuracy", "latency"])
    study.optimize(lambda t: (t.suggest_int("n", 1, 9), 10 - t.params["n"]), n_trials=3)
    found = read_sweep(lab, "two")
    told = [(o.metric, o.direction) for o in found.definition.objectives]
    assert told == [("accuracy", "maximize"), ("latency", "minimize")]
    assert len(found.row.front) >= 1


def test_studies_are_imported_from_files_once(lab: Path, tmp_path: Path) -> None:
    """SQLite by URL and by path, a journal file; the second import adds only what is new."""
    url = f"sqlite:///{tmp_path}/study.db"
    study = optuna.create_study(storage=url, study_name="old")
    study.enqueue_trial({"opt": "sgd"})
    optimize(study, 4)
    first = import_study(url)[0]
    assert (first.study, first.trials, first.new, first.unfinished) == ("old", 4, 4, 0)
    optimize(study, 1)
    study.ask()
    again = import_study(url, "old")[0]
    assert (again.trials, again.new, again.unfinished) == (5, 1, 1)
    assert again.folder == first.folder
    assert import_study(tmp_path / "study.db")[0].trials == 5

    backend = JournalFileBackend(str(tmp_path / "journal.log"))
    other = optuna.create_study(storage=optuna.storages.JournalStorage(backend), study_name="j")
    optimize(other, 2)
    seen: list[tuple[int, int]] = []
    told = import_study(tmp_path / "journal.log", on_trial=lambda a, b: seen.append((a, b)))
    assert told[0].new == 2 and seen == [(1, 2), (2, 2)]
    momentum = read_sweep(lab, "old").definition.space.param("momentum").domain
    assert momentum == Float(low=0.0, high=1.0)


def test_what_cannot_be_imported(lab: Path, tmp_path: Path) -> None:
    """No file, no study of the name, nothing that has ended, no storage of Optuna."""
    with pytest.raises(NotFoundError, match="no file"):
        import_study("sqlite:///missing.db")
    assert not Path("missing.db").exists()
    optuna.create_study(storage="sqlite:///empty.db", study_name="empty")
    with pytest.raises(UsageError, match="no trial that has ended"):
        import_study("empty.db")
    with pytest.raises(NotFoundError, match="Studies there: empty"):
        import_study("empty.db", "full")
    Path("text.log").write_text("no journal\n")
    with pytest.raises(UsageError, match="no journal of Optuna"):
        import_study("text.log")
    sqlite3.connect("other.db").execute("create table t (x)").connection.close()
    with pytest.raises(UsageError):
        import_study("other.db")


def test_a_search_of_scikit_learn_is_recorded(lab: Path) -> None:
    """Scores, spread, folds and params of each row; once, however often it is called."""
    from sklearn.datasets import load_iris
    from sklearn.model_selection import GridSearchCV
    from sklearn.svm import SVC

    grid = {"C": [0.1, 1.0], "kernel": ["linear", "rbf"]}
    search = GridSearchCV(SVC(), grid, cv=3, scoring=["accuracy", "f1_macro"], refit="f1_macro")
    with pytest.raises(UsageError, match=r"search\.fit"):
        record_search(search)
    search.fit(*load_iris(return_X_y=True))
    folder = record_search(search, "svm", why="a baseline")
    assert record_search(search, "svm") == folder
    found = read_sweep(lab, "svm")
    assert found.row.best is not None and found.row.best.params == search.best_params_
    assert found.row.best.values[0] == pytest.approx(search.best_score_)
    assert found.definition.space.words() == ["C=0.1,1.0", "kernel=linear,rbf"]
    assert (
        found.definition.sampler.name == "grid" and found.definition.objective.metric == "f1_macro"
    )
    with peira.Lab() as reading:
        run = reading.run(str(found.trials.run[2]))
        assert run.metrics["accuracy"].last == pytest.approx(
            search.cv_results_["mean_test_accuracy"][2]
        )
        assert run.metrics["f1_macro/fold1"].last == pytest.approx(
            search.cv_results_["split1_test_f1_macro"][2]
        )
        assert reading.runs().total == 4


def test_the_winner_of_a_halving_search_had_all_samples(lab: Path) -> None:
    """A score of 10 samples is no rival of one of 30: such trials were given up."""
    from sklearn.datasets import make_classification
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401
    from sklearn.model_selection import HalvingGridSearchCV
    from sklearn.tree import DecisionTreeClassifier

    grid = {"max_depth": [None, 1, 2, 3], "min_samples_leaf": [1, 5]}
    search = HalvingGridSearchCV(
        DecisionTreeClassifier(random_state=0), grid, random_state=0, cv=2, min_resources=10
    )
    search.fit(*make_classification(200, random_state=1, flip_y=0.2))
    found = read_sweep(lab, record_search(search, "halving").id)
    assert found.row.best is not None and found.row.best.params == search.best_params_
    assert found.row.best.trial == search.best_index_
    assert (
        found.row.best.values[0] == search.best_score_ < max(search.cv_results_["mean_test_score"])
    )
    assert found.trials.state[0] == "pruned"
    assert found.trials.reason[0] == "iteration 0 of 1, 10 n_samples"


@pytest.mark.filterwarnings("ignore:Choices for a categorical distribution")
def test_what_optuna_takes_and_a_space_does_not(lab: Path) -> None:
    """Ranges of one value, objects and infinity in lists, a range that was one value at first."""

    def objective(trial: optuna.Trial) -> float:
        trial.suggest_float("one", 1.0, 1.0)
        trial.suggest_int("grows", 3, 3 + trial.number)
        trial.suggest_categorical("layers", [(64, 64), (12,)])
        trial.suggest_categorical("clip", [1.0, float("inf")])
        trial.suggest_categorical("depth", [None, 1, True])
        return trial.suggest_float("step", 0.1, 0.3, step=0.2)

    study = optuna.create_study()
    study.optimize(objective, n_trials=3)
    (imported,) = import_study(study, lab=lab)
    assert imported.folder.read().space.words() == [
        "one=1.0", "grows=int(3,5)", "layers='[64, 64]','[12]'", "clip=1.0,'inf'",
        "depth=null,1,true", "step=float(0.1,0.3,0.2)",
    ]  # fmt: skip
    found = read_sweep(lab, imported.folder.id).trials
    assert found.params["layers"] == [str(list(t.params["layers"])) for t in study.trials]
    assert found.values[0] == [t.value for t in study.trials]


def test_recording_reads_what_is_known_once(lab: Path) -> None:
    """Each trial is a file of its own: reading all of them for each made an import quadratic."""
    rows = [ForeignTrial(number=i, params={"a": 1}, values=(0.5,)) for i in range(30)]
    told = ForeignSweep(
        key="k", objectives=(Objective(metric="m", direction="minimize"),),
        space=Space.parse(["a=1,2"]), what="test", name="mine",
    )  # fmt: skip
    record, other = (ForeignRecord(foreign_sweep(lab, told)) for _ in range(2))
    looked = []
    listing = os.listdir
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "listdir", lambda path: (looked.append(path), listing(path))[1])
        runs = [record.add(row) for row in rows]
    assert len(looked) < 5, "the claims are listed when one is taken only"
    assert [other.add(row) for row in rows] == runs == [record.add(row) for row in rows]


def test_a_leaderboard_is_recorded(lab: Path) -> None:
    """From a DataFrame, rows or columns: numbers are metrics, the rest params, the model the
    name.
    """
    import pandas as pd

    frame = pd.DataFrame(
        {
            "model_id": ["gbm_1", "glm_1", "broken"],
            "auc": [0.93, 0.88, None],
            "logloss": [0.2, 0.3, 0.9],
            "config": [{"depth": 3}, {"alpha": 0.1}, {}],
        }
    )
    folder = record_leaderboard(frame, maximize="auc", name="automl")
    assert record_leaderboard(frame, maximize="auc", name="automl") == folder
    found = read_sweep(lab, "automl")
    assert found.trials.state == ["complete", "complete", "nan"]
    assert found.row.best is not None
    assert found.row.best.params == {"model_id": "gbm_1", "depth": 3}
    with peira.Lab() as reading:
        run = reading.run("gbm_1")
        assert run.metrics["logloss"].last == 0.2 and run.metrics["auc"].last == 0.93
    with pytest.raises(UsageError, match='maximize="auc"'):
        record_leaderboard({"model": ["a", "b"], "auc": [1.0, 2.0]})
    with pytest.raises(UsageError, match="no numbers in acc"):
        record_leaderboard([{"model": "a", "auc": 1.0}], maximize="acc")
    with pytest.raises(UsageError, match="no rows"):
        record_leaderboard([], maximize="acc")


def test_a_trial_is_recorded_once_and_completed_when_it_was_cut_off(lab: Path) -> None:
    """A claim whose end was never told (the recorder was killed) gets its end the next time."""
    told = ForeignSweep(
        key="k",
        objectives=(Objective(metric="m", direction="minimize"),),
        space=Space.parse(["a=1,2"]),
        what="test",
        name="mine",
    )
    folder = foreign_sweep(lab, told)
    assert foreign_sweep(lab, told) == folder
    trial = ForeignTrial(number=0, params={"a": 1}, values=(0.5,), started=100.0, ended=101.5)
    run = record_trial(folder, trial)
    assert record_trial(folder, trial) == run
    for path in folder.path.glob("told.*.jsonl"):
        path.unlink()
    again = ForeignRecord(folder)
    assert again.run_of(0) is None
    assert again.add(trial) == again.run_of(0) or again.add(trial)
    assert read_sweep(lab, "mine").trials.state == ["complete"]
    birth = json.loads((lab / "runs" / run / "run.json").read_text())
    assert birth["sweep"] == folder.id and birth.get("trial") == 0


def test_values_and_domains_of_others() -> None:
    """Objects become texts; domains that changed on the way are joined."""
    import numpy as np
    from sklearn.gaussian_process.kernels import RBF

    values: list[Any] = [np.float32(0.5), np.int64(3), np.bool_(True), float("inf"), (1, 2), len]
    assert [plain_value(v) for v in values] == [0.5, 3, True, "inf", "[1, 2]", "len"]
    kernel = RBF(2.0)  # can be called, and is more than its class
    assert plain_value(kernel) == "RBF(length_scale=2)"
    assert plain_value(partial(len)) == "functools.partial(<built-in function len>)"
    assert plain_value(lambda: 1).endswith("<lambda>")  # type: ignore[union-attr]
    assert joined([Float(low=0.0, high=1.0), Float(low=0.5, high=2.0)]).text == "float(0.0,2.0)"
    assert joined([Int(low=1, high=3), Int(low=2, high=9)]) == Int(low=1, high=9)
    assert joined([Constant(value=0), Int(low=2, high=9, log=True)]).text == "int(0,9)"
    assert joined([Constant(value="a"), Float(low=0.0, high=1.0)]).text == "0.0,1.0,a"

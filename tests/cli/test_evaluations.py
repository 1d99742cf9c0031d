"""`peira errors` and `peira holdout`: from the samples that went wrong to a sealed verdict."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from peira.cli import evaluate
from peira.evaluate import answers
from tests.cli.conftest import Peira

SCRIPT = """
import peira
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

peira.dataset("digits", load_digits())
"""
TRAIN = """
import sys, peira
from sklearn.linear_model import LogisticRegression

for seed in (1, 2, 3):
    with peira.init("story", name=f"linear-{seed}", params={"seed": seed}) as run:
        train, dev, test = run.use("digits:train"), run.use("digits:dev"), run.use("digits:test")
        rows = slice(0, 600 + 100 * seed)
        model = LogisticRegression(max_iter=150).fit(train.X[rows] / 16, train.y[rows])
        run.evaluate("dev", scores=model.predict_proba(dev.X / 16), slices={"row": range(len(dev))})
        run.evaluate("test", y_pred=model.predict(test.X / 16))
"""


@pytest.fixture
def story(lab: Path, peira: Peira) -> Path:
    """Three seeds of one recipe, evaluated on dev and on a sealed test part."""
    for text in (SCRIPT, TRAIN):
        subprocess.run([sys.executable, "-c", text], check=True, capture_output=True)
        if text is SCRIPT:
            shares = ("train=0.6", "dev=0.2", "test=0.2", "--stratify", "--hold-out", "test")
            peira("data", "split", "digits", "main", *shares)
    return lab


def test_the_worst_samples_come_first(story: Path, peira: Peira) -> None:
    """Wrong samples by their loss; a cell of the matrix by its labels; hold-outs show none."""
    document = peira.json("errors", "linear-1")
    losses = [sample["loss"] for sample in document["samples"]]
    assert losses == sorted(losses, reverse=True) and document["evaluation"] == "dev"
    told = peira("errors", "linear-1", "--eval", "dev", "-n", "3").stdout
    assert told.splitlines()[0].split()[:3] == ["sample", "true", "predicted"]
    first = peira.json("errors", "linear-1", "--eval", "dev")["samples"][0]
    cell = peira.json(
        "errors", "linear-1", "--eval", "dev", "--true", first["true"], "--predicted",
        first["predicted"],
    )  # fmt: skip
    assert cell["samples"][0]["id"] == first["id"] and "row" in first
    assert "sealed hold-out" in peira("errors", "linear-1", "--eval", "test", code=3).output
    assert "It has dev, test" in peira("errors", "linear-1", "--eval", "val", code=3).output


def test_a_recipe_is_claimed_once(story: Path, peira: Peira) -> None:
    """Three seeds make one look; looks are listed with what is left; unsealing ends it."""
    told = peira("holdout", "look", "digits:test", "0.8", "linear-1", "linear-2", "linear-3",
                 "--why", "the goal").stdout  # fmt: skip
    assert told.startswith("supported  This recipe reaches at least 0.8") and "look 1, 9" in told
    (row,) = peira.json("holdout", "ls")
    assert row["left"] == 9 and row["looks"][0]["claim"]["why"] == "the goal"
    assert "digits:main/test" in peira("holdout", "ls").stdout
    assert "by 2 runs" in peira(
        "holdout", "look", "digits:test", "0.8", "linear-1", "linear-2", code=2
    ).output  # fmt: skip
    seal = ("holdout", "seal", "digits:test")
    assert "sealed already" in peira(*seal).output
    assert "1 looks now, 10 before" in peira(*seal, "--budget", "1").output
    assert "sealed already" in peira(*seal).output  # the budget is kept
    told = peira("holdout", "look", "digits:test", "0.5", "linear-1").output
    assert "beyond the budget of 1 looks" in told
    peira("holdout", "unseal", "digits:test", "--why", "done", "--yes")
    (row,) = peira.json("holdout", "ls")
    assert not row["sealed"] and row["unsealed_why"] == "done" and len(row["looks"]) == 2
    told = peira("holdout", "ls").stdout
    assert ": done" in told and "3 runs reach at least 0.8: supported: the goal" in told
    hint = peira("errors", "linear-1", "--eval", "test", code=3).output
    assert "once it is unsealed, evaluate again" in hint
    assert "cannot be sealed again" in peira("holdout", "seal", "digits:test", code=2).output
    peira("data", "rm", "digits:v1")  # what was looked at is told after the data are gone
    assert "digits:main/test" in peira("holdout", "ls").stdout


PREDICT = """
import joblib

def predict(path, data):
    return joblib.load(path).predict_proba(data.X / 16)
"""
ODD = """
def labels(path, data):
    return predict(path, data).argmax(axis=1)

def named(path, data):
    return {"scores": predict(path, data), "slices": {"row": range(len(data))}}

def flat(path, data):
    return labels(path, data) + 0.25
"""
SAVE = """
import peira
from sklearn.linear_model import LogisticRegression

with peira.init("story", name="saved") as run:
    train = run.use("digits:train")
    model = LogisticRegression(max_iter=100).fit(train.X / 16, train.y)
    run.save_model(model, "linear")
"""


def test_a_saved_model_is_evaluated_as_a_run(story: Path, peira: Peira) -> None:
    """The user's function loads the model; the evaluation is a run that used model and data."""
    (story / "predict.py").write_text(PREDICT)
    subprocess.run([sys.executable, "-c", SAVE], check=True, capture_output=True)
    words = ("evaluate", "saved:linear", "digits:dev", "--with", "predict.py:predict")
    document = peira.json(*words, "--name", "dev")
    assert document["metrics"]["accuracy"] > 0.9
    shown = peira.json("show", document["run"])
    used = {(a["name"], a["role"]) for a in shown["artifacts"]}
    assert used == {("linear", "used"), ("digits:v1:main/dev", "used")}
    assert peira.json("errors", document["run"])["evaluation"] == "dev"
    assert "Name a part" in peira("evaluate", "saved:linear", "digits", *words[3:], code=2).output
    (story / "odd.py").write_text(PREDICT + ODD)
    for function, options in (("labels", ()), ("named", ()), ("flat", ("--task", "regression"))):
        told = peira.json(
            *words[:4], f"odd.py:{function}", "--name", "late", *options
        )  # under another name, of the same part
        found = peira.json("show", told["run"])["evaluations"][0]
        assert (found["name"], found["split"]) == ("late", "main/dev")
        assert found["task"] == ("regression" if options else "multiclass")
        assert any(key.startswith("late/") for key in peira.json("show", told["run"])["metrics"])


def test_tasks_are_those_of_the_library() -> None:
    """The command names them without loading NumPy."""
    assert evaluate.TASKS == answers.TASKS


NUMBERS = """
import numpy as np, peira

rng = np.random.default_rng(0)
x = rng.normal(size=(900, 3))
np.savez("houses.npz", X=x, y=x @ [1.0, 2.0, 3.0] + rng.normal(size=900))
"""
FIT = """
import sys, numpy as np, peira

peeks = sys.argv[1] == "peeker"
with peira.init("houses", name=sys.argv[1], strict=True) as run:
    train, test = run.use("houses:train"), run.use("houses:test")
    if peeks:
        np.load("houses.npz")["y"]
    weights = np.linalg.lstsq(train.X, train.y, rcond=None)[0]
    run.evaluate("test", y_pred=test.X @ weights)
"""


def test_numbers_have_a_hold_out_and_a_peeker_is_named(
    lab: Path, peira: Peira, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mean error is claimed; who opened the file of the sealed rows is said with the answer, in
    the ledger and on the run.
    """
    monkeypatch.chdir(tmp_path)
    subprocess.run([sys.executable, "-c", NUMBERS], check=True, capture_output=True)
    peira("data", "add", "houses.npz")
    peira("data", "split", "houses", "main", "train=0.5", "test=0.5", "--hold-out", "test")
    (tmp_path / "fit.py").write_text(FIT)
    for name in ("honest", "peeker"):
        subprocess.run([sys.executable, "fit.py", name], check=True, capture_output=True)
    told = peira("holdout", "look", "houses:test", "2", "honest")
    assert told.stdout.startswith("supported  This model has a mean absolute error of at most 2")
    assert "approximate" in told.stdout and "warning" not in told.output
    told = peira("holdout", "look", "houses:test", "0.1", "peeker")
    assert "does not" not in told.stdout and told.stdout.startswith("refuted")
    assert "warning: peeker opened" in told.output and "houses.npz" in told.output
    listed = peira("holdout").output
    assert "1 run has a mean error of at most 2: supported" in listed
    assert "peeker opened" in listed and "honest" not in listed
    assert "this run opened" in peira("show", "peeker").output
    assert "this run opened" not in peira("show", "honest").output

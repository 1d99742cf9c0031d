"""Real sweeps: models of handwritten digits, in workers that are killed on the way."""

from __future__ import annotations

import random
import time
from importlib.util import find_spec

import pytest

from peira.lab.lab import Lab
from tests.sweeps.conftest import CommandLine
from tests.sweeps.test_kill import assert_complete, kill, wait_for_workers, wait_until_gone

KNN = """
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

X, y = load_digits(return_X_y=True)
X, X_val, y, y_val = train_test_split(X / 16, y, test_size=0.4, random_state=0)

def train(model, k=None, C=None):
    found = KNeighborsClassifier(k) if model == "knn" else SVC(C=C, gamma="scale")
    return found.fit(X, y).score(X_val, y_val)
"""
CNN = """
import argparse, torch
from sklearn.datasets import load_digits
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
parser.add_argument("--kernel-size", type=int)
options = parser.parse_args()
torch.manual_seed(0)
X, y = load_digits(return_X_y=True)
X, y = torch.tensor(X / 16).float().reshape(-1, 1, 8, 8), torch.tensor(y)
size = options.kernel_size
net = torch.nn.Sequential(torch.nn.Conv2d(1, 8, size, padding=size // 2), torch.nn.ReLU(),
                          torch.nn.Flatten(), torch.nn.LazyLinear(10))
step = torch.optim.Adam(net.parameters(), options.lr)
for epoch in range(3):
    step.zero_grad(); loss = torch.nn.functional.cross_entropy(net(X[:1200]), y[:1200])
    loss.backward(); step.step()
    print(f"epoch: {epoch} loss: {loss.item()}", flush=True)
"""


def test_a_sweep_over_two_models_is_whole_after_kills(peira_cli: CommandLine) -> None:
    """Each model has params of its own; the best is as good as these models are."""
    (peira_cli.lab.parent / "digits.py").write_text(KNN)
    process = peira_cli.start(
        "sweep", "digits.py:train", "model=knn,svm", "k=int(1,30) if model == knn",
        "C=log(0.01,100) if model == svm", "--maximize", "accuracy", "--trials", "14", "-j", "2",
        "--retry-killed", "20",
    )  # fmt: skip
    draw = random.Random(5)
    for _ in range(2):
        pids = wait_for_workers(peira_cli)
        time.sleep(draw.uniform(1.0, 2.5))
        kill(draw.choice(pids), process.pid)
        process.communicate(timeout=60)
        wait_until_gone(peira_cli)
        if peira_cli.read().row.state == "finished":
            break
        process = peira_cli.start("sweep", "resume", "last")
    process.communicate(timeout=200)
    reading = peira_cli.read()
    assert_complete(reading, 14)
    assert reading.row.best is not None and reading.row.best.values[0] > 0.96
    for row in reading.trials.rows():
        assert set(row["params"]) == {"model", "k" if row["params"]["model"] == "knn" else "C"}
    with Lab(peira_cli.lab) as lab:
        best = lab.run(reading.row.best.run or "")
        assert best.metrics["accuracy"].last == reading.row.best.values[0]
        finished = {run.id for run in lab.runs(f"sweep = {reading.row.id} and state = finished")}
        assert finished <= set(reading.trials.run)  # what was computed was not computed again


@pytest.mark.skipif(find_spec("torch") is None, reason="no PyTorch here")
def test_a_sweep_of_a_network(peira_cli: CommandLine) -> None:
    """A convolutional network as a program."""
    (peira_cli.lab.parent / "cnn.py").write_text(CNN)
    done = peira_cli("sweep", "cnn.py", "lr=log(1e-3,1e-1)", "kernel_size=3,5", "--minimize",
                     "loss", "--trials", "4")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert_complete(peira_cli.read(), 4)

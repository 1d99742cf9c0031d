"""A small real project: scikit-learn on the handwritten digits, a helper, a data file, a figure."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

TRAIN = '''\
"""Train a linear model on the digits."""
import argparse
import csv
import os
import random

import numpy as np
from sklearn.linear_model import SGDClassifier

import prepare

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.01)
parser.add_argument("--seed", type=int, default=0)
options = parser.parse_args()
random.seed(options.seed)
np.random.seed(options.seed)
rows = np.array([[float(cell) for cell in row] for row in csv.reader(open("digits.csv"))])
x, y = prepare.scaled(rows[:, :-1]), rows[:, -1].astype(int)
order = np.random.permutation(1000)
model = SGDClassifier(
    loss="log_loss", learning_rate="constant", eta0=options.lr, random_state=options.seed
)
for epoch in range(3):
    model.partial_fit(x[order], y[order], classes=np.arange(10))
    print(f"epoch: {epoch}")
    print(f"val/acc: {model.score(x[1000:], y[1000:]):.10f}")
    print(f"val/margin: {np.abs(model.decision_function(x[1000:])).mean():.10f}")
with open("figure6.svg", "w") as figure:
    figure.write(f"<svg><!-- {model.coef_.sum():.12f} --></svg>")
'''

PREPARE = '''\
"""How pixels become inputs."""
SCALE = 16.0


def scaled(pixels):
    return pixels / SCALE
'''


class Project:
    """The project in a folder of its own, and the command line in it."""

    def __init__(self, folder: Path, *, git: bool) -> None:
        from sklearn.datasets import load_digits

        self.folder = folder
        folder.mkdir()
        digits = load_digits()
        lines = [
            ",".join([*(f"{pixel:g}" for pixel in row), str(label)])
            for row, label in zip(digits.data[:1400], digits.target[:1400], strict=True)
        ]
        (folder / "digits.csv").write_text("\n".join(lines) + "\n")
        (folder / "train.py").write_text(TRAIN)
        (folder / "prepare.py").write_text(PREPARE)
        self.git = git
        if git:  # prepare.py and the data are not tracked: the hard case
            (folder / ".gitignore").write_text("digits.csv\nfigure6.svg\n")
            self._git("init", "-q")
            self._git("add", "train.py", ".gitignore")
            self._git("commit", "-q", "-m", "the first version")

    def _git(self, *words: str) -> None:
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
        subprocess.run(["git", *who, *words], cwd=self.folder, check=True, capture_output=True)

    def peira(
        self, *words: str, code: int = 0, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run one command of peira in the project; its exit code must be `code`."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith("PEIRA_")}
        done = subprocess.run(
            [sys.executable, "-m", "peira", *words], cwd=self.folder, text=True,
            capture_output=True, env=clean | {"NO_COLOR": "1"} | (env or {}), check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def json(self, *words: str, code: int = 0, env: dict[str, str] | None = None) -> Any:
        """Run one command with --json and return the document."""
        return json.loads(self.peira(*words, "--json", code=code, env=env).stdout)

    def run(self, name: str, *words: str, env: dict[str, str] | None = None) -> str:
        """Run the training as `peira run` and return the run's id."""
        self.peira("run", "--name", name, "--why", f"story of {name}", "train.py", *words, env=env)
        rows = self.json("ls", f'name = "{name}"')["rows"]
        return str(rows[0]["id"])

    def edit(self, file: str, old: str, new: str) -> None:
        """Change one place of a file."""
        path = self.folder / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

"""Small projects that train something, and real runs of them."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from peira.lab.lab import Lab
from peira.lab.runs import RunRecord
from peira.launch.launcher import Request, launch

# A model of one number, trained by gradient descent: as deterministic as scikit-learn, and without
# its second of imports. NOISE makes it what a GPU is.
TRAIN = """\
import argparse, os, random
from scale import SCALE

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()

random.seed(args.seed)
noise = random.SystemRandom().gauss if os.environ.get("NOISE") else lambda mean, std: 0.0
rows = [float(line) for line in open("data.csv")]
w = random.random()
for step in range(8):
    for x in rows:
        w -= args.lr * (w - x * SCALE) / len(rows)
    loss = sum((w - x * SCALE) ** 2 for x in rows) / len(rows)
    print(f"step: {step}")
    print(f"loss: {loss + noise(0, 0.001)!r}")
"""
FILES = {
    "train.py": TRAIN,
    "scale.py": "# how large\nSCALE = 1.5\n",
    "data.csv": "1.0\n2.0\n4.0\n3.0\n",
}


def make_project(place: Path, **changed: str) -> Path:
    """Write the project; names have two underscores for a dot."""
    place.mkdir(parents=True, exist_ok=True)
    for name, text in {**FILES, **{k.replace("__", "."): v for k, v in changed.items()}}.items():
        (place / name).write_text(text)
    return place


def run_project(
    root: Path,
    project: Path,
    arguments: Sequence[str] = (),
    *,
    variables: Mapping[str, str] | None = None,
    python: str = sys.executable,
    name: str = "original",
    script: str = "train.py",
    settings: Mapping[str, str] | None = None,
) -> str:
    """Run the project once, recorded; return the run's id."""
    launched = launch(
        Request(
            command=[python, script, *arguments],
            directory=str(project),
            environment=dict(variables or {}),
            set=dict(settings or {}),
            lab=str(root),
            project="toy",
            name=name,
            is_shown=False,
        )
    )

    return launched.run


def record_of(lab: Lab, run: str) -> RunRecord:
    """Return a run, caught up."""
    lab.catch_up()
    return lab.run(run)

"""Small projects that train something, and real runs of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from peira.lab.lab import Lab
from peira.lab.runs import RunRecord
from peira.launch.launcher import Request, launch
from peira.objects.folder import FolderObjects
from peira.record import events, folder, lines
from peira.record.events import SeenFile

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
    _complete(root, project, launched.run, variables or {})
    return launched.run


def _complete(root: Path, project: Path, run: str, variables: Mapping[str, str]) -> None:
    with Lab(root) as lab:
        if lab.run(run).files("source"):
            return
    objects = FolderObjects(root / "objects")
    told: list[events.Event] = []
    for role, names in (
        ("source", [p.name for p in project.glob("*.py")]),
        ("input", [p.name for p in project.glob("*.csv")]),
    ):
        seen = []
        for name in names:
            stored = objects.put_file(project / name)
            seen.append(SeenFile(path=name, object=stored.digest, size=stored.size, kept=True))
        told.append(events.Files(time=1.0, role=role, files=seen, root=str(project)))  # type: ignore[arg-type]
    known = {
        k: v for k, v in {**os.environ, **variables}.items() if k in ("OMP_NUM_THREADS", "TF_X")
    }
    told.append(events.Captured(time=1.0, aspect="environment", value={"variables": known}))
    path = folder.run_folder(root, run).events("abcdef")
    path.write_bytes(b"".join(lines.encode(event) for event in told))


def record_of(lab: Lab, run: str) -> RunRecord:
    """Return a run, caught up."""
    lab.catch_up()
    return lab.run(run)

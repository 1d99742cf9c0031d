"""Going on: a real scikit-learn training that is killed, resumed and forked, and its curves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from peira.lab.lab import Lab
from peira.lab.runs import RunRecord
from peira.record.events import Origin
from peira.record.folder import run_folders
from tests.sdk.reading import environment, read_run

TRAIN = """
import argparse, os, sys, time
import joblib
import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
import peira

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--steps", type=int, default=40)
parser.add_argument("--wait", type=float, default=0.0)
options = parser.parse_args()

X, y = load_digits(return_X_y=True)
X = X / 16.0
run = peira.init("digits", params=vars(options), monitor=False)
run.keep_checkpoints(2, best=1, metric="val/acc")
checkpoint = peira.checkpoint()
if checkpoint is None:
    model, begin = SGDClassifier(random_state=0, learning_rate="constant", eta0=options.lr), 0
else:
    model, begin = joblib.load(checkpoint.path), checkpoint.step + 1
    model.set_params(eta0=options.lr)
for step in range(begin, options.steps):
    rows = np.random.default_rng(step).choice(1_200, 100)
    model.partial_fit(X[rows], y[rows], classes=np.arange(10))
    accuracy = model.score(X[1_200:], y[1_200:])
    run.log({"val/acc": accuracy, "lr": options.lr}, step=step)
    run.checkpoint(model, step, metric=accuracy)
    print(f"step {step}", flush=True)
    time.sleep(options.wait)
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the script; its lab is in it."""
    for name in os.environ:
        if name.startswith("PEIRA_"):
            monkeypatch.delenv(name)
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "train.py").write_text(TRAIN)
    return folder


def peira(project: Path, *words: str, code: int = 0, **more: str) -> str:
    """Run the command line in the project; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "peira", *words],
        cwd=project, env=environment(project / ".peira", PEIRA_QUIET="1", **more), text=True,
        capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def killed_while_training(project: Path) -> str:
    """Start the training, kill it with SIGKILL after a dozen steps; return the run's id."""
    with subprocess.Popen(
        [sys.executable, "train.py", "--wait", "0.03", "--steps", "1000"],
        cwd=project, env=environment(project / ".peira", PEIRA_QUIET="1"), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip() == "step 12":
                break
        else:
            raise AssertionError("the training ended by itself")
        os.killpg(process.pid, signal.SIGKILL)
    (folder,) = run_folders(project / ".peira")
    return folder.id


def children(lab: Lab, of: str) -> list[RunRecord]:
    return list(lab.runs(f"origin = {of} sort created"))


def points(lab: Lab, run: str, **options: Any) -> dict[int, float]:
    series = lab.series(run, "val/acc", **options)
    assert len(set(series.steps.tolist())) == len(series)
    return dict(zip(series.steps.tolist(), series.values.tolist(), strict=True))


def test_a_killed_training_goes_on(project: Path) -> None:
    """SIGKILL in the middle; resumed from the last and from the best checkpoint with other learning
    rates; the old run stays as it was, and the joined curves are right point by point.
    """
    first = killed_while_training(project)
    folder = project / ".peira" / "runs" / first
    before = {path.name: path.read_bytes() for path in folder.glob("*.json*")}
    peira(project, "resume", first, "--set", "lr=0.01", "--set", "steps=30", "--set", "wait=0")
    text = peira(
        project, "resume", first, "--from", "best", "--with", "lr=0.5", "--with", "steps=25",
        "--with", "wait=0", "--why", "from the best, faster", "--name", "fork", "--tag", "t",
    )  # fmt: skip
    assert "goes on from step" in text and "step 24" in text
    assert {path.name: path.read_bytes() for path in folder.glob("*.json*")} == before
    with Lab(project / ".peira") as lab:
        record = lab.run(first)
        assert record.state == "killed"
        saved = {made.step: made.metrics["val/acc"] for made in record.checkpoints()}
        own = points(lab, first)
        last = max(saved)
        best = min(step for step, value in saved.items() if value == max(saved.values()))
        assert last >= 12 and saved[best] == max(own[step] for step in range(last + 1))
        late, fast = children(lab, first)
        told = [run_birth(project, run) for run in (late, fast)]
        assert told == [
            Origin(
                how="resume", run=first, step=last,
                changed={"lr": "0.01", "steps": "30", "wait": "0"},
            ),
            Origin(
                how="resume", run=first, step=best,
                changed={"lr": "0.5", "steps": "25", "wait": "0"},
            ),
        ]  # fmt: skip
        assert (late.name, fast.name) == (f"{record.name}-from-{last}", "fork")
        assert (fast.why, fast.tags, late.project) == ("from the best, faster", ["t"], "digits")
        assert {run.state for run in (late, fast)} == {"finished"}
        assert (late.params["lr"], fast.params["lr"]) == (0.01, 0.5)
        for run, fork, steps in ((late, last, 30), (fast, best, 25)):
            alone = points(lab, run.id)
            assert list(alone) == list(range(fork + 1, steps))
            joined = points(lab, run.id, inherited=True)
            inherited = {step: value for step, value in own.items() if step <= fork}
            assert joined == inherited | alone
            (trace,) = lab.traces(["val/acc"], [run.id], inherited=True)
            assert trace.parts == [(first, 0.0), (run.id, fork + 1.0)]
        found = lab.lineage(first, sides=["down"])
        assert sum(edge.kind == "resumed" for edge in found.edges) == 2


def run_birth(project: Path, run: RunRecord) -> Origin | None:
    return run_folder_of(project, run).read_birth().origin


def run_folder_of(project: Path, run: RunRecord) -> Any:
    (folder,) = [f for f in run_folders(project / ".peira") if f.id == run.id]
    return folder


# A model of one number, as tests/rerun/projects.py has it, with its random state in the checkpoint.
SMALL = """
import argparse, random, peira
parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=20)
options = parser.parse_args()
run = peira.init("small", params=vars(options), monitor=False)
checkpoint = peira.checkpoint()
random.seed(0)
state = checkpoint.load() if checkpoint else {"w": 0.0, "step": -1, "random": random.getstate()}
random.setstate(state["random"])
for step in range(state["step"] + 1, options.steps):
    state["w"] -= 0.3 * (state["w"] - random.gauss(1, 0.1))
    run.log({"val/acc": state["w"]})
    state |= {"step": step, "random": random.getstate()}
    run.checkpoint(state)
"""


def test_training_goes_on_where_it_was(project: Path) -> None:
    """Stopped after 10 steps and resumed to 20, every number is that of 20 steps in one go, and a
    re-run of the child begins with the same checkpoint again.
    """
    (project / "small.py").write_text(SMALL)
    peira(project, "run", "small.py")
    peira(project, "run", "small.py", "--steps", "10")
    with Lab(project / ".peira") as lab:
        whole, half = lab.runs("sort created")
    peira(project, "resume", half.id, "--set", "steps=20")
    with Lab(project / ".peira") as lab:
        (child,) = children(lab, half.id)
        assert points(lab, child.id, inherited=True) == points(lab, whole.id)
    peira(project, "rerun", child.id, "--here")
    with Lab(project / ".peira") as lab:
        (again,) = children(lab, child.id)
        assert points(lab, again.id) == points(lab, child.id)
        (used,) = [a for a in again.artifacts() if a.role == "used"]
        assert used.metadata["run"] == half.id


def test_any_program_finds_the_folder(project: Path) -> None:
    """A shell script, given the folder by PEIRA_CHECKPOINT: read-only, and gone afterwards."""
    (project / "save.py").write_text(
        "import peira, pathlib\n"
        "pathlib.Path('w.txt').write_text('weights')\n"
        "peira.init('p', name='saver', monitor=False).checkpoint('w.txt', 7)\n"
    )
    (project / "go.sh").write_text(
        'if [ -z "$PEIRA_CHECKPOINT" ]; then exec python save.py; fi\n'
        'echo "$PEIRA_CHECKPOINT"; cat "$PEIRA_CHECKPOINT/w.txt"; ls -ld "$PEIRA_CHECKPOINT"\n'
    )
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    peira(project, "run", "--name", "shell", "sh", "go.sh", PATH=path)
    folder, said, told = peira(project, "resume", "shell", PATH=path).splitlines()
    assert said.startswith("weightsdr-x------") and told == "shell goes on from step 7"
    assert not Path(folder).exists() and not Path(folder).parent.exists()


def test_what_cannot_be_gone_on_from(project: Path) -> None:
    """Each refusal says why and what to do, and leaves no run behind."""
    (project / "plain.py").write_text(
        "import peira\nrun = peira.init('p', name='plain', params={'depth': 3}, monitor=False)\n"
        "run.checkpoint({'a': 1}, 3)\n"
    )
    peira(project, "run", "plain.py")
    count = len(list((project / ".peira" / "runs").iterdir()))
    assert "its code sets it" in peira(project, "resume", "plain", "--set", "depth=4", code=2)
    assert "no checkpoint at step 5" in peira(project, "resume", "plain", "--from", "5", code=3)
    assert "depends on the metric" in peira(project, "resume", "plain", "--from", "best", code=2)
    assert "not NAME=VALUE" in peira(project, "resume", "plain", "--set", "lr", code=2)
    with Lab(project / ".peira") as lab:
        (made,) = lab.run("plain").checkpoints()
        path = lab.objects.path(made.files[0].object)
    path.write_bytes(b"x" * path.stat().st_size)
    assert "is damaged" in peira(project, "resume", "plain", code=1)
    path.unlink()
    assert "is not in" in peira(project, "resume", "plain", code=3)
    assert len(list((project / ".peira" / "runs").iterdir())) == count


def test_a_program_that_fails_again(project: Path) -> None:
    """The exit code is the program's, and the child is a failed run with its origin."""
    (project / "fail.py").write_text(
        "import peira\nrun = peira.init('p', name='fails', monitor=False)\n"
        "run.checkpoint({'a': 1}, 3)\nrun.log({'x': 1.0})\nraise SystemExit(7)\n"
    )
    peira(project, "run", "fail.py", code=7)
    peira(project, "resume", "fails", code=7)
    with Lab(project / ".peira") as lab:
        child, parent = lab.runs()
    assert (child.state, child.origin, child.name) == ("failed", parent.id, "fails-from-3")
    read = read_run(run_folder_of(project, child))
    assert read.steps("x") == [4]  # a step that is not named goes on, too
    assert np.isfinite(read.values("x")).all()

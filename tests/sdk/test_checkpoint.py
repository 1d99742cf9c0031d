"""Checkpoints as a program saves, keeps and takes them up."""

from __future__ import annotations

import os
import random
import signal
import stat
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import peira
from peira.lab.lab import Lab
from peira.objects.folder import FolderObjects
from peira.record import events
from peira.record.checkpoints import standing
from peira.record.folder import run_folder
from tests.sdk.reading import Read, only_run, read_run, run_program, start_program


def kept(found: Read) -> list[int]:
    """Return the steps of the checkpoints that stand."""
    told = [e for e in found.events if isinstance(e, events.Checkpoint | events.Dropped)]
    return [made.step for _, made in standing((None, event) for event in told)]


def test_a_checkpoint_is_recorded_with_its_objects(lab: Path, run: peira.Run) -> None:
    """Step, metrics and files; the bytes are in the store when the call returns."""
    run.log({"loss": 0.5}, step=7)
    run.checkpoint({"weights": np.arange(3_000.0)}, metric={"val": {"acc": np.float32(0.5)}})
    (saved,) = only_run(lab).of(events.Checkpoint)
    assert (saved.step, saved.format, saved.metrics) == (7, "plain", {"val/acc": 0.5})
    assert [file.path for file in saved.files] == ["0.npy", "state.json"]
    objects = FolderObjects(lab / "objects")
    assert all(len(objects.read(file.object)) == file.size for file in saved.files)


def test_latest_and_best_in_the_program(run: peira.Run) -> None:
    """What was saved can be loaded again at once; the best by the only metric and its name."""
    assert run.latest_checkpoint() is None and run.best_checkpoint() is None
    for step, loss in enumerate((0.5, 0.2, float("nan"), 0.3)):
        run.checkpoint({"step": step}, step, metric={"loss": loss})
    latest, best = run.latest_checkpoint(), run.best_checkpoint()
    assert latest is not None and best is not None
    assert (latest.step, latest.load(), latest.run) == (3, {"step": 3}, run.id)
    assert (best.step, best.load(), best.metrics) == (1, {"step": 1}, {"loss": 0.2})
    assert best.path.is_dir() and stat.S_IMODE(best.path.stat().st_mode) == 0o500


def test_files_come_back_as_files(run: peira.Run, tmp_path: Path) -> None:
    """One file is a path to it, read-only; a folder is a folder; Peira loads neither."""
    (tmp_path / "model.bin").write_bytes(b"weights")
    run.checkpoint(tmp_path / "model.bin", 1)
    one = run.latest_checkpoint()
    assert one is not None and one.path.name == "model.bin"
    assert one.path.read_bytes() == b"weights" and stat.S_IMODE(one.path.stat().st_mode) == 0o400
    with pytest.raises(peira.UnsupportedError, match="does not load"):
        one.load()
    (tmp_path / "many" / "deep").mkdir(parents=True)
    (tmp_path / "many" / "deep" / "a").write_bytes(b"a")
    run.checkpoint(str(tmp_path / "many"), 2)
    many = run.latest_checkpoint()
    assert many is not None and (many.path / "deep" / "a").read_bytes() == b"a"


def test_the_policy_drops_and_tells(lab: Path, run: peira.Run) -> None:
    """The last, the best and every tenth stay; what goes is an event, and the objects follow."""
    run.keep_checkpoints(2, best=1, metric="acc", every=10)
    for step, acc in zip(range(5, 45, 5), (0.1, 0.2, 0.9, 0.3, 0.4, 0.5, 0.1, 0.2), strict=True):
        run.checkpoint({"step": step}, step, metric=acc)
    found = only_run(lab)
    assert kept(found) == [10, 15, 20, 30, 35, 40]
    assert [event.steps for event in found.of(events.Dropped)] == [[5], [25]]
    best = run.best_checkpoint()
    assert best is not None and best.step == 15
    run.finish()
    objects = FolderObjects(lab / "objects")
    for stored in objects.iterate():
        os.utime(objects.path(stored.digest), (1, 1))
    with Lab(lab) as opened:
        assert opened.gc().objects == 2
        assert [made.step for made in opened.run(run.id).checkpoints()] == kept(found)
        assert opened.run(run.id).captured("checkpoints") == {
            "last": 2, "best": 1, "metric": "acc", "direction": "max", "every": 10,
        }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"last": 0}, "last=0"),
        ({"best": 1}, "depends on the metric"),
        ({"best": 1, "metric": "x"}, "more or less of x"),
        ({"direction": "up"}, "is no direction"),
    ],
)
def test_a_policy_that_cannot_be(run: peira.Run, options: dict[str, Any], message: str) -> None:
    """The error says what is missing; nothing is dropped by it."""
    with pytest.raises(peira.UsageError, match=message):
        run.keep_checkpoints(**options)


def test_a_metric_that_is_no_number_is_left_out(lab: Path) -> None:
    """The checkpoint is kept, the value is told."""
    run = peira.init(console=False, monitor=False)
    run.checkpoint({}, 1, metric={"acc": "high", "loss": 2})
    run.checkpoint({}, 2, metric=0.5)
    first, second = only_run(lab).of(events.Checkpoint)
    assert first.metrics == {"loss": 2} and second.metrics == {"metric": 0.5}


def test_a_checkpoint_that_cannot_be_does_not_end_training(lab: Path) -> None:
    """What cannot be pickled is told and counted, and the run goes on."""
    run = peira.init(console=False, monitor=False)
    run.checkpoint({"lock": threading.Lock()}, 1)
    run.checkpoint(lab / "absent", 2)
    run.log({"a": 1.0})
    run.finish()
    found = only_run(lab)
    assert not found.of(events.Checkpoint) and found.values("a") == [1.0]
    assert sum(lost.events for lost in found.of(events.Lost)) == 2


def test_off_records_nothing(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under PEIRA_OFF the calls do nothing and find nothing."""
    monkeypatch.setenv("PEIRA_OFF", "1")
    run = peira.init()
    run.keep_checkpoints(1)
    run.checkpoint({"a": 1}, 1)
    assert run.latest_checkpoint() is None and peira.checkpoint() is None
    assert not lab.exists()


_SAVER = """
import numpy as np, sys, peira
run = peira.init(console=False, monitor=False)
run.keep_checkpoints(2)
print(run.id, flush=True)
step = 0
while True:
    state = {"step": step, "weights": np.full(200_000, float(step))}
    run.checkpoint(state, step)
    run.log({"a": 1.0}, step)
    step += 1
"""


@pytest.mark.parametrize("moments", [4, pytest.param(300, marks=pytest.mark.soak)])
def test_killed_while_saving(lab: Path, moments: int) -> None:
    """SIGKILL at random moments: every checkpoint that stands is whole and has its own content, and
    one whose step was logged is there.
    """
    draw = random.Random(2)
    for _ in range(moments):
        with start_program(lab, _SAVER) as process:
            assert process.stdout is not None
            run_id = process.stdout.readline().strip()
            time.sleep(draw.uniform(0.1, 0.4))
            process.send_signal(signal.SIGKILL)
        steps = read_run(run_folder(lab, run_id)).steps("a")
        with Lab(lab) as opened:
            saved = opened.run(run_id).checkpoints()
            assert len(saved) <= 3
            if steps:
                assert saved[-1].step in (steps[-1], steps[-1] + 1)
            for made in saved:
                point = opened.objects.read(made.files[0].object)
                values = np.frombuffer(point[-1_600_000:])
                assert len(values) == 200_000 and (values == made.step).all()


def test_log_goes_on_while_a_checkpoint_is_saved(lab: Path, run: peira.Run) -> None:
    """Storing holds no lock that log() needs: points are written in between."""
    state = {"weights": np.random.default_rng(0).normal(size=8_000_000)}
    done = threading.Event()
    thread = threading.Thread(target=lambda: (run.checkpoint(state, 0), done.set()))
    thread.start()
    count = 0
    while not done.is_set():
        run.log({"a": float(count)})
        count += 1
    thread.join()
    assert count > 100
    assert only_run(lab).values("a") == [float(n) for n in range(count)]


def first_run(lab: Path) -> peira.Run:
    """Record a run that saved three checkpoints and was killed after its last one."""
    run = peira.init("digits", params={"lr": 0.1, "seed": 1}, group="g", console=False)
    for step in range(30):
        run.log({"loss": 1 / (step + 1)}, step)
        if step % 10 == 9:
            run.checkpoint({"step": step}, step, metric={"acc": 0.9 if step == 19 else 0.5})
    run.finish("killed")
    return run


def test_going_on_in_a_script(lab: Path) -> None:
    """A new run with the old one as its origin; its steps go on; the old one is not changed."""
    first = first_run(lab)
    before = {p.name: p.read_bytes() for p in (lab / "runs" / first.id).iterdir()}
    params = {"lr": 0.01, "seed": 1, "api_key": "abc"}
    child = peira.resume(first.name, params=params, strict=True)
    found = peira.checkpoint()
    assert found is not None and found is child.resumed
    assert (found.step, found.run, found.load()) == (29, first.id, {"step": 29})
    child.log({"loss": 0.01})
    child.finish()
    assert peira.checkpoint() is None
    read = read_run(run_folder(lab, child.id))
    assert read.folder.read_birth().origin == events.Origin(
        how="resume", run=first.id, step=29, changed={"lr": 0.01, "api_key": "[redacted]"}
    )
    assert (child.project, read.folder.read_birth().group) == ("digits", "g")
    assert read.steps("loss") == [30]
    (used,) = read.of(events.Artifact)
    assert (used.role, used.type, used.metadata["step"]) == ("used", "checkpoint", 29)
    assert {p.name: p.read_bytes() for p in (lab / "runs" / first.id).iterdir()} == before


def test_several_children_from_one_point(lab: Path) -> None:
    """A fork is the same: two runs from the best, one from a step, all of one origin."""
    first = first_run(lab)
    steps = []
    for at in ("best", 19, "9"):
        with peira.resume(first.id, at) as child:
            assert child.resumed is not None
            steps.append(child.resumed.step)
    assert steps == [19, 19, 9]
    with Lab(lab) as opened:
        found = opened.lineage(first.id)
        assert sum(edge.kind == "resumed" for edge in found.edges) == 3
        assert len(opened.runs(f"origin = {first.id}")) == 3


def test_nothing_to_go_on_from_is_an_error(lab: Path) -> None:
    """Strict or not: a program that thinks it goes on must not begin anew."""
    first = first_run(lab)
    with pytest.raises(peira.NotFoundError, match=r"no checkpoint at step 7.*9, 19, 29"):
        peira.resume(first.id, 7)
    with pytest.raises(peira.UsageError, match="Use last, best"):
        peira.resume(first.id, "newest")
    with peira.init(console=False) as bare:
        pass
    with pytest.raises(peira.NotFoundError, match="has no checkpoint"):
        peira.resume(bare.id)
    with pytest.raises(peira.NotFoundError, match="no run"):
        peira.resume("nobody")


def test_a_damaged_checkpoint_is_told(lab: Path) -> None:
    """Bytes that do not fit their digest are not gone on from."""
    first = first_run(lab)
    with Lab(lab) as opened:
        file = opened.run(first.id).checkpoints()[-1].files[0]
        opened.objects.path(file.object).write_bytes(b"x" * file.size)
    with peira.resume(first.id), pytest.raises(peira.DamagedError):
        peira.checkpoint().load()  # type: ignore[union-attr]


_FOLDERS = """
import os, peira
run = peira.init(console=False, monitor=False)
run.checkpoint({"a": 1}, 1)
path = run.latest_checkpoint().path
pid = os.fork()
if pid == 0:
    raise SystemExit(0)  # a child that ends in the usual way removes nothing
os.waitpid(pid, 0)
print(path, path.is_dir())
"""


def test_private_folders_end_with_the_program(lab: Path) -> None:
    """What was written out is removed by the process that made it, and only then."""
    done = run_program(lab, _FOLDERS, PYTHONWARNINGS="error")
    path, was_there = done.stdout.split()
    assert was_there == "True", done.stderr
    assert not Path(path).exists() and not Path(path).parent.exists()


def test_an_artifact_of_another_run_is_used(lab: Path, tmp_path: Path) -> None:
    """Its files, verified, and the use is recorded with the run that made it."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights.bin").write_bytes(b"w")
    (tmp_path / "model" / "config.json").write_bytes(b"{}")
    with peira.init(name="maker", console=False) as maker:
        maker.log_artifact(tmp_path / "model", "cnn", type="model")
        maker.log_artifact(tmp_path / "model" / "config.json")
    with peira.init(name="user", console=False) as user:
        path = user.use_artifact("maker:cnn")
        assert (path / "weights.bin").read_bytes() == b"w"
        assert user.use_artifact(f"{maker.id}:config.json").read_bytes() == b"{}"
        with pytest.raises(peira.NotFoundError, match="Did you mean cnn"):
            user.use_artifact("maker:cnnn")
        with pytest.raises(peira.UsageError, match="RUN:NAME"):
            user.use_artifact("maker")
    used = read_run(run_folder(lab, user.id)).of(events.Artifact)
    assert [(e.name, e.role, e.metadata) for e in used] == [
        ("cnn", "used", {"run": maker.id}),
        ("config.json", "used", {"run": maker.id}),
    ]
    with Lab(lab) as opened:
        found = opened.lineage("user", sides=["up"])
    edges = [edge for edge in found.edges if edge.kind != "read"]  # what this process opened
    assert {(e.source.partition(":")[0], e.kind, e.target) for e in edges} == {
        ("artifact", "used", f"run:{user.id}"),
    } | {("run", "made", node.id) for node in found.nodes if node.kind == "artifact"}

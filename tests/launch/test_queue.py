"""The queue loses nothing and runs nothing twice, whoever is killed when."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from peira.core.errors import NotStartedError, UsageError
from peira.launch.launcher import Request
from peira.launch.queue import Item, Queue, Staged, claim_now
from peira.record.events import Captured
from tests.launch.conftest import PEIRA, listen_again
from tests.sdk.reading import environment, read_runs

PROGRAM = """
import os, sys, time
with open("starts", "a") as file:
    file.write(f"{sys.argv[1]} {os.environ.get('CUDA_VISIBLE_DEVICES')}\\n")
while len(sys.argv) > 2 and not os.path.exists(sys.argv[2]):
    time.sleep(0.02)
print("loss:", 1)
sys.exit(7 if sys.argv[1] == "bad" else 0)
"""


@pytest.fixture
def queue(lab: Path, monkeypatch: pytest.MonkeyPatch) -> Queue:
    monkeypatch.chdir(lab.parent)
    for name in os.environ:
        if name.startswith(("PEIRA_", "CUDA_")):
            monkeypatch.delenv(name)
    (lab.parent / "train.py").write_text(PROGRAM)
    return Queue(lab)


def stage(queue: Queue, *words: str, **options: Any) -> str:
    return queue.add(Request(command=["train.py", *words], **options), "ada")


def starts(queue: Queue) -> list[str]:
    path = queue.root.parent / "starts"
    return path.read_text().splitlines() if path.exists() else []


def start_worker(queue: Queue, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*PEIRA, "queue", "run", *words], cwd=queue.root.parent, env=environment(queue.root),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        preexec_fn=listen_again,
    )  # fmt: skip


def kill(worker: subprocess.Popen[str]) -> None:
    """kill -9; what it has started has its output, too, and goes on."""
    worker.kill()
    worker.wait()
    assert worker.stdout is not None
    worker.stdout.close()


def work(queue: Queue, *words: str, code: int = 0) -> str:
    """Run a worker to its end; return what it printed."""
    worker = start_worker(queue, *words)
    printed, _ = worker.communicate(timeout=120)
    assert worker.returncode == code, printed
    return printed


def wait_for(condition: Callable[[], Any], timeout_s: float = 60.0) -> Any:
    limit_s = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < limit_s
        time.sleep(0.02)
    return found


def only(queue: Queue) -> Item:
    (item,) = queue.items()
    return item


def test_runs_are_worked_off_in_order(queue: Queue) -> None:
    """The oldest first; what has ended has left the queue and is a run; a failure is told."""
    for name in ("a", "bad", "c"):
        stage(queue, name, project="digits", why=f"because {name}", tags=("t",), params={"n": 1})
    assert [item.state for item in queue.items()] == ["waiting"] * 3
    printed = work(queue, code=1)
    assert [line.split()[0] for line in starts(queue)] == ["a", "bad", "c"]
    assert queue.items() == []
    runs = read_runs(queue.root)
    assert [run.state for run in runs] == ["finished", "failed", "finished"]
    assert [run.folder.read_birth().why for run in runs] == [
        "because a",
        "because bad",
        "because c",
    ]
    assert {run.folder.read_birth().project for run in runs} == {"digits"}
    assert "failed (7)" in printed
    assert "2 finished, 1 failed" in printed


def test_repeats_that_were_queued_together_are_meant(queue: Queue) -> None:
    """`--repeat` in the queue means it as without: the second is of the first, and nobody is told.
    A file beside the program that is called like a module of Python is none of the worker's.
    """
    (queue.root.parent / "train.py").write_text(
        "import random\nrandom.seed(1)\nprint('loss:', 1)\n"
    )
    (queue.root.parent / "queue.py").write_text("raise SystemExit(9)\n")
    command = [*PEIRA, "run", "--queue", "--repeat", "2", "train.py"]
    subprocess.run(
        command, cwd=queue.root.parent, env=environment(queue.root), check=True, capture_output=True
    )
    assert "2 finished, 0 failed" in work(queue)
    first, second = (run.folder for run in read_runs(queue.root))
    origin = second.read_birth().origin
    assert first.read_birth().origin is None
    assert origin is not None and (origin.how, origin.run) == ("repeat", first.id)
    (told,) = [e for e in read_runs(queue.root)[1].of(Captured) if e.aspect == "repeat"]
    assert told.value["run"] == first.id and told.value["is_meant"]


def test_what_could_not_run_is_not_staged(queue: Queue) -> None:
    """A program that is not there, a name that cannot be set, a secret: errors at once."""
    with pytest.raises(NotStartedError):
        queue.add(Request(command=["nothing.py"]), "ada")
    with pytest.raises(UsageError):
        queue.add(Request(command=["train.py"], set={"LR": "1"}), "ada")
    for secret in ({"command": ["train.py", "--api-key", "x"]}, {"params": {"token": "x"}}):
        with pytest.raises(UsageError, match="secret"):
            queue.add(Request(**{"command": ["train.py"], **secret}), "ada")
    assert queue.items() == []


def test_a_folder_that_was_removed_is_told(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who stands in one is told that, not that some file is missing."""
    gone = queue.root.parent / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(NotStartedError, match="working directory was removed"):
        queue.add(Request(command=["true"]), "ada")


def test_a_folder_that_has_gone_since_is_told_once(queue: Queue, tmp_path: Path) -> None:
    """The item stays, and says what is missing; no run is told that there is not."""
    place = tmp_path / "gone"
    place.mkdir()
    queue.add(Request(command=["true"], directory=str(place)), "ada")
    place.rmdir()
    printed = work(queue, code=1)
    assert f"There is no folder '{place}'" in printed and "0 finished, 1 failed" in printed
    assert len(printed.splitlines()) == 2, printed
    assert only(queue).state == "failed" and read_runs(queue.root) == []


def test_what_cannot_start_stays(queue: Queue) -> None:
    """A program that has gone since: the item says why, waits for a person, and runs then."""
    script = queue.root.parent / "train.sh"
    script.write_text("#!/bin/sh\necho a >> starts\n")
    script.chmod(0o755)
    queue.add(Request(command=["./train.sh"]), "ada")
    script.rename(queue.root.parent / "away.sh")
    assert "could not be started" in work(queue, code=1)
    item = only(queue)
    assert item.state == "failed"
    assert item.claim is not None
    assert "train.sh" in item.claim.reason
    assert work(queue).count("stays in the queue") == 1
    (queue.root.parent / "away.sh").rename(script)
    queue.again(only(queue))
    work(queue)
    assert (queue.items(), len(starts(queue)), len(read_runs(queue.root))) == ([], 1, 1)


def test_slots(queue: Queue) -> None:
    """So many at once as there are slots, each with its GPU; a GPU has one worker."""
    for name in ("a", "b", "c"):
        stage(queue, name, "go")
    worker = start_worker(queue, "--gpus", "0,1")
    wait_for(lambda: len(starts(queue)) == 2)
    refused = work(queue, "--gpus", "1", code=2)
    assert "GPU 1 is another worker's" in refused
    assert [item.state for item in queue.items()] == ["running", "running", "waiting"]
    assert {item.claim and item.claim.gpus for item in queue.items()[:2]} == {"0", "1"}
    (queue.root.parent / "go").touch()
    assert worker.wait(timeout=60) == 0
    assert worker.stdout is not None
    worker.stdout.close()
    assert {line.split()[1] for line in starts(queue)} == {"0", "1"}


def test_several_workers(queue: Queue) -> None:
    """Each item runs once, however many workers look for one."""
    names = [f"i{n}" for n in range(4)]
    for name in names:
        stage(queue, name)
    workers = [start_worker(queue, "-j", "2") for _ in range(2)]
    for worker in workers:
        printed, _ = worker.communicate(timeout=120)
        assert worker.returncode == 0, printed
    assert sorted(line.split()[0] for line in starts(queue)) == names
    assert [run.state for run in read_runs(queue.root)] == ["finished"] * len(names)
    assert queue.items() == []


def test_a_killed_worker(queue: Queue) -> None:
    """What a worker has started goes on to its end; another worker does not touch it."""
    stage(queue, "a", "go")
    stage(queue, "b")
    worker = start_worker(queue)
    wait_for(lambda: starts(queue))
    kill(worker)
    assert [item.state for item in queue.items()] == ["running", "waiting"]
    work(queue)
    assert [item.state for item in queue.items()] == ["running"]
    (queue.root.parent / "go").touch()
    wait_for(lambda: not queue.items())
    assert [line.split()[0] for line in starts(queue)] == ["a", "b"]
    assert [run.state for run in read_runs(queue.root)] == ["finished", "finished"]


def test_a_lost_item(queue: Queue) -> None:
    """An item whose process was killed runs on while its program does, then is lost, and a person
    may have it run again: as another run.
    """
    stage(queue, "a", "go")
    worker = start_worker(queue)
    wait_for(lambda: starts(queue))
    item = only(queue)
    assert item.claim is not None
    os.kill(item.claim.pid, signal.SIGKILL)
    printed, _ = worker.communicate(timeout=60)
    assert "is lost" in printed
    assert only(queue).state == "running"  # the program itself
    with pytest.raises(UsageError, match="runs"):
        queue.again(only(queue))
    os.kill(item.claim.program, signal.SIGKILL)
    wait_for(lambda: only(queue).state == "lost")
    assert "1 item was lost" in work(queue)
    assert len(starts(queue)) == 1
    (queue.root.parent / "go").touch()
    queue.again(only(queue))
    work(queue)
    assert (queue.items(), len(starts(queue))) == ([], 2)
    assert sorted(run.state for run in read_runs(queue.root)) == ["finished", "killed"]


def test_after_a_restart(queue: Queue) -> None:
    """Claims of an earlier boot are dead: with a run the item is lost, without one it waits."""
    stage(queue, "a")
    stage(queue, "b")
    first, second = queue.items()
    before = msgspec.structs.replace(claim_now(None), boot="an earlier one")
    assert queue.claim(first, before)
    assert queue.claim(second, msgspec.structs.replace(before, run="6a1b2c3d4e5f"))
    assert not queue.claim(second, claim_now(None))
    first, second = queue.items()
    assert (first.state, first.attempt) == ("waiting", 2)
    assert (second.state, second.attempt) == ("lost", 1)
    assert queue.claim(first, claim_now(None))


def test_taking_out(queue: Queue) -> None:
    """What waits can be taken out, what runs cannot; who claims what has gone does not get it."""
    names = [stage(queue, name) for name in "abc"]
    first, second, third = queue.items()
    queue.claim(first, claim_now(None))
    with pytest.raises(UsageError, match="runs"):
        queue.remove(first)  # claimed since it was looked at
    assert [item.id for item in queue.items()] == names
    queue.remove(second)
    assert not queue.claim(second, claim_now(None))
    assert [item.id for item in queue.items()] == [names[0], names[2]]
    assert queue.find(third.id[:-1]) == third


def test_ctrl_c(queue: Queue) -> None:
    """Once: nothing more is started, and what runs ends by itself. Twice: that is stopped, too."""
    for stops, ends in ((1, "finished"), (2, "killed")):
        (queue.root.parent / "go").unlink(missing_ok=True)
        stage(queue, "a", "go")
        stage(queue, "b")
        before = len(starts(queue))
        worker = start_worker(queue)
        wait_for(lambda before=before: len(starts(queue)) > before)
        assert worker.stdout is not None
        worker.stdout.readline()
        os.kill(worker.pid, signal.SIGINT)
        assert "Ctrl-C again" in worker.stdout.readline()
        if stops == 2:
            os.kill(worker.pid, signal.SIGINT)
        else:
            (queue.root.parent / "go").touch()
        worker.communicate(timeout=60)
        assert [item.state for item in queue.items()] == ["waiting"]
        assert read_runs(queue.root)[-1].state == ends
        queue.remove(only(queue))


def test_the_commands(queue: Queue) -> None:
    """`peira run --queue` and `peira queue` are the same from a terminal, also for programs."""

    def peira(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*PEIRA, *words], cwd=queue.root.parent, env=environment(queue.root), text=True,
            capture_output=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        return done

    peira("run", "--queue", "--why", "to see", "--set", "X=1", "train.py", "a", code=2)
    assert (
        "waits (1 in the queue)" in peira("run", "--queue", "--name", "n", "train.py", "a").stderr
    )
    (item,) = json.loads(peira("queue", "--json").stdout)["items"]
    assert (item["state"], item["name"], item["run"]) == ("waiting", "n", None)
    assert item["command"] == [sys.executable, "train.py", "a"]
    assert item["id"] in peira("queue").stdout
    peira("queue", "rm", "zzz", code=3)
    peira("queue", "rm", item["id"][:10])
    peira("run", "--queue", "train.py", "b")
    peira("queue", "clear")
    assert json.loads(peira("queue", "--json").stdout) == {"items": []}
    assert starts(queue) == []


def test_the_stored_item(queue: Queue) -> None:
    """What is on disk is what docs/formats/queue.md says; only its owner can read it."""
    item = stage(queue, "a", environment={"EPOCHS": "3"})
    path = queue.path / item / "item.json"
    staged = msgspec.json.decode(path.read_bytes(), type=Staged)
    assert (staged.format, staged.by) == (1, "ada")
    assert staged.environment["EPOCHS"] == "3"
    assert staged.environment["PATH"] == os.environ["PATH"]
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


@pytest.mark.soak
def test_kills_at_any_moment(queue: Queue) -> None:
    """Workers and the processes of items are killed at random: each attempt of an item starts its
    program at most once, and in the end each item has run.
    """
    seed = int(os.environ.get("PEIRA_SEED", time.time_ns()))
    print(f"PEIRA_SEED={seed}")
    chance = random.Random(seed)
    names = {f"i{n}" for n in range(15)}
    for name in names:
        stage(queue, name)
    attempts: dict[str, int] = dict.fromkeys(names, 1)
    while items := queue.items():
        for item in items:
            if item.state in ("lost", "failed"):
                attempts[item.staged.command[2]] += 1
                queue.again(item)
        worker = start_worker(queue, "-j", "3")
        time.sleep(chance.uniform(0.2, 3.0))
        for item in queue.items():
            if item.state == "running" and item.claim and chance.random() < 0.4:
                try:
                    os.kill(item.claim.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        kill(worker)
    begun = [line.split()[0] for line in starts(queue)]
    assert set(begun) == names
    assert all(begun.count(name) <= attempts[name] for name in names)

"""Optuna's storage in a lab: Optuna's own published test cases, and what a lab promises on top."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import optuna
import pytest
from optuna.storages import BaseStorage, JournalStorage
from optuna.testing.pytest_storages import StorageTestCase

from peira.record import liveness
from peira.sweeps.lock import FolderLock, Holder
from peira.sweeps.optuna_journal import LabJournal


class TestLabJournal(StorageTestCase):
    """The cases that every storage of Optuna must pass."""

    @pytest.fixture
    def storage(self, tmp_path: Path) -> BaseStorage:
        """A storage over the journal of a lab."""
        return JournalStorage(LabJournal(tmp_path / "optuna" / "studies.jsonl"))


def test_a_torn_tail_costs_nothing(tmp_path: Path) -> None:
    """What a killed writer left half-written is no entry, and the next entry is whole."""
    path = tmp_path / "studies.jsonl"
    journal = LabJournal(path)
    journal.append_logs([{"n": i} for i in range(3)])
    whole = path.read_bytes()
    with path.open("ab") as stream:
        stream.write(b'{"n":3')
    other = LabJournal(path)
    assert [log["n"] for log in other.read_logs(0)] == [0, 1, 2]
    journal.append_logs([{"n": 4}])
    for reader in (journal, other, LabJournal(path)):
        assert [log["n"] for log in reader.read_logs(0)] == [0, 1, 2, 4]
        assert [log["n"] for log in reader.read_logs(3)] == [4]
        assert reader.read_logs(4) == []
    assert path.read_bytes().startswith(whole)


def test_a_damaged_line_costs_itself_only(tmp_path: Path) -> None:
    """One flipped bit in the middle: that entry is gone, no other is changed."""
    path = tmp_path / "studies.jsonl"
    LabJournal(path).append_logs([{"n": i} for i in range(3)])
    data = bytearray(path.read_bytes())
    data[data.index(b":1")] ^= 1
    path.write_bytes(data)
    assert [log["n"] for log in LabJournal(path).read_logs(0)] == [0, 2]


def _work(path: Path, number: int) -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.load_study(study_name="shared", storage=JournalStorage(LabJournal(path)))
    for _ in range(number):
        trial = study.ask()
        study.tell(trial, trial.suggest_float("x", 0, 1))


def test_many_processes_write_one_study(tmp_path: Path) -> None:
    """Every trial of each process is there once, numbered without a gap."""
    path = tmp_path / "studies.jsonl"
    optuna.create_study(study_name="shared", storage=JournalStorage(LabJournal(path)))
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_work, args=(path, 15)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    study = optuna.load_study(study_name="shared", storage=JournalStorage(LabJournal(path)))
    trials = study.get_trials()
    assert [trial.number for trial in trials] == list(range(45))
    assert all(trial.state.is_finished() for trial in trials)


HOLD = """
import sys, time
from pathlib import Path
from peira.sweeps.lock import FolderLock
with FolderLock(Path(sys.argv[1])).held():
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_lock_of_a_killed_process_is_taken_over_at_once(tmp_path: Path) -> None:
    """A dead holder on this machine is noticed by its process, without waiting."""
    path = tmp_path / "studies.jsonl"
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    journal = LabJournal(path)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    begin = time.monotonic()
    journal.append_logs([{"n": 1}])
    assert time.monotonic() - begin < 10  # and not the 60 s of a silent machine
    assert journal.read_logs(0) == [{"n": 1}]
    left = {p.name for p in tmp_path.iterdir()} - {"studies.jsonl"}
    assert len(left) == 1 and next(iter(left)).startswith("studies.jsonl.holder.")


def _lock_of(tmp_path: Path, host: str, boot: str, age_s: float) -> Path:
    """Make the lock of a process on another machine, last touched `age_s` ago."""
    holder = Holder(token="other1", host=host, boot=boot, pid=1, started=1e9)
    path = tmp_path / "studies.jsonl.holder.other1"
    path.write_bytes(msgspec.json.encode(holder))
    lock = tmp_path / "studies.jsonl.lock"
    os.link(path, lock)
    touched = time.time() - age_s
    os.utime(lock, (touched, touched))
    return lock


def test_the_lock_of_a_silent_machine_is_taken_over(tmp_path: Path) -> None:
    """A holder elsewhere is given 60 s after its last sign of life, then it counts as dead."""
    lock = _lock_of(tmp_path, "elsewhere", "b", age_s=61)
    with FolderLock(tmp_path / "studies.jsonl").held():
        assert lock.exists() and b"other1" not in lock.read_bytes()


def test_a_living_holder_elsewhere_is_waited_for(tmp_path: Path) -> None:
    """Its lock stays; who waits gets it when it is released."""
    lock = _lock_of(tmp_path, "elsewhere", "b", age_s=0)
    script = HOLD.replace("time.sleep(60)", "pass")
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "studies.jsonl")],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(3)
    assert b"other1" in lock.read_bytes()
    lock.unlink()
    assert process.stdout is not None and process.stdout.read() == "held\n"
    process.stdout.close()
    assert process.wait(30) == 0


def test_a_breaker_that_died_is_no_obstacle(tmp_path: Path) -> None:
    """Who was taking a dead holder's lock away may die there; the next one goes on."""
    lock = _lock_of(
        tmp_path, liveness.host(), liveness.boot_id(), age_s=0
    )  # pid 1 is another process
    touched = lock.stat().st_mtime_ns
    dead = msgspec.json.encode(
        Holder(token="dead11", host=liveness.host(), boot=liveness.boot_id(), pid=1, started=2e9)
    )
    (tmp_path / f"studies.jsonl.break.other1.{touched}.1").write_bytes(dead)
    with FolderLock(tmp_path / "studies.jsonl").held():
        assert b"other1" not in lock.read_bytes()
    assert not list(tmp_path.glob("*.break.*")) and not lock.exists()


WRITE = """
import sys
from pathlib import Path
import optuna
from optuna.storages import JournalStorage
from peira.sweeps.optuna_journal import LabJournal
optuna.logging.set_verbosity(optuna.logging.ERROR)
storage = JournalStorage(LabJournal(Path(sys.argv[1])))
study = optuna.load_study(study_name="shared", storage=storage)
print("ready", flush=True)
while True:
    trial = study.ask()
    study.tell(trial, trial.suggest_float("x", 0, 1))
"""


def test_writers_killed_at_any_point_leave_a_whole_study(tmp_path: Path) -> None:
    """Two writers, one of them killed again and again: every trial is whole, numbers have no gap,
    and the other one is never held up.
    """
    path = tmp_path / "studies.jsonl"
    optuna.create_study(study_name="shared", storage=JournalStorage(LabJournal(path)))
    command = [sys.executable, "-c", WRITE, str(path)]
    steady = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert steady.stdout is not None and steady.stdout.readline() == b"ready\n"
    seen = []
    for pause_s in (0.02, 0.11, 0.05):
        killed = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert killed.stdout is not None and killed.stdout.readline() == b"ready\n"
        time.sleep(pause_s)
        killed.kill()
        killed.wait()
        killed.stdout.close()
        seen.append(len(LabJournal(path).read_logs(0)))
    deadline = time.monotonic() + 30
    while len(LabJournal(path).read_logs(0)) <= seen[-1] and time.monotonic() < deadline:
        time.sleep(0.05)
    steady.kill()
    steady.wait()
    steady.stdout.close()
    assert len(LabJournal(path).read_logs(0)) > seen[-1] > seen[0]
    study = optuna.load_study(study_name="shared", storage=JournalStorage(LabJournal(path)))
    trials = study.get_trials()
    assert [trial.number for trial in trials] == list(range(len(trials)))
    unfinished = [trial for trial in trials if not trial.state.is_finished()]
    assert len(unfinished) <= 4  # what each killed writer was at

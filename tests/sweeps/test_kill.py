"""Whoever is killed when: exactly the trials that were asked for end, and none ends twice."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from peira.lab.lab import Lab
from peira.sweeps.folder import find_sweep
from peira.sweeps.ledger import Ledger
from peira.sweeps.reading import SweepReading
from tests.sweeps.conftest import CommandLine

OBJECTIVE = """
import os, time

def train(trial):
    with open("starts", "a") as file:
        file.write(f"{trial.number}\\n")
    time.sleep(0.15)
    with open("ends", "a") as file:
        file.write(f"{trial.number}\\n")
    return (trial["x"] - 0.3) ** 2
"""
PROGRAM = """
import sys, time
X = 0.5
with open("starts", "a") as file:
    file.write(f"{X}\\n")
time.sleep(0.15)
print("y:", (X - 0.3) ** 2)
"""
TRIALS = 12


def wait_for_workers(peira_cli: CommandLine, count: int = 1) -> list[int]:
    """Return the pids of the workers, once there are some."""
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        try:
            members = peira_cli.read().members
        except Exception:  # noqa: BLE001 - there is no lab yet
            members = []
        if len(members) >= count:
            return [member.pid for member in members]
        time.sleep(0.05)
    raise AssertionError("no worker came")


def kill(*pids: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def wait_until_gone(peira_cli: CommandLine) -> None:
    limit = time.monotonic() + 60
    while peira_cli.read().members and time.monotonic() < limit:
        time.sleep(0.05)
    assert not peira_cli.read().members


def assert_complete(reading: SweepReading, trials: int = TRIALS) -> None:
    """Each number ended once, as complete, and has a run of its own."""
    assert reading.row.state == "finished"
    assert reading.trials.number == list(range(trials))
    assert set(reading.trials.state) == {"complete"}
    assert len(set(reading.trials.run)) == trials


@pytest.mark.parametrize("seed", [1, 2])
def test_a_sweep_of_a_function_survives_kills(peira_cli: CommandLine, seed: int) -> None:
    """Controller and workers are killed at random moments; resumed, the sweep is whole."""
    draw = random.Random(seed)
    folder = peira_cli.lab.parent
    (folder / "train.py").write_text(OBJECTIVE)
    words = ["sweep", "train.py:train", "x=float(0,1)", "--minimize", "y", "--sampler", "random",
             "--trials", str(TRIALS), "-j", "2", "--retry-killed", "100"]  # fmt: skip
    process = peira_cli.start(*words)
    for _ in range(3):
        pids = wait_for_workers(peira_cli)
        time.sleep(draw.uniform(0.1, 0.6))
        victims = draw.choice([[process.pid], pids, [process.pid, *pids], pids[:1]])
        kill(*victims)
        if process.pid not in victims:
            time.sleep(0.3)
            kill(process.pid)
        process.communicate(timeout=60)
        wait_until_gone(peira_cli)
        if peira_cli.read().row.state == "finished":
            break
        process = peira_cli.start("sweep", "resume", "last", "-j", "2")
    output = process.communicate(timeout=120)[0] if process.returncode is None else ""
    if peira_cli.read().row.state != "finished":
        done = peira_cli("sweep", "resume", "last", "-j", "2")
        assert done.returncode == 0, done.stderr
    assert_complete(peira_cli.read()), output
    ledger = Ledger(find_sweep(peira_cli.lab, "last"))
    ledger.catch_up()
    ends = Counter(
        (entry.number, attempt.attempt)
        for entry in ledger.trials.values()
        for attempt in entry.attempts.values()
        if attempt.end is not None and attempt.end.state == "complete"
    )
    assert len(ends) == TRIALS  # of each number one attempt has completed
    starts = Counter((folder / "starts").read_text().split())
    assert set(starts) == {str(number) for number in range(TRIALS)}


def test_the_params_are_those_of_an_unkilled_sweep(peira_cli: CommandLine) -> None:
    """What a random sweep draws does not depend on how often it was killed, nor on -j."""
    (peira_cli.lab.parent / "train.py").write_text(OBJECTIVE.replace("0.15", "0.05"))
    words = ["sweep", "train.py:train", "x=float(0,1)", "--minimize", "y", "--sampler", "random",
             "--trials", "6", "--seed", "7"]  # fmt: skip
    assert peira_cli(*words, "--name", "whole").returncode == 0
    process = peira_cli.start(*words, "--name", "killed", "-j", "2")
    wait_for_workers(peira_cli)
    time.sleep(0.1)
    kill(process.pid)
    process.communicate(timeout=60)
    wait_until_gone(peira_cli)
    peira_cli("sweep", "resume", "killed")
    whole, killed = peira_cli.read("whole"), peira_cli.read("killed")
    assert whole.trials.params == killed.trials.params
    assert whole.trials.values == killed.trials.values


def test_a_killed_workers_program_is_ended_before_its_trial_runs_anew(
    peira_cli: CommandLine,
) -> None:
    """A trial never runs twice at the same time."""
    program = PROGRAM.replace("time.sleep(0.15)", "time.sleep(600 if len(sys.argv) < 2 else 0)")
    path = peira_cli.lab.parent / "train.py"
    path.write_text(program)
    process = peira_cli.start("sweep", "train.py", "X=float(0,1)", "--minimize", "y", "--trials",
                              "1")  # fmt: skip
    (worker,) = wait_for_workers(peira_cli)
    ledger = Ledger(find_sweep(peira_cli.lab, "last"))
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        ledger.catch_up()
        begun = ledger.trials[0].last.begun if ledger.trials else None
        if begun is not None and begun.program:
            break
        time.sleep(0.05)
    assert begun is not None and Path(f"/proc/{begun.program}").exists()
    kill(process.pid, worker)
    process.communicate(timeout=60)
    path.write_text(program.replace("600", "0"))
    done = peira_cli("sweep", "resume", "last")
    assert done.returncode == 0, done.stderr
    from peira.record.liveness import is_alive

    assert not is_alive(begun.program, begun.program_started)
    assert_complete(peira_cli.read(), 1)
    assert peira_cli.read().trials.attempt == [2]
    with Lab(peira_cli.lab) as opened:
        states = {run.state for run in opened.runs("sweep is not missing")}
    assert states == {"killed", "finished"}


def test_what_kills_its_worker_again_and_again_stays_killed(peira_cli: CommandLine) -> None:
    """A trial that takes its worker with it is run twice, and the others all the same."""
    (peira_cli.lab.parent / "train.py").write_text(
        "import os, signal\n"
        "def train(trial):\n"
        "    if trial.number == 1:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return trial['x']\n"
    )
    done = peira_cli("sweep", "train.py:train", "x=float(0,1)", "--minimize", "y", "--trials", "4")
    assert done.returncode == 0, done.stderr
    reading = peira_cli.read()
    assert reading.row.state == "finished"
    assert reading.trials.state == ["complete", "killed", "complete", "complete"]
    assert reading.trials.attempt == [1, 2, 1, 1]
    assert "another one takes its place" in done.stderr


def test_ctrl_c_waits_for_what_runs_and_twice_stops_it(peira_cli: CommandLine) -> None:
    """The first Ctrl-C lets trials end; the second ends them, and they are run again later."""
    (peira_cli.lab.parent / "train.py").write_text(OBJECTIVE.replace("0.15", "1.0"))
    words = ["sweep", "train.py:train", "x=float(0,1)", "--minimize", "y", "--trials", "3"]
    process = peira_cli.start(*words)
    limit = time.monotonic() + 60
    starts = peira_cli.lab.parent / "starts"
    while not starts.exists() and time.monotonic() < limit:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    output = process.communicate(timeout=60)[0]
    assert process.returncode == 130, output
    assert "Ctrl-C again stops them" in output
    assert peira_cli.read().trials.state == ["complete"]
    process = peira_cli.start("sweep", "resume", "last")
    while starts.read_text().count("\n") < 2 and time.monotonic() < limit:
        time.sleep(0.05)
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
    output = process.communicate(timeout=60)[0]
    reading = peira_cli.read()
    assert reading.trials.state == ["complete", "killed"], output
    assert reading.row.state == "waiting"
    assert peira_cli("sweep", "resume", "last").returncode == 0
    assert_complete(peira_cli.read(), 3)

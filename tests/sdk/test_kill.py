"""A point whose log() returned survives kill -9 (P01); files can be copied at any moment (P28);
many writers (P14).
"""

from __future__ import annotations

import mmap
import os
import random
import shutil
import signal
import struct
import time
from pathlib import Path

import pytest

from peira.record.folder import run_folder
from tests.sdk.reading import Read, only_run, read_run, read_runs, start_program

# The program acknowledges each step in shared memory after its log() returned.
_ACKNOWLEDGE = """
import mmap, os, struct, sys, time, peira
with open(sys.argv[1], "r+b") as file:
    told = mmap.mmap(file.fileno(), 8)
run = peira.init(console=False, monitor=False)
print(run.id, flush=True)
step = 0
while True:
    run.log({"a": step + 0.25, "b": step * 3.5}, step)
    step += 1
    told[:8] = struct.pack("<q", step)
    if len(sys.argv) > 2:
        time.sleep(float(sys.argv[2]))
"""


def is_prefix(found: Read) -> bool:
    """Whether the points are the first ones, in order, each with its value."""
    steps = found.steps("a")
    return (
        steps == list(range(len(steps)))
        and found.values("a") == [step + 0.25 for step in steps]
        and found.values("b") == [step * 3.5 for step in found.steps("b")]
    )


@pytest.mark.parametrize("moments", [8, pytest.param(1_000, marks=pytest.mark.soak)])
def test_nothing_acknowledged_is_lost(lab: Path, tmp_path: Path, moments: int) -> None:
    """SIGKILL at random moments, of the process or its session: every acknowledged point is read
    (P01).
    """
    draw = random.Random(1)
    lost = acknowledged = 0
    for turn in range(moments):
        acknowledgements = tmp_path / "told"
        acknowledgements.write_bytes(bytes(8))
        with start_program(lab, _ACKNOWLEDGE, str(acknowledgements)) as process:
            assert process.stdout is not None
            run_id = process.stdout.readline().strip()
            time.sleep(draw.uniform(0.0, 0.15))
            if turn % 2:
                process.send_signal(signal.SIGKILL)
            else:
                os.killpg(process.pid, signal.SIGKILL)  # git of the capture, too
            process.stdout.read()
        with (
            acknowledgements.open("rb") as file,
            mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ) as told,
        ):
            (count,) = struct.unpack("<q", told[:8])
        found = read_run(run_folder(lab, run_id))
        assert is_prefix(found)
        assert found.state == "killed"
        acknowledged += count
        lost += max(0, count - len(found.steps("a")))
        shutil.rmtree(found.folder.path)
    assert lost == 0 and acknowledged >= moments * 1_000


@pytest.mark.parametrize("copies", [10, pytest.param(200, marks=pytest.mark.soak)])
def test_a_copy_at_any_moment(lab: Path, tmp_path: Path, copies: int) -> None:
    """`cp -r` while the run writes gives a lab whose points are a prefix (P28)."""
    (tmp_path / "told").write_bytes(bytes(8))
    with start_program(lab, _ACKNOWLEDGE, str(tmp_path / "told"), "0.0005") as process:
        assert process.stdout is not None
        process.stdout.readline()
        for turn in range(copies):
            copy = tmp_path / f"copy{turn}"
            shutil.copytree(lab, copy, ignore=shutil.ignore_patterns(".tmp-*"))
            for found in read_runs(copy):
                assert is_prefix(found)
                assert len(found.damages) <= 1  # the copy may end inside a line
            shutil.rmtree(copy)
        process.kill()


_JOIN = """
import os, sys, peira
run = peira.init(console=False, monitor=False)
base = int(sys.argv[1]) * 1_000_000
for step in range(int(sys.argv[2])):
    run.log({"a": base + step + 0.5}, step)
if sys.argv[1] == "3":
    os.kill(os.getpid(), 9)
run.finish()
"""


@pytest.mark.parametrize("steps", [300, pytest.param(20_000, marks=pytest.mark.soak)])
def test_eight_writers(lab: Path, steps: int) -> None:
    """Eight processes log one run at once; one is killed; the union is there, told apart by writer
    (P14).
    """
    import peira

    with peira.init(console=False, monitor=False) as run:
        programs = [
            start_program(lab, _JOIN, str(number), str(steps), PEIRA_RUN=run.id)
            for number in range(8)
        ]
        for program in programs:
            program.communicate(timeout=60)
    found = only_run(lab)
    assert not found.damages
    by_writer: dict[str, list[float]] = {}
    for point in found.points:
        by_writer.setdefault(point.writer, []).append(point.value)
    expected = [[n * 1_000_000 + step + 0.5 for step in range(steps)] for n in range(8)]
    assert sorted(by_writer.values()) == expected


_FORK = """
import os, sys, threading, time
import peira
run = peira.init(console=False, monitor=False)
stop = False
def busy():
    step = 0
    while not stop:
        run.log({"busy": float(step)}, step); step += 1
threads = [threading.Thread(target=busy) for _ in range(2)]
for thread in threads: thread.start()
for number in range(int(sys.argv[1])):
    run.log({"parent": float(number)}, number)
    child = os.fork()
    if child == 0:
        run.log({"child": float(number)}, number)
        if number % 2:
            os._exit(0)
        sys.exit(0)
    os.waitpid(child, 0)
stop = True
for thread in threads: thread.join()
print(threading.active_count())
"""


@pytest.mark.parametrize("forks", [20, pytest.param(1_000, marks=pytest.mark.soak)])
def test_forks(lab: Path, forks: int) -> None:
    """Forks while threads log: no deadlock, no point doubled, the parent's run not ended by a
    child (P15).
    """
    with start_program(lab, _FORK, str(forks)) as process:
        output, _ = process.communicate(timeout=20 + forks * 0.2)
    assert process.returncode == 0, output
    found = only_run(lab)
    assert found.state == "finished" and not found.damages
    assert found.values("parent") == [float(n) for n in range(forks)]
    assert sorted(found.values("child")) == [float(n) for n in range(forks)]
    assert len({point.writer for point in found.points if point.key == "child"}) == forks
    assert len(found.events) == len({str(event) for event in found.events})


def test_fork_keeps_the_end_for_the_parent(lab: Path) -> None:
    """finish() in a child closes the child's files only; nothing is written twice (P15)."""
    text = """
import os, peira
run = peira.init(console=False, monitor=False, params={"lr": 1})
if os.fork() == 0:
    run.log({"a": 1.0}); run.note("from the child"); run.finish(); os._exit(0)
os.wait()
run.log({"a": 2.0})
"""
    with start_program(lab, text) as process:
        process.communicate(timeout=30)
    found = only_run(lab)
    assert sorted(found.values("a")) == [1.0, 2.0]
    ends = [event for event in found.events if type(event).__name__ == "End"]
    assert len(ends) == 1
    assert len(found.folder.points_files()) == len(found.folder.events_files()) == 2
    assert os.environ["PEIRA_LAB"] == str(lab)

"""A disk that fails never ends nor slows training, and the loss is counted (P05, P06, P29)."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import time
from pathlib import Path
from zlib import crc32

import pytest

from peira.record import events
from tests.sdk.reading import Read, only_run, read_runs, run_program, start_program

_OUTAGE = """
import os, sys, time, peira
switch, seconds, mode = sys.argv[1], float(sys.argv[2]), sys.argv[3]
run = peira.init(console=False, monitor=False, name="outage")
took = []
def log(count):
    for _ in range(count):
        start = time.perf_counter()
        run.log({"a": float(len(took))}, len(took))
        took.append(time.perf_counter() - start)
log(500)
open(switch, "w").close()
until = time.monotonic() + seconds
while time.monotonic() < until:
    log(1)
    time.sleep(0.001)
os.remove(switch)
log(500)
run.finish()
took.sort()
print(len(took), took[len(took) * 99 // 100])
"""


def lost_points(found: Read) -> int:
    return sum(event.points for event in found.of(events.Lost))


@pytest.mark.parametrize("seconds", [0.5, pytest.param(12.0, marks=pytest.mark.soak)])
@pytest.mark.parametrize("name", ["ENOSPC", "EDQUOT", "EIO", "EROFS", "EACCES", "ESTALE"])
def test_outage(lab: Path, shim: Path, tmp_path: Path, name: str, seconds: float) -> None:
    """Logging goes on through an outage, resumes by itself, says so briefly and counts what is
    lost (P05).
    """
    done = run_program(
        lab, _OUTAGE, str(tmp_path / "switch"), str(seconds), name,
        LD_PRELOAD=str(shim), FAULT_PATH="jsonl", FAULT_CALLS="write,open,fsync",
        FAULT_ERRNO=str(getattr(errno, name)), FAULT_SWITCH=str(tmp_path / "switch"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    count, p99_s = done.stdout.split()
    found = only_run(lab)
    assert len(found.points) + lost_points(found) == int(count)
    assert set(range(500)) <= set(found.steps("a"))
    assert set(range(int(count) - 500, int(count))) <= set(found.steps("a"))
    assert lost_points(found) > 0 and found.state == "finished"
    assert all(point.value == point.step for point in found.points)
    assert 1 <= done.stderr.count("\n") <= 4, done.stderr  # up to 3 of the outage, and the end
    assert float(p99_s) < 0.02  # the bar of 1 ms is for a quiet machine


def test_short_writes(lab: Path, shim: Path) -> None:
    """Writes that take only a part are completed: nothing is lost or damaged."""
    program = """
import peira
run = peira.init(console=False, monitor=False)
for step in range(300): run.log({"a": float(step)}, step)
run.finish()
"""
    done = run_program(
        lab, program, LD_PRELOAD=str(shim), FAULT_PATH="jsonl", FAULT_CALLS="write",
        FAULT_ERRNO="0", FAULT_FIRST="5", FAULT_COUNT="200",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = only_run(lab)
    assert found.values("a") == [float(step) for step in range(300)]
    assert lost_points(found) == 0


def test_a_full_disk(lab: Path, tmp_path: Path) -> None:
    """The same on a real file-size limit: what fits is whole, and the rest is counted (P05)."""
    program = """
import resource, peira
run = peira.init(console=False, monitor=False)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
for step in range(1000): run.log({"a": float(step)}, step)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
for step in range(1000, 1500): run.log({"a": float(step)}, step)
run.finish()
"""
    done = run_program(lab, program)
    assert done.returncode == 0, done.stderr
    found = only_run(lab)
    assert lost_points(found) > 300
    # A row of which all but its line feed fitted is told as lost, and the next row completes it.
    fitted = (found.folder.path / "points.jsonl").read_bytes()[:20_000].rpartition(b"\n")[2]
    body, _, check = fitted.rpartition(b"\t")
    is_completed = check == b"%08x" % crc32(body)
    assert len(found.points) + lost_points(found) == 1500 + is_completed
    assert set(range(1000, 1500)) <= set(found.steps("a"))


_EVERYTHING = """
import peira, os, sys
run = peira.init(monitor=False, params={"lr": 0.1}, tags=["t"])
for step in range(20): run.log({"a": float(step)}, step)
run.log_text("sample", "text")
run.log_artifact(__file__, "program")
run.note("n")
run.flush()
print("trained")
run.finish()
"""


def _tried(lab: Path, shim: Path, first: int, number: int) -> subprocess.CompletedProcess[str]:
    return run_program(
        lab, _EVERYTHING, timeout_s=30, LD_PRELOAD=str(shim), FAULT_PATH=".peira",
        FAULT_CALLS="write,open,fsync,rename,mkdir", FAULT_ERRNO=str(number), FAULT_COUNT="1",
        FAULT_FIRST=str(first), FAULT_TALLY=str(lab.parent / "tally"),
    )  # fmt: skip


@pytest.mark.parametrize("stride", [6, pytest.param(1, marks=pytest.mark.soak)])
def test_every_call_failed_once(lab: Path, shim: Path, stride: int) -> None:
    """Whichever system call fails, training ends well, nothing hangs, and what is missing is
    counted (P06).
    """
    assert _tried(lab, shim, 0, errno.EIO).returncode == 0
    calls = int((lab.parent / "tally").read_text())
    assert calls > 50
    for first in range(1, calls + 1, stride):
        shutil.rmtree(lab, ignore_errors=True)
        done = _tried(lab, shim, first, errno.EIO)
        assert (done.returncode, done.stdout) == (0, "trained\n"), (first, done.stderr)
        assert "Traceback" not in done.stderr
        for found in read_runs(lab) if lab.exists() else []:
            if found.folder.birth.exists():
                assert len(found.points) + lost_points(found) == 20, first


def test_no_lab_can_be_made(lab: Path) -> None:
    """A place that cannot be written to costs one line; the run does nothing and says no word more
    (P06).
    """
    program = """
import peira
run = peira.init(params={"a": 1}, tags="x")
for step in range(10): run.log({"a": 1.0})
run.note("n"); run.log_text("k", "v"); run.alert("a"); run.log_artifact(__file__); run.flush()
run.params["b"] = 2; peira.log({"b": 1.0}); assert run.id == "" and run.folder is None
run.finish()
print("trained")
"""
    done = run_program(lab, program, PEIRA_LAB="/proc/nowhere")
    assert (done.returncode, done.stdout) == (0, "trained\n"), done.stderr
    assert done.stderr.count("\n") == 1 and "/proc/nowhere" in done.stderr
    strict = run_program(lab, program, PEIRA_LAB="/proc/nowhere", PEIRA_STRICT="1")
    assert strict.returncode == 1 and "LabError" in strict.stderr


def test_switched_off(lab: Path) -> None:
    """PEIRA_OFF records nothing and says nothing."""
    done = run_program(lab, _EVERYTHING, PEIRA_OFF="1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "trained\n", "")
    assert not lab.exists()


def test_a_removed_folder(lab: Path) -> None:
    """A run whose folder is removed goes on in a new one, with its params, and counts what went
    with the old one.
    """
    program = """
import shutil, sys, peira
run = peira.init(console=False, monitor=False, params={"lr": 0.1}, tags="t")
for step in range(100): run.log({"a": float(step)}, step)
shutil.rmtree(run.folder)
for step in range(100, 150): run.log({"a": float(step)}, step)
run.flush()
for step in range(150, 200): run.log({"a": float(step)}, step)
run.finish()
"""
    done = run_program(lab, program)
    assert done.returncode == 0, done.stderr
    found = only_run(lab)
    assert found.steps("a") == list(range(150, 200))
    assert lost_points(found) == 150
    assert found.of(events.Params)[0].values == {"lr": 0.1}
    assert found.folder.read_birth().project and found.state == "finished"


def test_strict_tells_of_a_full_disk(lab: Path) -> None:
    """In strict mode a point that cannot be written raises."""
    program = """
import resource, peira
run = peira.init(console=False, monitor=False, strict=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (500, resource.RLIM_INFINITY))
for step in range(1000): run.log({"a": float(step)}, step)
"""
    done = run_program(lab, program)
    assert done.returncode == 1 and "LabError" in done.stderr


def test_a_failed_fsync_is_recorded(lab: Path, shim: Path) -> None:
    """A failed fsync is told and stands in the run: it is not tried again and believed (P02)."""
    done = run_program(
        lab, _EVERYTHING, LD_PRELOAD=str(shim), FAULT_PATH="points.jsonl", FAULT_CALLS="fsync",
        FAULT_ERRNO=str(errno.EIO), FAULT_FIRST="1", FAULT_COUNT="1",
    )  # fmt: skip
    assert done.returncode == 0 and "fsync" in done.stderr
    assert any(
        "fsync of points.jsonl failed" in lost.reason for lost in only_run(lab).of(events.Lost)
    )


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_flush_is_after_write(lab: Path, tmp_path: Path) -> None:
    """flush() syncs both files and the folder after what was written before it (P02)."""
    text = """
import os, peira
run = peira.init(console=False, monitor=False)
run.log({"a": 1.0}); run.note("n")
os.stat("/begin"+"-flush") if os.path.exists("/begin"+"-flush") else None
run.flush()
os._exit(0)
"""
    program = tmp_path / "program.py"
    program.write_text(text)
    trace = tmp_path / "trace"
    from tests.sdk.reading import environment

    command = ["strace", "-f", "-y", "-e", "trace=write,fsync", "-o", str(trace), "python3"]
    command[-1:] = [os.sys.executable, str(program)]  # type: ignore[attr-defined]
    subprocess.run(command, env=environment(lab), check=True, capture_output=True, cwd=tmp_path)
    calls = [line for line in trace.read_text().splitlines() if "/runs/" in line]
    for name in ("points.jsonl", "events.jsonl"):
        of_file = [line for line in calls if name in line]
        assert "fsync" in of_file[-1], of_file
    folder_syncs = [line for line in calls if "fsync" in line and "jsonl" not in line]
    assert folder_syncs


def test_synced_every_five_seconds(lab: Path, shim: Path) -> None:
    """Without flush(), what was written is durable 5 s later (P02)."""
    program = """
import os, time, peira
run = peira.init(console=False, monitor=False)
run.log({"a": 1.0})
assert run._session.writer.points.is_dirty
time.sleep(5.6)
assert not run._session.writer.points.is_dirty
print("synced")
"""
    start = time.monotonic()
    with start_program(lab, program) as process:
        output, _ = process.communicate(timeout=30)
    assert "synced" in output and time.monotonic() - start > 5


def test_a_folder_removed_before_its_files(lab: Path) -> None:
    """A folder that is removed while no file is open is made again, too, also at the end."""
    program = """
import shutil, peira
run = peira.init(console=False, monitor=False, params={"lr": 0.1})
run.log({"a": 0.0}); run.log({"b": 0.0})
run._session._collector.join()
run._session.writer.events.close(); run._session.writer.points.close()
shutil.rmtree(run.folder)
run.log({"a": 1.0})
run.flush()
run.log({"a": 2.0}); run.log({"b": 2.0})
shutil.rmtree(run.folder)
run.finish()
"""
    done = run_program(lab, program)
    assert done.returncode == 0, done.stderr
    found = only_run(lab)
    assert found.state == "finished"
    assert found.of(events.Params)[0].values == {"lr": 0.1}
    assert lost_points(found) == 3


def test_without_threads(lab: Path) -> None:
    """A system that starts no thread (a limit, the exit of the interpreter) costs what surrounds
    the run, not the run.
    """
    program = """
import threading, peira
threading.stack_size(1 << 45)  # no memory has room for that: no thread can be started
run = peira.init(console=False, monitor=False, params={"lr": 0.1}, tags="t")
run.log({"a": 1.0}); run.flush(); run.note("n")
run.finish()
"""
    done = run_program(lab, program)
    assert done.returncode == 0 and done.stderr.count("\n") in (2, 3), (
        done.stderr
    )  # what git is asked for is told, too
    found = only_run(lab)
    assert found.state == "finished" and found.values("a") == [1.0]
    assert found.of(events.Params) and found.of(events.Tags) and found.of(events.Note)


def test_flush_waits_for_a_sync_that_is_under_way(lab: Path) -> None:
    """flush() does not take another thread's unfinished fsync for done (P02)."""
    program = """
import os, threading, time, peira
run = peira.init(console=False, monitor=False)
run.log({"a": 1.0})
points = run._session.writer.points
real, begun = os.fsync, threading.Event()
def slow(descriptor):
    if descriptor == points.fd:
        begun.set(); time.sleep(0.5)
    real(descriptor)
os.fsync = slow
other = threading.Thread(target=points.sync)
other.start(); begun.wait()
start = time.monotonic()
run.flush()
assert time.monotonic() - start > 0.4 and not points.is_dirty
other.join()
"""
    done = run_program(lab, program)
    assert done.returncode == 0, done.stderr

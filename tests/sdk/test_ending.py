"""How a program ends is told apart, and keeps its meaning (P16, P17, P18)."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from peira.record import events, liveness
from tests.sdk.reading import only_run, read_runs, run_program, start_program

_BEGIN = """
import os, signal, sys, time
import peira
{before}
run = peira.init(console=False, monitor=False)
run.log({{"loss": 1.0}})
{after}
"""


def program(after: str, before: str = "") -> str:
    return _BEGIN.format(before=before, after=after)


@pytest.mark.parametrize(
    ("after", "state", "code"),
    [
        ("", "finished", 0),
        ("sys.exit()", "finished", 0),
        ("sys.exit(3)", "failed", 3),
        ("sys.exit('no')", "failed", 1),
        ("exit(3)", "failed", 3),
        ("try: sys.exit(3)\nexcept SystemExit: pass", "finished", 0),
        ("raise SystemExit(3)", "finished", 3),  # Python tells nobody; no code is recorded
        ("1 / 0", "failed", 1),
        ("run.finish()\n1 / 0", "finished", 1),
        ("try: sys.exit(3)\nexcept SystemExit: run.log({'loss': 2.0})", "finished", 0),
        ("raise KeyboardInterrupt", "killed", -signal.SIGINT),
        ("os.kill(os.getpid(), signal.SIGINT); time.sleep(9)", "killed", -signal.SIGINT),
        ("os.kill(os.getpid(), signal.SIGTERM); time.sleep(9)", "killed", -signal.SIGTERM),
        ("os.kill(os.getpid(), signal.SIGHUP); time.sleep(9)", "killed", -signal.SIGHUP),
        ("os.kill(os.getpid(), signal.SIGKILL); time.sleep(9)", "killed", -signal.SIGKILL),
        ("os._exit(0)", "killed", 0),
    ],
)
def test_ways_to_end(lab: Path, after: str, state: str, code: int) -> None:
    """The run's state is what happened, and the process ends as it would have without Peira."""
    done = run_program(lab, program(after))
    found = only_run(lab)
    assert (found.state, done.returncode) == (state, code), done.stderr
    assert found.values("loss")[0] == 1.0
    if code < 0 and code != -signal.SIGKILL:
        assert found.end is not None and found.end.signal == signal.Signals(-code).name


def test_the_traceback_is_kept_and_printed(lab: Path) -> None:
    """An exception is recorded with its traceback, secrets taken out, and printed as ever."""
    done = run_program(lab, program("raise ValueError('bad --password=hunter2')"))
    assert "ValueError: bad" in done.stderr
    end = only_run(lab).end
    assert end is not None and end.error is not None
    assert end.error.type == "ValueError"
    assert "hunter2" not in end.error.message + end.error.traceback


def test_hooks_of_the_program_still_run(lab: Path) -> None:
    """An excepthook set before or after init is called, and the run is failed."""
    hook = "def hook(*a): print('hooked')\nsys.excepthook = hook"
    assert "hooked" in run_program(lab, program("1 / 0", before=hook)).stdout
    later = (
        "old = sys.excepthook\ndef hook(*a):\n print('hooked'); old(*a)\nsys.excepthook = hook\n1/0"
    )
    assert "hooked" in run_program(lab, program(later)).stdout
    assert [found.state for found in read_runs(lab)] == ["failed", "failed"]


_WRAP = """
def wrap(chain):
    sys.excepthook = lambda *a, below=sys.excepthook: (chain.append("hook"), below(*a))
    sys.exit = lambda *a, below=sys.exit: (chain.append("exit"), below(*a))
    signal.signal(signal.SIGTERM, lambda *a, below=signal.getsignal(signal.SIGTERM): below(*a))
chain = []
for _ in range(3):
    wrap(chain)
    peira.init(console=False, monitor=False).finish()
run = peira.init(console=False, monitor=False)
"""


@pytest.mark.parametrize(
    ("after", "state", "code"),
    [
        ("1 / 0", "failed", 1),
        ("sys.exit(3)", "failed", 3),
        ("os.kill(os.getpid(), signal.SIGTERM); time.sleep(9)", "killed", -signal.SIGTERM),
    ],
)
def test_hooks_that_others_wrap(lab: Path, after: str, state: str, code: int) -> None:
    """Hooks that other libraries put on top between runs make no endless chain."""
    done = run_program(lab, program(_WRAP + after))
    assert "RecursionError" not in done.stderr and done.returncode == code, done.stderr
    assert [found.state for found in read_runs(lab)] == ["finished"] * 4 + [state]


_OWN_RUN = """
child = os.fork()
if child == 0:
    peira.init(console=False, monitor=False, name="own").log({{"loss": 2.0}})
    {what}
    os._exit(99)
_, status = os.waitpid(child, 0)
print(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.parametrize(
    ("what", "state", "code"),
    [
        ("1 / 0", "failed", 1),
        ("sys.exit(3)", "failed", 3),
        ("os.kill(os.getpid(), signal.SIGTERM); time.sleep(9)", "killed", -signal.SIGTERM),
    ],
)
def test_a_fork_child_with_its_own_run(lab: Path, what: str, state: str, code: int) -> None:
    """A child that begins a run of its own ends as any process, and so does its parent (P15)."""
    done = run_program(lab, program(_OWN_RUN.format(what=what)))
    assert done.stdout == f"{code}\n" and "RecursionError" not in done.stderr, done.stderr
    states = {found.folder.read_birth().name: found.state for found in read_runs(lab)}
    assert states.pop("own") == state
    assert list(states.values()) == ["finished"]


_HANDLER = "def handle(*a):\n print('handled'); {what}\nsignal.signal(signal.SIGTERM, handle)"


@pytest.mark.parametrize(
    ("what", "state", "is_noted"),
    [("sys.exit(0)", "killed", True), ("pass", "finished", True)],
)
def test_a_handler_of_the_program_decides(lab: Path, what: str, state: str, is_noted: bool) -> None:
    """A SIGTERM handler set before init runs; when it leaves, the run was killed, else it goes on
    (P17).
    """
    text = program(
        "os.kill(os.getpid(), signal.SIGTERM); time.sleep(0.1); run.log({'loss': 2.0})",
        before=_HANDLER.format(what=what),
    )
    done = run_program(lab, text)
    assert (done.stdout, done.returncode) == ("handled\n", 0), done.stderr
    found = only_run(lab)
    assert found.state == state
    assert found.end is not None and (found.end.signal == "SIGTERM") is is_noted
    assert len(found.values("loss")) == (1 if state == "killed" else 2)


def test_a_handler_set_later_decides_alone(lab: Path) -> None:
    """A handler set after init replaces Peira's, as signals do."""
    text = program(_HANDLER.format(what="sys.exit(0)") + "\nos.kill(os.getpid(), signal.SIGTERM)")
    assert run_program(lab, text).stdout == "handled\n"
    assert only_run(lab).state == "finished"


def test_ignored_signals_stay_ignored(lab: Path) -> None:
    """A SIGHUP that is ignored (nohup) ends nothing."""
    text = program(
        "os.kill(os.getpid(), signal.SIGHUP); print('still here')",
        before="signal.signal(signal.SIGHUP, signal.SIG_IGN)",
    )
    assert run_program(lab, text).stdout == "still here\n"
    assert only_run(lab).state == "finished"


def test_becoming_another_program(lab: Path) -> None:
    """A run ends when its process becomes another program, which has runs of its own."""
    text = """
import os, sys
import peira
run = peira.init(console=False, monitor=False)
run.log({"loss": 1.0})
if len(sys.argv) == 1:
    os.execlp(sys.executable, sys.executable, __file__, "again")
os.kill(os.getpid(), 9)
"""
    run_program(lab, text)
    assert [found.state for found in read_runs(lab)] == ["finished", "killed"]


def test_a_generator_that_is_closed(lab: Path) -> None:
    """A `with` block in a generator that nobody reads to its end has finished, not failed."""
    text = """
import peira
def train():
    with peira.init(console=False, monitor=False):
        yield 1
steps = train(); next(steps); steps.close()
"""
    run_program(lab, text)
    assert only_run(lab).state == "finished"


def test_hooks_are_taken_away(lab: Path) -> None:
    """After the last run is finished the hooks of the process are what they were."""
    text = """
import os, sys, signal, peira
def hooks():
    return sys.excepthook, sys.exit, exit, quit, os.execv, os.execve, signal.getsignal(15)
before = hooks()
peira.init(console=False).finish()
assert before == hooks()
"""
    assert run_program(lab, text).returncode == 0


_LOG_FOR_EVER = """
import sys, peira
run = peira.init(console=False, monitor=False)
print("ready", flush=True)
step = 0
while True:
    run.log({"a": step + 0.5, "b": float("nan") if step % 7 == 0 else 1.0}, step)
    step += 1
"""


@pytest.mark.parametrize("moments", [3, pytest.param(100, marks=pytest.mark.soak)])
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_signals_at_any_moment(lab: Path, name: str, moments: int) -> None:
    """A signal in the middle of log() ends the program and is recorded (P17)."""
    number = getattr(signal, name)
    for turn in range(moments):
        with start_program(lab, _LOG_FOR_EVER) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            time.sleep(0.02 + 0.0013 * turn)
            process.send_signal(number)
            told = process.stdout.read()
        assert process.returncode == -number
        assert "did not answer" not in told  # no thread waited for a lock that log() holds
    for found in read_runs(lab):
        assert found.end is not None and found.end.signal == name
        assert found.steps("a") == list(range(len(found.steps("a"))))


def test_exit_is_short(lab: Path) -> None:
    """finish() returns within 5 s when the disk does not answer, and says so (P16)."""
    text = program(
        """
real = os.fsync
os.fsync = lambda descriptor: time.sleep(60)
start = time.monotonic()
run.finish()
assert time.monotonic() - start < 5.5
"""
    )
    done = run_program(lab, text)
    assert done.returncode == 0, done.stderr
    assert "did not answer" in done.stderr
    assert only_run(lab).state == "finished"


def test_lost_and_revived(lab: Path) -> None:
    """On another machine a run is silent 60 s after its last sign of life, and alive with the next
    (P18).
    """
    run_program(lab, program("os._exit(0)"))
    found = only_run(lab)
    birth = found.folder.read_birth()
    far = type(birth)(**{f: getattr(birth, f) for f in birth.__struct_fields__} | {"host": "far"})
    sign = liveness.last_sign_of_life(found.folder)
    assert liveness.state(far, None, sign, now=sign + 59) == "running"
    assert liveness.state(far, None, sign, now=sign + 61) == "silent"
    os.utime(found.folder.points(), (sign + 60, sign + 60))
    sign = liveness.last_sign_of_life(found.folder)
    assert liveness.state(far, None, sign, now=sign + 1) == "running"
    end = events.End(time=1.0, status="finished", duration_s=1.0)
    assert liveness.state(far, end, sign) == "finished"


def test_a_suspended_process_is_running(lab: Path) -> None:
    """A stopped process (a suspended laptop) is not dead, however long it says nothing (P18)."""
    with start_program(lab, _LOG_FOR_EVER) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGSTOP)
        assert only_run(lab).state == "running"
        process.send_signal(signal.SIGKILL)
    assert only_run(lab).state == "killed"


def test_a_reused_pid_is_not_the_run(lab: Path) -> None:
    """A process that got the pid of a dead run does not keep it alive."""
    with subprocess.Popen(["sleep", "60"]) as process:
        started = liveness.process_started(process.pid)
        assert liveness.is_alive(process.pid, started)
        assert not liveness.is_alive(process.pid, started - 5)
        process.kill()
    assert not liveness.is_alive(process.pid, started)


_SLOW_GIT = """
import pathlib, stat, tempfile
shim = pathlib.Path(tempfile.mkdtemp()) / "git"
shim.write_text("#!/bin/sh\\nsleep 3\\n")
shim.chmod(0o700)
os.environ["PATH"] = f"{shim.parent}:{os.environ['PATH']}"
"""


@pytest.mark.parametrize(
    ("handler", "code"), [("", -signal.SIGTERM), ("signal.signal(15, lambda *a: sys.exit(7))", 7)]
)
def test_a_signal_while_the_run_ends(lab: Path, handler: str, code: int) -> None:
    """A run that waits for what is still being captured is not lost: its end is written, as it was
    asked for, and names the signal.
    """
    kill = "import threading; threading.Timer(0.3, os.kill, (os.getpid(), 15)).start()\n"
    done = run_program(
        lab, program(kill + "run.finish()\nprint('not reached')", _SLOW_GIT + handler)
    )
    found = only_run(lab)
    assert done.returncode == code and "not reached" not in done.stdout, done.stderr
    assert found.state == "finished" and found.end is not None
    assert len(found.of(events.End)) == 1

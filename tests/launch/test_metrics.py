"""A program in any language has metrics: from its console, or from a file that it writes."""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path

from tests.launch.conftest import Started
from tests.sdk.reading import Read, only_run


def points(found: Read, key: str) -> list[tuple[int, float]]:
    return list(zip(found.steps(key), found.values(key), strict=True))


def test_lines_of_key_and_number(lab: Path, peira_run: Started) -> None:
    """`key: number` at the start of a line is a metric; `step` or `epoch` sets the step."""
    lines = "start\nlr: 0.1\\nepoch: 1\\nloss: 0.5\\nepoch: 2\\nloss: 0.25, acc: 0.75\\ndone: yes"
    peira_run("printf", lines)
    found = only_run(lab)
    assert points(found, "lr") == [(0, 0.1)]
    assert points(found, "loss") == [(1, 0.5), (2, 0.25)]
    assert points(found, "acc") == [(2, 0.75)]
    assert {point.key for point in found.points} == {"lr", "loss", "acc"}


def test_a_better_step_wins(lab: Path, peira_run: Started) -> None:
    """Where there is a `step`, the epoch is a metric like any other."""
    peira_run("printf", "epoch: 1, step: 10, loss: 0.5\\nstep: 20, loss: 0.25\\n")
    found = only_run(lab)
    assert points(found, "loss") == [(10, 0.5), (20, 0.25)]
    assert points(found, "epoch") == [(10, 1.0)]


def test_without_a_step_points_are_counted(lab: Path, peira_run: Started) -> None:
    """Each name has its own count from 0; colours and carriage returns do not hide a line."""
    peira_run("printf", "loss: 3\\r\\n\\033[1mloss: nan\\033[0m\\rloss: 1\\nacc: 0.5")
    found = only_run(lab)
    assert found.steps("loss") == [0, 1, 2]
    assert [found.values("loss")[i] for i in (0, 2)] == [3.0, 1.0]
    assert math.isnan(found.values("loss")[1])
    assert points(found, "acc") == [(0, 0.5)]  # a last line without its end


def test_patterns(lab: Path, peira_run: Started) -> None:
    """Given patterns stand in place of the default one, for standard error as well."""
    program = "printf 'it 5/9 loss=0.5\\nacc: 1\\n' >&2; printf 'it 6/9 loss=0.25 f1 0.9\\n' >&2"
    peira_run("--metrics", "it {step:d}/{}", "--metrics", "loss={loss:f}", "--metrics", "f1 {f1}",
              "sh", "-c", program)  # fmt: skip
    found = only_run(lab)
    assert points(found, "loss") == [(5, 0.5), (6, 0.25)]
    assert points(found, "f1") == [(6, 0.9)]
    assert not found.values("acc")


def test_no_metrics(lab: Path, peira_run: Started) -> None:
    """With --no-metrics nothing that is printed is one; a pattern that cannot be is an error."""
    peira_run("--no-metrics", "echo", "loss: 1")
    assert not only_run(lab).points
    done = peira_run("--metrics", "loss", "echo", "loss: 1")
    assert done.returncode == 2
    assert b"names no number" in done.stderr


def test_a_file_of_json_lines(lab: Path, peira_run: Started) -> None:
    """What a program appends to $PEIRA_METRICS is recorded exactly; bad lines are told."""
    program = """
printf '{"step": 1, "loss": 0.1, "val": {"acc": 0.5}}\\nnot json\\n[1]\\n\\n' >> "$PEIRA_METRICS"
printf '{"loss": NaN, "step": 2}\\n{"step": 3, "loss": 1e-300}' >> "$PEIRA_METRICS"
"""
    done = peira_run("sh", "-c", program)
    found = only_run(lab)
    assert found.steps("loss") == [1, 2, 3]
    assert [found.values("loss")[i] for i in (0, 2)] == [0.1, 1e-300]
    assert points(found, "val/acc") == [(1, 0.5)]
    assert b"line 2 of $PEIRA_METRICS" in done.stderr
    assert not found.folder.spool.exists()


def test_the_file_is_read_live(lab: Path, peira_run: Started) -> None:
    """A point can be seen while the program still runs."""
    program = f"""
import os, time, pathlib
with open(os.environ["PEIRA_METRICS"], "a") as file:
    file.write('{{"loss": 0.5}}\\n')
runs = pathlib.Path({str(lab / "runs")!r})
limit = time.monotonic() + 30
while not any(b"loss" in p.read_bytes() for p in runs.glob("*/points.jsonl")):
    assert time.monotonic() < limit
    time.sleep(0.05)
"""
    started = time.monotonic()
    assert peira_run(sys.executable, "-c", program).returncode == 0
    assert time.monotonic() > started
    assert points(only_run(lab), "loss") == [(0, 0.5)]


def test_what_the_program_logs_is_not_there_twice(lab: Path, peira_run: Started) -> None:
    """A program that joins the run by peira.init() is not read by the default pattern: only what it
    logs counts.
    """
    (lab.parent / "train.py").write_text(
        "import peira\nrun = peira.init(params={'lr': 0.1})\nfor step in range(3):\n"
        "    print(f'loss: {step}', flush=True)\n    run.log({'loss': step}, step=step)\n"
    )
    assert peira_run("train.py").returncode == 0
    found = only_run(lab)
    assert points(found, "loss") == [(0, 0.0), (1, 1.0), (2, 2.0)]


def test_strict_is_the_programs_matter(lab: Path, peira_run: Started) -> None:
    """Under PEIRA_STRICT a bad line of metrics does not stop what passes the output on."""
    program = 'echo \'{"loss": "x"}\' >> $PEIRA_METRICS; sleep 1.2; echo out'
    done = peira_run("sh", "-c", program, env={"PEIRA_STRICT": "1"})
    assert (done.returncode, done.stdout) == (0, b"out\n")
    assert b"is not recorded" in done.stderr

"""Programs below programs, and `peira.init` inside one."""

from __future__ import annotations

import sys
from pathlib import Path

from peira.record import events
from tests.launch.conftest import PEIRA, Started
from tests.sdk.reading import only_run, read_runs


def write(lab: Path, text: str) -> str:
    (lab.parent / "train.py").write_text(text)
    return "train.py"


def test_init_joins_the_run(lab: Path, peira_run: Started) -> None:
    """One run: its params, metrics and tags are the script's, its end is the program's."""
    program = write(
        lab,
        "import peira, sys\nrun = peira.init(params={'lr': 0.1}, tags='a')\n"
        "run.log({'loss': 1})\nrun.note('seen')\nsys.exit(3)\n",
    )
    done = peira_run(program)
    found = only_run(lab)
    assert (done.returncode, found.state) == (3, "failed")
    assert found.values("loss") == [1.0]
    assert [event.values for event in found.of(events.Params)] == [{"lr": 0.1}]
    assert len(found.of(events.End)) == 1
    assert done.stderr.count(b"peira: ") == 1


def test_further_runs_of_a_program_are_its_parts(lab: Path, peira_run: Started) -> None:
    """A script that loops over `peira.init` has a run each, and the first is the program's."""
    program = write(
        lab,
        "import peira\nfor i in range(3):\n    run = peira.init('sweep', params={'i': i})\n"
        "    run.log({'loss': i})\n    run.finish()\n",
    )
    peira_run(program)
    first, *others = read_runs(lab)
    assert [run.values("loss") for run in (first, *others)] == [[0.0], [1.0], [2.0]]
    assert {run.folder.read_birth().parent for run in others} == {first.folder.id}
    assert {run.folder.read_birth().project for run in (first, *others)} == {"sweep"}
    assert all(run.state == "finished" for run in (first, *others))


def test_peira_run_below_peira_run(lab: Path, peira_run: Started) -> None:
    """A script that runs others with `peira run` is their parent."""
    done = peira_run("sh", "-c", f"{' '.join(PEIRA)} run echo loss: 1; echo loss: 2")
    outer, inner = read_runs(lab)
    assert done.returncode == 0
    assert inner.folder.read_birth().parent == outer.folder.id
    assert inner.values("loss") == [1.0]
    assert outer.values("loss") == [1.0, 2.0]


def test_the_error_of_a_program_is_recorded(lab: Path, peira_run: Started) -> None:
    """A Python program's last traceback says what the run died of, with what it came from."""
    program = write(
        lab,
        "import sys\ntry:\n    1 / 0\nexcept ZeroDivisionError as error:\n"
        "    print('out')\n    raise ValueError('a\\nb token=hunter2') from error\n",
    )
    peira_run(program)
    end = only_run(lab).end
    assert end is not None
    assert end.error is not None
    assert (end.error.type, end.error.message) == ("ValueError", "a\nb token=[redacted]")
    assert end.error.traceback.startswith("Traceback (most recent call last):\n")
    assert "ZeroDivisionError" in end.error.traceback


def test_no_error_where_none_is_known(lab: Path, peira_run: Started) -> None:
    """A traceback that was printed and survived is not what a run died of, nor is there one of a
    shell's.
    """
    peira_run(
        sys.executable, "-c", "import traceback\ntry: 1/0\nexcept Exception: traceback.print_exc()"
    )
    peira_run("sh", "-c", "exit 3")
    assert [run.end and run.end.error for run in read_runs(lab)] == [None, None]


def test_off(lab: Path, peira_run: Started) -> None:
    """With PEIRA_OFF the program runs, and nothing is recorded."""
    done = peira_run("sh", "-c", "echo $PEIRA_RUN out; exit 4", env={"PEIRA_OFF": "1"})
    assert (done.returncode, done.stdout, done.stderr) == (4, b"out\n", b"")
    assert not lab.exists()

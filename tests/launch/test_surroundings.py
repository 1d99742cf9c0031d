"""What surrounds a launched program is told as it was for the program, not for its parent."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from peira.record import events
from tests.launch.conftest import Started
from tests.sdk.reading import only_run


def told(lab: Path) -> dict[str, Any]:
    """The last word on each aspect."""
    return {event.aspect: event.value for event in only_run(lab).of(events.Captured)}


def test_a_program_has_its_own_surroundings(lab: Path, peira_run: Started) -> None:
    """Its packages, its Python, its libraries, its script, its variables, without Peira's own."""
    (lab.parent / "work.py").write_text("import numpy\n")
    environment = {"OMP_NUM_THREADS": "1", "PEIRA_LEAVE_OUT": "host", "MY_CHOICE": "7"}
    peira_run("work.py", env=environment | {"PEIRA_VARIABLES": "MY_*"})
    found = told(lab)
    assert set(found) >= {"process", "environment", "code", "python", "numerics", "packages"}
    assert "host" not in found
    assert "numpy" in found["packages"]["imported"] and found["packages"]["installed"]["peira"]
    assert not {"click", "peira", "psutil", "threadpoolctl"} & set(found["packages"]["imported"])
    assert found["numerics"]["libraries"][0]["threads"] == 1
    assert found["python"]["executable"] == sys.executable
    assert found["code"] == {"kind": "script", "script": str(lab.parent.resolve() / "work.py")}
    assert found["environment"]["variables"]["MY_CHOICE"] == "7"
    assert "PYTHONPATH" not in found["environment"]["variables"]
    assert found["process"]["command"][-1] == "work.py"


def test_a_program_that_is_no_python(lab: Path, peira_run: Started) -> None:
    """A shell has no packages; the machine and the command are told all the same."""
    peira_run("sh", "-c", "exit 0")
    found = told(lab)
    assert found["code"]["kind"] == "program" and found["code"]["program"] == "sh"
    assert found["host"]["cpu_model"] and not {"packages", "python", "numerics"} & set(found)


def test_modules_and_what_they_start(lab: Path, peira_run: Started) -> None:
    """`-m` names the module; of several processes the one with the most packages speaks."""
    (lab.parent / "pkg").mkdir()
    (lab.parent / "pkg" / "fit.py").write_text(
        "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import numpy'])"
    )
    peira_run(sys.executable, "-m", "pkg.fit")
    found = told(lab)
    assert found["code"] == {"kind": "module", "module": "pkg.fit"}
    assert "numpy" in found["packages"]["imported"] and found["numerics"]["libraries"]


def test_the_exception_of_a_program_is_kept(lab: Path, peira_run: Started) -> None:
    """A Python program that nobody changed leaves its traceback, without secrets; one whose parent
    got over it has not failed.
    """
    (lab.parent / "bad.py").write_text("raise ValueError('no --password=hunter2')")
    assert b"ValueError" in peira_run("bad.py").stderr
    end = only_run(lab).end
    assert end is not None and end.error is not None and end.status == "failed"
    assert end.error.type == "ValueError" and 'bad.py", line 1' in end.error.traceback
    assert "hunter2" not in end.error.message + end.error.traceback
    shutil.rmtree(lab)
    peira_run("sh", "-c", f"{sys.executable} bad.py; exit 0")
    end = only_run(lab).end
    assert end is not None and end.error is None and end.status == "finished"

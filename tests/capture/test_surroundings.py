"""What a run records by itself: cheap at birth, complete beside training, never in its way."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from peira.capture import CaptureSettings, Monitor, Surroundings, birth_facts
from peira.capture.monitor import visible_gpus
from peira.capture.settings import ASPECTS, BESIDE
from peira.core.errors import UsageError
from peira.record.liveness import is_alive


def test_birth_facts_are_true_and_cheap() -> None:
    """The process can be found again by them, and they cost below 5 ms."""
    birth_facts()
    begin = time.perf_counter()
    facts = birth_facts()
    assert time.perf_counter() - begin < 0.005
    assert is_alive(facts["pid"], facts["pid_started"])
    assert facts["python"] == sys.version.split()[0] and facts["directory"] == str(Path.cwd())


def test_the_user_may_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """PEIRA_USER says who runs, before the system's name."""
    monkeypatch.setenv("PEIRA_USER", "ada")
    assert birth_facts()["user"] == "ada"


def test_a_secret_on_the_command_line_is_not_recorded() -> None:
    """The real command line of a real process, read back."""
    code = "from peira.capture import birth_facts; print(birth_facts()['command'])"
    command = [sys.executable, "-c", code, "--api-key", "s3cr3t", "--token=s3cr3t"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "s3cr3t" not in answer.stdout and "[redacted]" in answer.stdout


def test_all_aspects_are_plain_json() -> None:
    """Each aspect of the default is there, without an error, and can be an event line."""
    found = dict(Surroundings().collect())
    assert list(found) == list(ASPECTS)
    assert all("error" not in value for value in found.values())
    json.dumps(found)
    assert found["packages"]["installed"]["msgspec"]
    assert {"msgspec", "pytest"} <= set(found["packages"]["imported"])
    assert found["host"]["cpu_cores_logical"] == os.cpu_count()


def test_a_failing_aspect_costs_only_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """An aspect that cannot be found out says so; the others are collected."""
    monkeypatch.setattr(sys, "implementation", None)
    found = dict(Surroundings().collect())
    assert "error" in found["python"] and "host" in found["host"] and found["packages"]["imported"]


def test_what_is_left_out_is_not_collected() -> None:
    """Each aspect can be left out; a slip of the pen is refused, not passed over."""
    only = CaptureSettings(leave_out=tuple(name for name in ASPECTS if name != "host"))
    assert [aspect for aspect, _ in Surroundings(only).collect()] == ["host"]
    with pytest.raises(UsageError, match="enviroment"):
        CaptureSettings(leave_out=("enviroment",))


def test_the_page_tells_of_every_aspect() -> None:
    """docs/reference/captured.md names all that can be left out, and nothing else as such."""
    page = (Path(__file__).parents[2] / "docs" / "reference" / "captured.md").read_text()
    section = page.partition("## Aspects")[2].partition("Each of them")[0]
    assert set(re.findall(r"`(\w+)`", section)) == {*ASPECTS, *BESIDE}
    for aspect in ASPECTS:
        assert f"\n## `{aspect}`\n" in page


def test_samples_are_small_numbers_with_units() -> None:
    """A sample holds finite floats under `system/`; rates come with the second one."""
    monitor = Monitor()
    first, second = monitor.sample(), monitor.sample()
    assert first["system/process/memory_bytes"] > 1_000_000
    assert "system/cpu_percent" in second and "system/cpu_percent" not in first
    assert all(k.startswith("system/") and isinstance(v, float) for k, v in second.items())


HOLD = "import sys; held = bytearray(200 << 20); print(flush=True); sys.stdin.read()"


@pytest.mark.parametrize("is_launcher", [False, True])
def test_children_are_a_part_of_the_process(is_launcher: bool) -> None:
    """Memory and processes of a program count its children, a launcher's its children alone."""
    monitor = Monitor(is_launcher=is_launcher)
    alone = monitor.sample()
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        both = monitor.sample()
        child.communicate()
    after = monitor.sample()
    # Other tests of this process may have left it children: a browser, a resource tracker.
    before, during, end = (sample["system/process/count"] for sample in (alone, both, after))
    assert before >= (0 if is_launcher else 1)
    assert during == before + 1 and end == before
    grown = both["system/process/memory_bytes"] - alone["system/process/memory_bytes"]
    assert grown > 190 << 20 and monitor.peak_memory_bytes == both["system/process/memory_bytes"]


def test_gpus_are_those_of_the_process() -> None:
    """CUDA_VISIBLE_DEVICES is read as CUDA reads it: indices or UUIDs, up to the first unknown."""
    names = {0: "GPU-aaa", 1: "GPU-bbb", 2: "GPU-abc"}
    assert visible_gpus(None, names) == [0, 1, 2]
    assert visible_gpus("2,0", names) == [2, 0]
    assert visible_gpus("GPU-b", names) == [1]
    assert visible_gpus("GPU-a", names) == []
    assert visible_gpus("0,-1,2", names) == [0]
    assert visible_gpus("", names) == []

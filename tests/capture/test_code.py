"""What runs is told as it was started."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

TELL = "import json, peira.capture; print(json.dumps(peira.capture.this_process().entry))"


@pytest.mark.parametrize(
    ("words", "entry"),
    [
        (["work/train.py"], {"kind": "script", "script": "work/train.py"}),
        (
            ["-m", "work.train"],
            {"kind": "module", "module": "work.train", "script": "work/train.py"},
        ),
        (["-m", "work"], {"kind": "module", "module": "work", "script": "work/__main__.py"}),
        (["-c", TELL], {"kind": "command"}),
    ],
)
def test_the_entry_point(tmp_path: Path, words: list[str], entry: dict[str, str]) -> None:
    """A script, a module, a package's `__main__` and a text are told apart."""
    (tmp_path / "work").mkdir()
    for name in ("__init__", "__main__", "train"):
        (tmp_path / "work" / f"{name}.py").write_text(TELL if name != "__init__" else "")
    done = subprocess.run(
        [sys.executable, *words], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    if "script" in found:
        found["script"] = Path(found["script"]).relative_to(tmp_path.resolve()).as_posix()
    assert found == entry


def test_a_script_that_has_ended_is_still_known(tmp_path: Path) -> None:
    """A short script is collected after its last line; its path is recorded all the same."""
    script = tmp_path / "short.py"
    script.write_text(
        "import atexit, peira.capture, peira.capture.birth\n"
        "def tell():\n"
        "    print(peira.capture.this_process().entry['script'])  # as a short run does\n"
        "atexit.register(tell)\n"
    )
    done = subprocess.run(
        [sys.executable, script.name], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == str(script.resolve())

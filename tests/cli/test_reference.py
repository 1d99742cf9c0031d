"""docs/reference/cli.md says what the commands say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from peira.cli import failure
from peira.cli.app import ENTRIES

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "reference" / "cli.md"


def test_the_reference_is_what_the_commands_say() -> None:
    """Every command, option, help text and example of the page is the live one."""
    done = subprocess.run(
        [sys.executable, "tools/cli_reference.py", "--check"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_exit_code_is_documented() -> None:
    """The table of exit codes holds each one that the code uses."""
    codes = (
        failure.ERROR, failure.USAGE, failure.NOT_FOUND, failure.INTERRUPTED, failure.BROKEN_PIPE,
    )  # fmt: skip
    text = PAGE.read_text()
    for code in (0, *codes):
        assert f"\n| {code} | " in text


def test_every_command_is_in_the_help_with_its_own_summary() -> None:
    """The table of commands, which is read before they are loaded, names each once."""
    assert len({entry.summary for entry in ENTRIES.values()}) == len(ENTRIES)
    text = PAGE.read_text()
    for name in ENTRIES:
        assert f"\n## peira {name}\n" in text

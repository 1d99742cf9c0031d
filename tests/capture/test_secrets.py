"""A whole run among secrets: none of them is in its lab, and the lab is nobody else's (L01 to L05).

The ways of a secret into a record are all taken at once: environment, command line, git remote,
diff, addresses of packages, variables that a user asks for.
"""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from peira.record import events
from tests.capture.test_packages import metadata
from tests.capture.test_redaction import VARIABLES
from tests.capture.test_repository import git
from tests.sdk.reading import environment, only_run

PROGRAM = "import peira\nwith peira.init(strict=True) as run:\n    run.log({'x': 1})\n"
WORDS = ["--api-key", "Q-word-1", "--token=Q-word-2", "--db", "postgres://me:Q-word-3@db/x"]
REMOTE = "https://ada:Q-remote@example.org/a/b.git"
SOURCES = {
    "keys.py": 'api_key = "Q-diff-1"\n',
    ".env": "DB_PASSWORD=Q-diff-2\n",
    "long.py": "# a line of no secret, often\n" * 4_000 + 'config = {"password": "Q-diff-3"}\n',
    "deploy.key": "Q-diff-4\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository and a package with secrets in every place where they are met."""
    folder = tmp_path / "work"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "train.py").write_text(PROGRAM)
    for name in SOURCES:
        (folder / name).write_text("")
        git(folder, "add", "-f", name)
    git(folder, "add", "train.py")
    git(folder, "commit", "-q", "-m", "first")
    git(folder, "remote", "add", "origin", REMOTE)
    for name, text in SOURCES.items():
        (folder / name).write_text(text)
    origin = {"url": "https://ada:Q-pip@example.org/a.git", "vcs_info": {"commit_id": "c0ffee"}}
    metadata(tmp_path / "site", "private_tool", "1", direct_url__json=json.dumps(origin))
    return folder


def secrets() -> list[str]:
    words = [f"Q-word-{n}" for n in (1, 2, 3)] + [f"Q-diff-{n}" for n in (1, 2, 3, 4)]
    return [*words, "Q-remote", "Q-pip", *(secret for _, _, secret in VARIABLES)]


@pytest.mark.parametrize(
    ("start", "umask"), [([], 0o000), (["-m", "peira", "run"], 0o022)], ids=["sdk", "peira run"]
)
def test_no_secret_is_in_the_lab(project: Path, start: list[str], umask: int) -> None:
    """Neither in an event nor in an object; and nobody else may read what is there."""
    lab = project / ".peira"
    given = {name: value for name, value, _ in VARIABLES}
    given["PYTHONPATH"] = str(project.parent / "site")
    given["PEIRA_VARIABLES"] = ",".join(name for name, _, _ in VARIABLES)
    done = subprocess.run(
        [sys.executable, *start, "train.py", *WORDS],
        cwd=project, env=environment(lab, **given), umask=umask, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = {event.aspect: event.value for event in only_run(lab).of(events.Captured)}
    assert found["code"]["git"]["diff_object"] and found["code"]["git"]["diff_redacted"]
    assert "private-tool" in found["packages"]["installed"]
    assert set(found["environment"]["variables"]) >= {name for name, _, _ in VARIABLES}
    for path in lab.rglob("*"):
        mode = stat.S_IMODE(path.lstat().st_mode)
        assert not mode & 0o077, f"{path} has mode {mode:o}"
        if path.is_file():
            text = path.read_text(errors="replace")
            assert not [secret for secret in secrets() if secret in text], path

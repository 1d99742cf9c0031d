"""The git facts of a run: true, without secrets, and without starting anything."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from peira.capture.code import _git_facts
from peira.capture.git import Git


def git(folder: Path, *arguments: str) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(
        ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org", *arguments],
        cwd=folder, env=environment, check=True, capture_output=True,
    )  # fmt: skip


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "trunk")
    (tmp_path / "train.py").write_text("lr = 1\n")
    (tmp_path / ".env").write_text("SECRET=one\n")
    git(tmp_path, "add", "train.py", ".env")
    git(tmp_path, "commit", "-q", "-m", "first")
    git(tmp_path, "remote", "add", "origin", "https://ada:s3cr3t@example.org/a/b.git")
    return tmp_path


def facts_of(folder: Path, diff_bytes_max: int = 10_000) -> dict[str, Any]:
    asker = Git(folder, 10.0)
    root = asker.root()
    assert root is not None
    return _git_facts(asker, root, diff_bytes_max)


def test_a_clean_tree_is_named_by_its_commit(repository: Path) -> None:
    """Commit, branch and remote without credentials; nothing differs."""
    facts = facts_of(repository)
    assert len(facts["commit"]) == 40 and facts["branch"] == "trunk"
    assert facts["remote"] == "https://example.org/a/b.git"
    assert facts["dirty"] is False and "diff" not in facts


def test_the_diff_holds_changes_but_no_secret(repository: Path) -> None:
    """Tracked changes are in the diff; `.env` is named without content, literals are taken out."""
    (repository / "train.py").write_text('lr = 2\napi_key = "abcdef0123"\n')
    (repository / ".env").write_text("SECRET=two-s3cr3t\n")
    (repository / "new.txt").write_text("untracked content")
    facts = facts_of(repository)
    assert "+lr = 2" in facts["diff"] and facts["dirty"] is True
    assert "abcdef0123" not in facts["diff"] and facts["diff_redactions"] == 1
    assert facts["diff_left_out"] == [{"path": ".env", "reason": "may hold secrets"}]
    assert "s3cr3t" not in str(facts) and "untracked content" not in str(facts)
    assert facts["untracked"] == ["new.txt"]


def test_what_does_not_fit_is_named(repository: Path) -> None:
    """A file whose changes exceed the limit is left out whole, the others stay."""
    (repository / "big.txt").write_text("")
    git(repository, "add", "big.txt")
    (repository / "big.txt").write_text("x" * 5_000 + "\n")
    (repository / "train.py").write_text("lr = 3\n")
    facts = facts_of(repository, diff_bytes_max=1_000)
    assert "+lr = 3" in facts["diff"] and "xxx" not in facts["diff"]
    assert [left["path"] for left in facts["diff_left_out"]] == ["big.txt"]


def test_an_empty_repository_has_no_commit(tmp_path: Path) -> None:
    """Before the first commit the facts say so."""
    git(tmp_path, "init", "-q")
    facts = facts_of(tmp_path)
    assert facts["commit"] is None and facts["dirty"] is False


def test_outside_of_a_work_tree_git_is_silent(tmp_path: Path) -> None:
    """A folder without a repository has no root."""
    assert Git(tmp_path, 10.0).root() is None


def test_nothing_of_the_repository_is_executed(repository: Path) -> None:
    """Hooks, monitors, filters, external diffs, text conversions of its configuration stay off."""
    trap = repository / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {repository}/sprung\ncat\n")
    trap.chmod(0o755)
    (repository / ".gitattributes").write_text("*.py filter=evil diff=evil\n")
    git(repository, "add", ".gitattributes")
    for key in (
        "core.fsmonitor", "core.pager", "diff.external", "filter.evil.clean", "filter.evil.process",
        "diff.evil.command", "diff.evil.textconv", "core.sshCommand",
    ):  # fmt: skip
        git(repository, "config", key, str(trap))
    hooks = repository / ".git" / "hooks"
    for hook in ("post-index-change", "fsmonitor-watchman", "post-checkout"):
        (hooks / hook).write_bytes(trap.read_bytes())
        (hooks / hook).chmod(0o755)
    (repository / "train.py").write_text("lr = 5\n")
    facts = facts_of(repository)
    assert "+lr = 5" in facts["diff"]
    assert not (repository / "sprung").exists()


def test_odd_file_names_keep_their_place(repository: Path) -> None:
    """Names with blanks, quotes and other letters are told as they are."""
    for name in ("a b.py", "naïve.py", 'q"uote.py'):
        (repository / name).write_text("1\n")
        git(repository, "add", "--", name)
    git(repository, "commit", "-q", "-m", "odd")
    (repository / "naïve.py").write_text("2" * 2_000)
    (repository / "a b.py").write_text("2\n")
    facts = facts_of(repository, diff_bytes_max=500)
    assert [left["path"] for left in facts["diff_left_out"]] == ["naïve.py"]
    assert "a/a b.py" in facts["diff"]


def test_a_script_that_has_ended_is_still_known(tmp_path: Path) -> None:
    """A short script is collected after its last line; its path is recorded all the same."""
    script = tmp_path / "short.py"
    script.write_text(
        "import atexit, peira.capture\n"
        "def tell():\n"
        "    from peira.capture.code import entry_point  # as the collector does\n"
        "    print(entry_point()['script'])\n"
        "atexit.register(tell)\n"
    )
    done = subprocess.run(
        [sys.executable, script.name], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == str(script.resolve())

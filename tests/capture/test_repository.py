"""The git facts of a run: true, without secrets, enough to build the tree again, and without
starting anything.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3

from peira.capture.repository import work_tree
from peira.capture.settings import CaptureSettings
from peira.objects.folder import FolderObjects


def git(folder: Path, *arguments: str) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(
        ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org", *arguments],
        cwd=folder, env=environment, check=True, capture_output=True,
    )  # fmt: skip


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    tmp_path /= "work"
    tmp_path.mkdir()
    git(tmp_path, "init", "-q", "-b", "trunk")
    (tmp_path / "train.py").write_text("lr = 1\n")
    (tmp_path / ".env").write_text("SECRET=one\n")
    git(tmp_path, "add", "train.py", ".env")
    git(tmp_path, "commit", "-q", "-m", "first")
    git(tmp_path, "remote", "add", "origin", "https://ada:s3cr3t@example.org/a/b.git")
    return tmp_path


def facts_of(folder: Path, **settings: int) -> dict[str, Any]:
    """Return the facts; objects go into a folder beside the repository."""
    store = FolderObjects(folder.parent / "objects")
    found = work_tree(
        folder, CaptureSettings(**settings), lambda data: store.put_bytes(data).digest
    )  # type: ignore[arg-type]
    assert found is not None
    return found


def diff_of(facts: dict[str, Any], folder: Path) -> bytes:
    """Return the whole diff, from the facts or from its object."""
    if facts.get("diff") is not None:
        return str(facts["diff"]).encode()
    return FolderObjects(folder.parent / "objects").read(facts["diff_object"])


def restored(facts: dict[str, Any], repository: Path, target: Path) -> Path:
    """Build the tree again from its facts: a clone at the commit, and the diff."""
    if facts["commit"]:
        git(target.parent, "clone", "-q", "--no-local", str(repository), str(target))
        git(target, "checkout", "-q", facts["commit"])
    else:
        git(target.parent, "init", "-q", str(target))
    patch = target.parent / "patch"
    patch.write_bytes(diff_of(facts, repository))
    git(target, "apply", "--whitespace=nowarn", str(patch))
    return target


def test_a_clean_tree_is_named_by_its_commit(repository: Path) -> None:
    """Commit, branch and remote without credentials; nothing differs."""
    facts = facts_of(repository)
    assert len(facts["commit"]) == 40 and facts["branch"] == "trunk"
    assert facts["remote"] == "https://example.org/a/b.git"
    assert facts["describe"] == facts["commit"][:7]
    assert facts["dirty"] is False and "diff" not in facts
    git(repository, "tag", "v1.0")
    assert facts_of(repository)["describe"] == "v1.0"


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
    """A file whose changes exceed the limit is left out whole, with its digest; the others stay."""
    (repository / "big.txt").write_text("")
    git(repository, "add", "big.txt")
    (repository / "big.txt").write_text("x" * 5_000 + "\n")
    (repository / "train.py").write_text("lr = 3\n")
    facts = facts_of(repository, diff_bytes_max=1_000)
    assert "+lr = 3" in facts["diff"] and "xxx" not in facts["diff"]
    assert [left["path"] for left in facts["diff_left_out"]] == ["big.txt"]
    sizes = {file["path"]: file["size"] for file in facts["changed"]}
    assert sizes == {"big.txt": 5_001, "train.py": 7}


def test_a_long_diff_is_kept_whole_as_an_object(repository: Path, tmp_path: Path) -> None:
    """It is not cut, and builds the changed files again, byte by byte, whatever they hold."""
    (repository / "deep").mkdir()
    for name, content in {
        "train.py": b"lr = 2\r\n" * 20_000,
        "latin.txt": "naïve\n".encode("latin-1") * 10,
        "deep/weights.bin": bytes(range(256)) * 40,
        "no-end.txt": b"no line feed",
    }.items():
        (repository / name).write_bytes(content)
        git(repository, "add", name)
    (repository / "link").symlink_to("train.py")
    git(repository, "add", "link")
    (repository / "gone.py").write_text("1\n")
    git(repository, "add", "gone.py")
    git(repository, "commit", "-q", "-m", "second")
    for name in ("train.py", "latin.txt", "deep/weights.bin", "no-end.txt"):
        with (repository / name).open("ab") as file:
            file.write(b"more \xff\n" * 10_000)
    (repository / "gone.py").unlink()
    (repository / "link").unlink()
    (repository / "link").symlink_to("latin.txt")
    facts = facts_of(repository)
    assert "diff" not in facts and facts["diff_bytes"] > 64 * 1024
    again = restored(facts, repository, tmp_path / "again")
    for file in facts["changed"]:
        copy = again / file["path"]
        if file["what"] == "deleted":
            assert not copy.exists()
        elif "link" in file:
            assert str(copy.readlink()) == file["link"]
        else:
            assert blake3(copy.read_bytes()).hexdigest() == file["object"]
    assert {file["what"] for file in facts["changed"]} == {"deleted", "changed"}
    assert len(facts["changed"]) == 6


def test_a_part_without_its_secret_is_named(repository: Path, tmp_path: Path) -> None:
    """Where a secret was taken out the part does not apply: it is named and without a digest; the
    rest of the diff applies.
    """
    (repository / "keys.py").write_text("api_key = None\n")
    git(repository, "add", "keys.py")
    git(repository, "commit", "-q", "-m", "keys")
    (repository / "keys.py").write_text('api_key = "abcdef0123"\n')
    (repository / "train.py").write_text("lr = 2\n")
    facts = facts_of(repository)
    assert facts["diff_redacted"] == ["keys.py"] and "abcdef0123" not in str(facts)
    told = {file["path"]: file for file in facts["changed"]}
    assert "object" not in told["keys.py"] and told["keys.py"]["reason"] == "it may hold secrets"
    assert told["train.py"]["object"] == blake3(b"lr = 2\n").hexdigest()
    copy = tmp_path / "copy"
    git(tmp_path, "clone", "-q", str(repository), str(copy))
    (tmp_path / "patch").write_text(facts["diff"])
    git(copy, "apply", "--exclude=keys.py", str(tmp_path / "patch"))
    assert (copy / "train.py").read_text() == "lr = 2\n"


def test_before_the_first_commit(tmp_path: Path) -> None:
    """There is no commit; what was added is in the diff, which builds it from nothing."""
    work = tmp_path / "new"
    work.mkdir()
    git(work, "init", "-q")
    assert facts_of(work)["commit"] is None and facts_of(work)["dirty"] is False
    (work / "train.py").write_text("lr = 1\n")
    git(work, "add", "train.py")
    (work / "train.py").write_text("lr = 2\n")
    facts = facts_of(work)
    assert facts["commit"] is None and facts["dirty"] is True and "describe" not in facts
    again = restored(facts, work, tmp_path / "again")
    assert (again / "train.py").read_text() == "lr = 2\n"


def test_submodules_are_told_with_their_own_changes(repository: Path, tmp_path: Path) -> None:
    """Each has its commit, remote and diff; one that was never checked out says so."""
    library = tmp_path / "library"
    library.mkdir()
    git(library, "init", "-q")
    (library / "nn.py").write_text("layers = 1\n")
    git(library, "add", "nn.py")
    git(library, "commit", "-q", "-m", "first")
    for name in ("nn", "empty"):
        git(repository, "-c", "protocol.file.allow=always", "submodule", "add", str(library), name)
    git(repository, "commit", "-q", "-m", "with submodules")
    git(repository, "submodule", "deinit", "-f", "empty")
    assert facts_of(repository)["dirty"] is False
    (repository / "nn" / "nn.py").write_text("layers = 2\n")
    facts = facts_of(repository)
    assert facts["dirty"] is True and set(facts["submodules"]) == {"nn", "empty"}
    inside = facts["submodules"]["nn"]
    assert len(inside["commit"]) == 40 and inside["remote"] == str(library)
    assert "+layers = 2" in inside["diff"]
    assert facts["submodules"]["empty"] == {
        "commit": inside["commit"],
        "error": "it is not checked out",
    }


def test_a_linked_work_tree(repository: Path, tmp_path: Path) -> None:
    """A second work tree of a repository is told as its own, also from a folder below its top."""
    git(repository, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    (tmp_path / "side" / "deep").mkdir()
    (tmp_path / "side" / "train.py").write_text("lr = 7\n")
    facts = facts_of(tmp_path / "side" / "deep")
    assert facts["root"] == str((tmp_path / "side").resolve()) and facts["branch"] == "side"
    assert "+lr = 7" in facts["diff"]


def test_what_git_does_not_tell_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository that git refuses to read, or no git, is no missing repository."""
    (tmp_path / "odd" / ".git").mkdir(parents=True)
    assert facts_of(tmp_path / "odd") == {
        "root": str(tmp_path / "odd"),
        "error": "the repository was not captured: git refused to read it",
    }
    monkeypatch.setenv("PATH", str(tmp_path))
    assert facts_of(tmp_path / "odd")["error"].endswith("git is not installed")


def test_outside_of_a_work_tree_git_is_silent(tmp_path: Path) -> None:
    """A folder without a repository has no root."""
    assert work_tree(tmp_path, CaptureSettings(), None) is None


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

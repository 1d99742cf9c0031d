"""A work tree of git: its commit, and what differs from it.

Only files that git tracks are looked into. What cannot be found out is said, not passed over.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, NamedTuple

from peira.capture.changes import Changed, changes
from peira.capture.git import Git
from peira.capture.redaction import redact_url
from peira.capture.settings import CaptureSettings
from peira.capture.surroundings import Keep

_UNTRACKED_MAX = 200
_SUBMODULES_MAX = 50
_DEPTH_MAX = 4
_GITLINK = "160000"


class _Status(NamedTuple):
    """What `git status` said."""

    changed: list[Changed]
    untracked: list[str]
    submodules: list[str]
    """Those that have other content than the commit says."""


def work_tree(
    folder: Path, settings: CaptureSettings, keep: Keep | None, depth: int = 0
) -> dict[str, Any] | None:
    """Return the facts of the work tree that `folder` lies in; None outside of one.

    Args:
        keep: see `Surroundings`.
        depth: how many work trees this one lies in, as their submodule.
    """
    git = Git(folder, settings.git_timeout_s)
    root = git.root()
    if root is None:
        return _unread(folder)
    if depth and root.resolve() != folder.resolve():
        return None  # a submodule that was never checked out: its folder belongs to the tree above
    facts: dict[str, Any] = {"root": str(root)}
    status = _status(git, facts)
    if status is None:
        facts["error"] = "git status failed or took too long"
        facts["commit"] = (git.run("rev-parse", "HEAD") or "").strip() or None
        return facts
    described = git.run("describe", "--tags", "--always") if facts.get("commit") else None
    facts |= {"describe": described.strip()} if described else {}
    remote = _remote(git)
    facts |= {"remote": remote} if remote else {}
    facts["dirty"] = bool(status.changed or status.submodules)
    if "untracked" not in facts:
        facts["untracked_count"] = len(status.untracked)
        facts["untracked"] = status.untracked[:_UNTRACKED_MAX]
    if status.changed or status.submodules:
        base = facts.get("commit") or _empty_tree(git)
        if base:
            facts |= changes(git, root, base, status.changed, settings=settings, keep=keep)
    return facts | _submodules(git, root, settings, keep, depth)


def _unread(folder: Path) -> dict[str, Any] | None:
    """Where there is a repository that git does not speak of, say so."""
    for above in (folder, *folder.parents):
        if (above / ".git").exists():
            why = "git refused to read it" if shutil.which("git") else "git is not installed"
            return {"root": str(above), "error": f"the repository was not captured: {why}"}
    return None


def _status(git: Git, facts: dict[str, Any]) -> _Status | None:
    """Put commit and branch into `facts`; return what is changed and untracked."""
    asked: tuple[str, ...] = ("status", "--porcelain=v2", "--branch", "-z", "--no-renames")
    asked += ("--ignore-submodules=untracked",)
    text = git.run(*asked)
    if text is None:  # a huge tree: without the search for untracked files it is quick
        facts["untracked"] = "not read: it took too long"
        text = git.run(*asked, "--untracked-files=no")
    return None if text is None else _read_status(text, facts)


def _read_status(text: str, facts: dict[str, Any]) -> _Status:
    status = _Status([], [], [])
    for line in text.split("\0"):
        if line.startswith("# branch.oid "):
            commit = line.removeprefix("# branch.oid ")
            facts["commit"] = None if commit == "(initial)" else commit
        elif line.startswith("# branch.head "):
            branch = line.removeprefix("# branch.head ")
            facts["branch"] = None if branch == "(detached)" else branch
        elif line.startswith(("1 ", "u ")):
            words = line.split(" ", 8 if line[0] == "1" else 10)
            if words[2].startswith("S"):
                status.submodules.append(words[-1])
            else:
                status.changed.append(Changed(words[-1], _what(words[1])))
        elif line.startswith("? "):
            status.untracked.append(line[2:])
    return status


def _what(letters: str) -> str:
    """What became of a file since the commit: the index's letter and the work tree's."""
    if letters[1] == "D" or letters == "D.":
        return "deleted"
    return "added" if letters[0] == "A" else "changed"


def _empty_tree(git: Git) -> str | None:
    """What everything differs from, before the first commit."""
    return (git.run("hash-object", "-t", "tree", "--stdin") or "").strip() or None


def _remote(git: Git) -> str | None:
    """The address of `origin`, else of the first remote, without credentials."""
    answer = git.run("config", "--get-regexp", r"^remote\..*\.url$") or ""
    remotes = dict(line.split(" ", 1) for line in answer.splitlines() if " " in line)
    address = remotes.get("remote.origin.url") or next(iter(remotes.values()), None)
    return redact_url(address) if address else None


def _submodules(
    git: Git, root: Path, settings: CaptureSettings, keep: Keep | None, depth: int
) -> dict[str, Any]:
    """The work trees inside this one, by path, each with its own commit and changes."""
    if not (root / ".gitmodules").exists():
        return {}
    # `:(top)` and the root: git would else list what lies below the script's folder.
    listed = git.run("ls-files", "--stage", "-z", "--full-name", "--", ":(top)") or ""
    links = [line for line in listed.split("\0") if line.startswith(f"{_GITLINK} ")]
    found: dict[str, Any] = {}
    for line in links[:_SUBMODULES_MAX]:
        about, _, path = line.partition("\t")
        inside = None
        if depth < _DEPTH_MAX and (root / path).is_dir():
            inside = work_tree(root / path, settings, keep, depth + 1)
        found[path] = inside or {"commit": about.split(" ")[1], "error": "it is not checked out"}
    omitted = len(links) - len(found)
    return {"submodules": found} | ({"submodules_omitted": omitted} if omitted else {})

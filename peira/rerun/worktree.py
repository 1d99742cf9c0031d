"""The work tree of a run as git knew it: the commit, then the recorded changes, then submodules.

Nothing is started, and nothing in the repository changes. Each changed file is held against its
recorded digest.
"""

from __future__ import annotations

from typing import Any

from blake3 import blake3

from peira.core.errors import DamagedError, NotFoundError
from peira.objects.folder import FolderObjects
from peira.rerun import patch
from peira.rerun.newfolder import NewFolder
from peira.rerun.repository import Commit, TreeFile, find_commit


class WorkTree:
    """Writes work trees into a new folder."""

    def __init__(self, folder: NewFolder, objects: FolderObjects) -> None:
        self.written: set[str] = set()
        """Names of the files that are here."""
        self.executables: set[str] = set()
        self.inexact: list[str] = []
        """What could not be had, as sentences without full stops."""
        self._folder = folder
        self._objects = objects

    def write(self, facts: dict[str, Any], below: str = "") -> None:
        """Write a work tree as the aspect `code` tells of it (`git`).

        Args:
            below: the folder to write in, with a slash at its end.

        Raises:
            UsageError: a name leads out of the folder. OSError: the disk refuses.
        """
        if facts.get("error"):
            self.inexact.append(f"git could not tell all when the run began: {facts['error']}")
        if facts.get("commit"):
            commit = find_commit(facts)
            if commit is None:
                self.inexact.append(_not_found(facts, below))
                return
            with commit:
                self._write_tree(commit, below)
        self._apply(facts, below)
        for path, inner in (facts.get("submodules") or {}).items():
            self.write(inner, f"{below}{path}/")

    def _write_tree(self, commit: Commit, below: str) -> None:
        listed = commit.files()
        if listed is None:
            self.inexact.append(f"git could not read the commit in {commit.where}")
            return
        for file, content in commit.contents(listed):
            self._write_blob(file, f"{below}{file.path}", content)

    def _write_blob(self, file: TreeFile, name: str, content: bytes | None) -> None:
        if content is None:
            self.inexact.append(f"git does not have the content of {name}")
        elif file.is_link:
            self._write_link(name, content.decode("utf-8", "surrogateescape"))
        else:
            self._put(name, content, is_executable=file.is_executable)

    def _put(self, name: str, content: bytes, *, is_executable: bool) -> None:
        self._folder.write(name, content, is_executable=is_executable)
        self.written.add(name)
        (self.executables.add if is_executable else self.executables.discard)(name)

    def _write_link(self, name: str, to: str) -> None:
        """Make a link of the commit again, when it stays inside."""
        depth = name.count("/")
        for part in to.split("/"):
            depth += -1 if part == ".." else 0 if part in ("", ".") else 1
            if depth < 0 or to.startswith("/"):
                self.inexact.append(f"the link {name} leads out of the project, and is not here")
                return
        self._folder.link(name, to)

    def _apply(self, facts: dict[str, Any], below: str) -> None:
        """Apply the recorded changes; what the run kept is written later, over them."""
        digests = {file.get("path"): file.get("object") for file in facts.get("changed") or ()}
        submodules = facts.get("submodules") or {}
        for one in patch.patches(self._diff(facts)):
            if one.path in submodules:
                continue  # it tells its own commit and changes
            reason = self._patch(one, f"{below}{one.path}", digests.get(one.path))
            if reason:
                self.inexact.append(f"the changes of {below}{one.path} cannot be had: {reason}")
        for left_out in facts.get("diff_left_out") or ():
            self.inexact.append(
                f"the changes of {below}{left_out.get('path')} cannot be had:"
                f" {left_out.get('reason')}"
            )
        if facts.get("diff_error"):
            self.inexact.append(f"changes since the commit cannot be had: {facts['diff_error']}")

    def _patch(self, one: patch.Patch, name: str, digest: str | None) -> str:
        """Apply the changes of one file; return why they cannot be had, empty when they are."""
        if one.is_deleted:
            self._folder.remove(name)
            self.written.discard(name)
            return ""
        before = b"" if one.is_new else self._folder.read(name)
        if before is None or one.reason:
            return one.reason or "the file is not in the commit"
        after = patch.apply(one, before)
        if after is None:
            return "the recorded diff does not fit the commit"
        is_executable = name in self.executables
        if one.is_executable is not None:
            is_executable = one.is_executable
        self._put(name, after, is_executable=is_executable)
        if digest and blake3(after).hexdigest() != digest:
            return "line ends or a filter made it another file than git knows"
        return ""

    def _diff(self, facts: dict[str, Any]) -> bytes:
        stored = facts.get("diff_object")
        if not stored:
            return str(facts.get("diff") or "").encode()
        try:
            return self._objects.read(stored)
        except (NotFoundError, DamagedError) as error:
            self.inexact.append(f"changes since the commit cannot be had: {error.message}")
            return b""


def _not_found(facts: dict[str, Any], below: str) -> str:
    where = f"{facts.get('root')} nor at its remote"
    what = f"of {below.rstrip('/')} " if below else ""
    return (
        f"the commit {str(facts['commit'])[:12]} {what}is neither in {where}; only what the run"
        " kept of its code is here"
    )

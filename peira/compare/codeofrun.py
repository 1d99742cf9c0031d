"""The code of one run: which files it used, and every other file of its commit."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any

from peira.compare.comparison import Version
from peira.compare.files import Held, seen_file
from peira.compare.textdiff import FILE_BYTES_MAX
from peira.lab.lab import Lab
from peira.lab.runs import RunRecord
from peira.record.events import SeenFile
from peira.rerun import patch as patches
from peira.rerun.repository import Commit, TreeFile, local_commit


class CodeOfRun:
    """What a run recorded of its code. Names of files are relative to `base`, with `/`.

    Set `base` before anything else is asked, and `commit` when git has it.
    """

    def __init__(self, lab: Lab, record: RunRecord) -> None:
        told = record.captured("code")
        self.git: dict[str, Any] = told.get("git") or {}
        self.root = str(self.git.get("root") or "")
        self.commit_name = str(self.git.get("commit") or "")
        self.commit: Commit | None = None
        self._lab = lab
        self._script = str(told.get("script") or "")
        self._sources = record.files("source")
        self._inputs = record.files("input")
        self.base = _base(self._sources) or self.root
        self._blobs: dict[str, bytes | None] = {}

    @property
    def has_git(self) -> bool:
        """Whether the run told of a commit."""
        return bool(self.commit_name)

    @property
    def is_recorded(self) -> bool:
        """Whether anything is known of the code of this run."""
        return bool(self._sources) or self.has_git

    @cached_property
    def used(self) -> dict[str, SeenFile]:
        """The files that the run imported or ran, by name; empty when that was not recorded."""
        return {self._name(path): file for path, file in self._sources.items()}

    @cached_property
    def inputs(self) -> set[str]:
        """Names of files that the run read as data."""
        return {self._name(path) for path in self._inputs}

    @cached_property
    def script(self) -> str:
        """The name of the script."""
        return self._in_git(self._script) if self._script else ""

    @cached_property
    def patches(self) -> dict[str, patches.Patch]:
        """The recorded changes against the commit, by name."""
        diff = self.git.get("diff") or ""
        parts = patches.patches(diff) if diff else ()
        return {self._in_git(part.path): part for part in parts}

    @cached_property
    def _left_out(self) -> dict[str, str]:
        """Changed and untracked files whose content was not recorded, with the reason."""
        listed = self.git.get("untracked")
        found = {
            self._in_git(path): "not tracked by git, and its content was not recorded"
            for path in (listed if isinstance(listed, list) else [])
        }
        found |= {
            self._in_git(str(part.get("path"))): f"changed; not recorded: {part.get('reason')}"
            for part in self.git.get("diff_left_out") or ()
        }
        return found

    @property
    def touched(self) -> set[str]:
        """Names of files that differ from the commit, as far as it was recorded."""
        left_out = {self._in_git(str(p.get("path"))) for p in self.git.get("diff_left_out") or ()}
        return set(self.patches) | left_out

    @cached_property
    def tree(self) -> dict[str, TreeFile] | None:
        """The files of the commit by name; None when git does not have it."""
        listed = None if self.commit is None else self.commit.files()
        return None if listed is None else {self._in_git(file.path): file for file in listed}

    def read_blobs(self, names: Iterable[str]) -> None:
        """Read these files of the commit at once, those apart whose content the run kept."""
        if self.commit is None or self.tree is None:
            return
        wanted = [
            self.tree[name]
            for name in names
            if name in self.tree and not self._is_kept(name) and not self._is_long(name)
        ]
        for file, content in self.commit.contents(wanted):
            self._blobs[self._in_git(file.path)] = content

    def held(self, name: str) -> Held | None:
        """Return the version of a file; None when the run did not have it."""
        seen = self.used.get(name)
        if seen is not None and (self._is_kept(name) or self.tree is None):
            return seen_file(self._lab, seen)
        if not self.has_git:
            return None
        rebuilt = self._rebuilt(name) if self.tree is not None else self._recorded(name)
        if seen is None or seen.object is None:
            return rebuilt
        # What git gives must be what the run told.
        if rebuilt is not None and rebuilt.version.digest == seen.object:
            return rebuilt
        return seen_file(self._lab, seen)

    def _is_kept(self, name: str) -> bool:
        seen = self.used.get(name)
        return seen is not None and seen.kept and self._lab.objects.exists(seen.object or "")

    def _is_long(self, name: str) -> bool:
        return self.tree is not None and self.tree[name].size > FILE_BYTES_MAX

    def _rebuilt(self, name: str) -> Held | None:
        """Return the file of the commit with the recorded changes."""
        assert self.tree is not None
        if name in self._left_out:
            return _unknown(self._left_out[name])
        part = self.patches.get(name)
        if part is not None and part.is_deleted:
            return None
        if name not in self.tree and part is None:
            return None
        if name in self.tree and self._is_long(name):
            return _unknown("it is large, and only git has it")
        before = b"" if name not in self.tree else self._blobs.get(name)
        if before is None:
            return _unknown("git does not have its content")
        if part is None:
            return _content(before)
        after = None if part.reason else patches.apply(part, before)
        if after is None:
            return _unknown(part.reason or "the recorded changes do not fit the commit")
        return _content(after)

    def _recorded(self, name: str) -> Held | None:
        """Return the recorded changes of a file as its version: nothing else is at hand."""
        if name in self._left_out:
            return _unknown(self._left_out[name])
        part = self.patches.get(name)
        text = "" if part is None else _written(part)
        held = _content(text.encode())
        return Held(
            Version(
                digest=held.version.digest,
                origin="recorded",
                reason="only its changes against the commit are known",
            ),
            held.read,
        )

    def _name(self, path: str) -> str:
        if not path.startswith("/") or not self.base:
            return path
        name = os.path.relpath(path, self.base)
        return path if name.startswith("../../..") else name

    def _in_git(self, path: str) -> str:
        return self._name(path if path.startswith("/") else f"{self.root}/{path}")


def open_commits(runs: Sequence[CodeOfRun], beside: Path, opened: ExitStack) -> None:
    """Find the commits of the runs in repositories of this machine; nothing is fetched.

    Args:
        beside: one more folder to look at. opened: closes the commits.
    """
    roots = [*dict.fromkeys(run.root for run in runs if run.root), str(beside)]
    found: dict[str, Commit | None] = {}
    for run in runs:
        name = run.commit_name
        if name and name not in found:
            places = dict.fromkeys([run.root, *roots])
            commits = (local_commit(Path(place), name) for place in places if place)
            found[name] = next((commit for commit in commits if commit is not None), None)
        run.commit = found.get(name)


def _base(sources: dict[str, SeenFile]) -> str:
    """Return the folder that the names of a run's files start from."""
    for path, file in sources.items():
        if not file.path.startswith("/"):
            return path.removesuffix(f"/{file.path}")
    return ""


def _content(data: bytes) -> Held:
    from blake3 import blake3

    read: Callable[[], bytes] = lambda: data  # noqa: E731 - a value that is had already
    return Held(Version(digest=blake3(data).hexdigest(), size=len(data), origin="commit"), read)


def _unknown(reason: str) -> Held:
    return Held(Version(digest=None, reason=reason))


def _written(part: patches.Patch) -> str:
    """Return the changes of a file as text."""
    return "".join(f"@@ {first + 1}\n{''.join(lines)}" for first, lines in part.hunks)

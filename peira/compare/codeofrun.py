"""The code of one run: which files it used, and every other file of its commit."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import msgspec

from peira.compare.comparison import Version
from peira.compare.files import Held, seen_file
from peira.compare.sides import mapping, mappings
from peira.compare.textdiff import FILE_BYTES_MAX
from peira.core.errors import DamagedError, NotFoundError, UsageError
from peira.lab.lab import Lab
from peira.lab.runs import RunRecord
from peira.record.events import SeenFile
from peira.rerun import patch as patches
from peira.rerun.repository import Commit, TreeFile, local_commit


class CodeOfRun:
    """What a run recorded of its code. Names of files are relative to `base`, with `/`.

    Set `base` and `is_one_commit` before anything else is asked, and `commit` when git has it.
    """

    def __init__(self, lab: Lab, record: RunRecord) -> None:
        told = record.captured("code")
        self.git = mapping(told.get("git"))
        self.root = str(self.git.get("root") or "")
        self.commit_name = str(self.git.get("commit") or "")
        self.commit: Commit | None = None
        self.is_one_commit = False
        """Whether all compared runs have the same commit."""
        self._lab = lab
        self._record = record
        self._script = str(told.get("script") or "")
        self._sources = record.files("source")
        self._inputs = record.files("input")
        self.base = _base(self._sources) or self.root
        self._blobs: dict[str, bytes | None] = {}

    @property
    def has_git(self) -> bool:
        """Whether git told anything."""
        return bool(self.root) and not self.git.get("error")

    @property
    def is_recorded(self) -> bool:
        """Whether anything is known of the code of this run."""
        return bool(self._sources) or self.has_git or self.cells is not None

    @cached_property
    def cells(self) -> Held | None:
        """The cells of the run's notebook as one text, in the order in which they were executed."""
        parts = [f"# %%\n{cell.source.rstrip()}\n" for cell in self._record.cells()]
        return _content("\n".join(parts).encode(), "recorded") if parts else None

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
    def touched(self) -> set[str]:
        """Names of files that differ from the commit, as far as it was recorded."""
        return {*self._patches, *self._changed, *self._left_out, *self._submodules}

    @cached_property
    def tree(self) -> dict[str, TreeFile] | None:
        """The files of the commit by name, none before the first one; None when git does not have
        it.
        """
        if self.has_git and not self.commit_name:
            return {}
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
        rebuilt = self._from_git(name)
        if seen is None or seen.object is None:
            return rebuilt
        # What git gives must be what the run told.
        if rebuilt is not None and rebuilt.version.digest == seen.object:
            return rebuilt
        return seen_file(self._lab, seen)

    # What git knew.

    @cached_property
    def _patches(self) -> dict[str, patches.Patch]:
        """The recorded changes against the commit, by name."""
        try:
            diff = self._record.diff()
        except (NotFoundError, DamagedError, UsageError):
            return {}  # which files changed is told by `changed`
        return {self._in_git(part.path): part for part in patches.patches(diff)}

    @cached_property
    def _changed(self) -> dict[str, Mapping[str, Any]]:
        """Changed files by name: `what` and the digest of the true content."""
        return {
            self._in_git(str(file.get("path"))): file for file in mappings(self.git.get("changed"))
        }

    @cached_property
    def _left_out(self) -> dict[str, str]:
        """Changed files whose changes were not recorded, with the reason."""
        return {
            self._in_git(str(part.get("path"))): f"changed, and not recorded: {part.get('reason')}"
            for part in mappings(self.git.get("diff_left_out"))
        }

    @cached_property
    def _untracked(self) -> set[str]:
        listed = self.git.get("untracked")
        names = listed if isinstance(listed, list) else []
        return {self._in_git(name) for name in names if isinstance(name, str)}

    @cached_property
    def _submodules(self) -> dict[str, Mapping[str, Any]]:
        return {self._in_git(path): inner for path, inner in _submodules(self.git)}

    def _from_git(self, name: str) -> Held | None:
        if name in self._submodules:
            return _submodule(self._submodules[name])
        if name in self._left_out:
            return _unknown(self._left_out[name], self._true_digest(name))
        if name in self._untracked:
            return _unknown("not tracked by git, and its content was not recorded")
        if self._changed.get(name, {}).get("what") == "deleted":
            return None
        return self._rebuilt(name) if self.tree is not None else self._recorded(name)

    def _rebuilt(self, name: str) -> Held | None:
        """Return the file of the commit with the recorded changes."""
        assert self.tree is not None
        part = self._patches.get(name)
        is_changed = part is not None or name in self._changed
        if (part is not None and part.is_deleted) or (name not in self.tree and not is_changed):
            return None
        if name in self.tree and self._is_long(name):
            return _unknown("it is large, and only git has it", self._true_digest(name))
        before = b"" if name not in self.tree else self._blobs.get(name)
        if before is None:
            return _unknown("git does not have its content", self._true_digest(name))
        if not is_changed:
            return _content(before)
        after = None if part is None or part.reason else patches.apply(part, before)
        reason = "" if part is None else part.reason
        if after is None:
            reason = reason or "the recorded changes do not fit the commit"
            return _unknown(reason, self._true_digest(name))
        held, told = _content(after), self._true_digest(name)
        if told is not None and held.version.digest != told:
            return _unknown("line ends or a filter made it another file than git knows", told)
        return held

    def _recorded(self, name: str) -> Held | None:
        """Return the recorded changes of a file as its content: nothing else is at hand."""
        part = self._patches.get(name)
        reason = "only its changes against the commit are known"
        if part is None and name not in self._changed and not self.is_one_commit:
            return _unknown("git does not have the commit")
        held = _content(b"" if part is None else _written(part))
        digest = self._true_digest(name) or held.version.digest
        return Held(Version(digest=digest, origin="recorded", reason=reason), held.read)

    def _true_digest(self, name: str) -> str | None:
        digest = self._changed.get(name, {}).get("object")
        return str(digest) if digest else None

    def _is_kept(self, name: str) -> bool:
        seen = self.used.get(name)
        return seen is not None and seen.kept and self._lab.objects.exists(seen.object or "")

    def _is_long(self, name: str) -> bool:
        return self.tree is not None and self.tree[name].size > FILE_BYTES_MAX

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
        if run.commit is not None:
            opened.enter_context(run.commit)


def _base(sources: dict[str, SeenFile]) -> str:
    """Return the folder that the names of a run's files start from."""
    for path, file in sources.items():
        if not file.path.startswith("/"):
            return path.removesuffix(f"/{file.path}")
    return ""


def _submodules(git: Mapping[str, Any], below: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path, inner in mapping(git.get("submodules")).items():
        if not isinstance(inner, Mapping):
            continue
        yield f"{below}{path}", inner
        yield from _submodules(inner, f"{below}{path}/")


def _submodule(git: Mapping[str, Any]) -> Held:
    """Return a submodule as one thing: its commit and changes."""
    told = {name: git.get(name) for name in ("commit", "diff", "diff_object", "changed")}
    version = _content(msgspec.json.encode(told)).version
    commit = f"a submodule at {git.get('commit')}{' with changes' if git.get('dirty') else ''}"
    return Held(msgspec.structs.replace(version, size=None, reason=commit))


def _content(data: bytes, origin: Literal["commit", "recorded"] = "commit") -> Held:
    from blake3 import blake3

    read: Callable[[], bytes] = lambda: data  # noqa: E731 - a value that is had already
    return Held(Version(digest=blake3(data).hexdigest(), size=len(data), origin=origin), read)


def _unknown(reason: str, digest: str | None = None) -> Held:
    return Held(Version(digest=digest, reason=reason))


def _written(part: patches.Patch) -> bytes:
    """Return the changes of a file as text."""
    return b"".join(b"@@ %d\n%s" % (first + 1, b"".join(lines)) for first, lines in part.hunks)

"""The files of a run written again: code first, then what it read. Each is held against its digest.

commit        every file of the commit, with the recorded changes       (nothing runs)
objects       what the run kept: its sources, small inputs              (the truth, where both)
in place      an input that was not kept and is still the same: linked, or left where it is
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from peira.core.errors import DamagedError, NotFoundError
from peira.lab.lab import Lab
from peira.lab.runs import RunRecord
from peira.record.events import FileRole, SeenFile
from peira.rerun import patch
from peira.rerun.newfolder import NewFolder
from peira.rerun.places import ROLES, Places
from peira.rerun.repository import Commit, TreeFile, find_commit
from peira.rerun.restored import RestoredFile, State

UNTRACKED_TOLD = 5


class FilesOfRun:
    """Writes the files of one run into a new folder, and remembers what is exact.

    `files`, `from_commit` and `inexact` are what `Restored` tells.
    """

    def __init__(self, lab: Lab, record: RunRecord, places: Places, folder: NewFolder) -> None:
        self.files: list[RestoredFile] = []
        self.from_commit = 0
        self.inexact: list[str] = []
        self._objects = lab.objects
        self._record = record
        self._places = places
        self._folder = folder
        self._written: set[str] = set()  # by the commit
        self._executables: set[str] = set()

    def write(self) -> None:
        """Write all of them.

        Raises:
            UsageError: a recorded name leads out of the folder. OSError: the disk refuses.
        """
        git = self._record.captured("code").get("git") or {}
        if git.get("commit"):
            self._write_commit(git)
        outputs = self._record.files("output")
        artifacts = _artifact_objects(self._record)
        known: dict[str, SeenFile] = {}
        for role in ROLES:
            for path, file in self._record.files(role).items():
                if path in known:
                    continue  # run and read: one file
                known[path] = file
                is_kept = file.kept or (file.object in artifacts)
                how = "kept" if file.kept else "artifact" if is_kept else ""
                self.files.append(self._write_seen(path, file, role, how, path in outputs))
        for path in outputs:
            folder = (self._places.inside(path) or "").rpartition("/")[0]
            if folder:
                self._folder.make_folder(folder)  # the program may take it for granted
        self.from_commit = len(self._written - {self._places.inside(path) for path in known})

    def _write_seen(
        self, path: str, file: SeenFile, role: FileRole, how: Any, is_written_too: bool
    ) -> RestoredFile:
        facts: dict[str, Any] = {
            "path": path,
            "role": role,
            "digest": file.object,
            "is_needed": file.is_sure and not is_written_too,
        }
        name = self._places.inside(path)
        name = None if name == "." else name
        if file.object is None:
            is_there = (name in self._written) if name is not None else Path(path).exists()
            state: State = "unchecked" if is_there else "missing"
            return RestoredFile(state=state, reason=file.reason or "not recorded", **facts)
        if name is not None and _digest(self._folder.read(name)) == file.object:
            return RestoredFile(state="exact", how="commit", **facts)
        reason = "its content was not kept"
        if how:
            reason = self._write_object(path, name, file.object)
            if not reason:
                return RestoredFile(state="exact", how=how, **facts)
        return self._find_in_place(path, name, file.object, reason, facts)

    def _find_in_place(
        self, path: str, name: str | None, digest: str, reason: str, facts: dict[str, Any]
    ) -> RestoredFile:
        now = _digest_of_file(Path(path))
        if now == digest:
            if name is None:
                return RestoredFile(state="exact", how="in place", **facts)
            self._folder.link(name, path)
            return RestoredFile(state="exact", how="link", **facts)
        if now is None and (name is None or name not in self._written):
            return RestoredFile(state="missing", reason=f"{reason}, and it is gone", **facts)
        return RestoredFile(state="changed", reason=reason, **facts)

    def _write_object(self, path: str, name: str | None, digest: str) -> str:
        """Write a kept file; return why it cannot be had, empty when it is written."""
        try:
            stream = self._objects.open(digest)
        except NotFoundError:
            return "its object is not in the lab"
        except DamagedError:
            return "its object in the lab is damaged"
        with stream:
            target = self._places.add(path) if name is None else name
            self._folder.write(target, stream, is_executable=name in self._executables)
        return ""

    # The commit

    def _write_commit(self, git: dict[str, Any]) -> None:
        commit = find_commit(git)
        if commit is None:
            self.inexact.append(
                f"the commit {str(git['commit'])[:12]} is neither in {git.get('root')} nor at its"
                " remote; only what the run kept of its code is here"
            )
            return
        with commit:
            self._write_tree(commit, git)

    def _write_tree(self, commit: Commit, git: dict[str, Any]) -> None:
        listed = commit.files()
        if listed is None:
            self.inexact.append(f"git could not read the commit in {commit.where}")
            return
        for file, content in commit.contents(listed):
            self._write_blob(file, content)
        if commit.submodules:
            self.inexact.append(f"submodules are not here: {', '.join(commit.submodules[:5])}")
        self._apply(git)
        self._tell_untracked(git)

    def _write_blob(self, file: TreeFile, content: bytes | None) -> None:
        if content is None:
            self.inexact.append(f"git does not have the content of {file.path}")
        elif file.is_link:
            self._write_link(file.path, content.decode("utf-8", "surrogateescape"))
        else:
            self._folder.write(file.path, content, is_executable=file.is_executable)
            self._written.add(file.path)
            if file.is_executable:
                self._executables.add(file.path)

    def _write_link(self, name: str, to: str) -> None:
        """Make a link of the commit again, when it stays inside."""
        depth = name.count("/")
        for part in to.split("/"):
            depth += -1 if part == ".." else 0 if part in ("", ".") else 1
            if depth < 0 or to.startswith("/"):
                self.inexact.append(f"the link {name} leads out of the project, and is not here")
                return
        self._folder.link(name, to)

    def _apply(self, git: dict[str, Any]) -> None:
        """Apply the recorded changes of tracked files; what the run kept is written later, over
        them.
        """
        for one in patch.patches(git.get("diff") or ""):
            before = b"" if one.is_new else self._folder.read(one.path)
            after = None if before is None or one.reason else patch.apply(one, before)
            if one.is_deleted and before is not None:
                self._folder.remove(one.path)
                self._written.discard(one.path)
            elif after is None:
                reason = one.reason or "the recorded diff does not fit it"
                self.inexact.append(f"the changes of {one.path} cannot be had: {reason}")
            else:
                is_executable = (
                    one.path in self._executables
                    if one.is_executable is None
                    else one.is_executable
                )
                self._folder.write(one.path, after, is_executable=is_executable)
                self._written.add(one.path)
        for left_out in git.get("diff_left_out") or ():
            self.inexact.append(
                f"the changes of {left_out.get('path')} cannot be had: {left_out.get('reason')}"
            )
        if git.get("diff_error"):
            self.inexact.append(f"changes since the commit cannot be had: {git['diff_error']}")

    def _tell_untracked(self, git: dict[str, Any]) -> None:
        seen = {self._places.inside(path) for role in ROLES for path in self._record.files(role)}
        untracked = git.get("untracked")
        unused = [p for p in untracked if p not in seen] if isinstance(untracked, list) else []
        if unused:
            named = ", ".join(unused[:UNTRACKED_TOLD]) + (", …" if unused[UNTRACKED_TOLD:] else "")
            self.inexact.append(
                f"files that lay untracked beside the code and were not used: {named}"
            )


def _artifact_objects(record: RunRecord) -> set[str]:
    """Return the digests that artifacts of the run hold: they are in the store, too."""
    return {file.object for artifact in record.artifacts() for file in artifact.files}


def _digest(content: bytes | None) -> str | None:
    from blake3 import blake3

    return None if content is None else blake3(content).hexdigest()


def _digest_of_file(path: Path) -> str | None:
    """Return the digest of a file as it is now; None when there is none to read."""
    from blake3 import blake3

    try:
        return blake3().update_mmap(path).hexdigest() if path.is_file() else None
    except (OSError, ValueError):
        return None

"""The files of a run written again: code first, then what it read. Each is held against its digest.

commit        every file of the commit, with the recorded changes       (nothing runs)
objects       what the run kept: its sources, small inputs              (the truth, where both)
in place      an input that was not kept and is still the same: linked, or left where it is
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from blake3 import blake3

from peira.core.errors import DamagedError, NotFoundError
from peira.lab.lab import Lab
from peira.lab.runs import RunRecord
from peira.record.events import FileRole, SeenFile
from peira.rerun.newfolder import NewFolder
from peira.rerun.places import ELSEWHERE, ROLES, Places, named_paths
from peira.rerun.restored import RestoredFile, State
from peira.rerun.worktree import WorkTree

UNTRACKED_TOLD = 5


class FilesOfRun:
    """Writes the files of one run into a new folder, and remembers what is exact.

    `files`, `from_commit` and `inexact` are what `Restored` tells.
    """

    def __init__(self, lab: Lab, record: RunRecord, places: Places, folder: NewFolder) -> None:
        self.files: list[RestoredFile] = []
        self.from_commit = 0
        self._objects = lab.objects
        self._record = record
        self._places = places
        self._folder = folder
        self._tree = WorkTree(folder, lab.objects)
        self._named = named_paths(record, places)

    @property
    def inexact(self) -> list[str]:
        """What could not be had, as sentences without full stops."""
        return self._tree.inexact

    def write(self) -> None:
        """Write all of them.

        Raises:
            UsageError: a recorded name leads out of the folder. OSError: the disk refuses.
        """
        git = self._record.captured("code").get("git") or {}
        if self._places.root == git.get("root"):
            self._tree.write(git)
            self._tell_untracked(git)
        outputs = self._record.files("output")
        artifacts = {f.object for made in self._record.artifacts() for f in made.files}
        known: dict[str, SeenFile] = {}
        for role in ROLES:
            for path, file in self._record.files(role).items():
                if path in known:
                    continue  # run and read: one file
                known[path] = file
                how = "kept" if file.kept else "artifact" if file.object in artifacts else ""
                self.files.append(self._write_seen(path, file, role, how, path in outputs))
        for path in outputs:
            folder = (self._places.inside(path) or "").rpartition("/")[0]
            if folder:
                self._folder.make_folder(folder)  # the program may take it for granted
        self.from_commit = len(self._tree.written - {self._places.inside(path) for path in known})

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
            is_there = (name in self._tree.written) if name is not None else Path(path).exists()
            state: State = "unchecked" if is_there else "missing"
            return RestoredFile(state=state, reason=file.reason or "not recorded", **facts)
        if name is None and not self._is_named(path):
            return self._write_unreached(path, file.object, how, facts)
        content = None if name is None else self._folder.read(name)
        if content is not None and blake3(content).hexdigest() == file.object:
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
                self._places.leave(path)
                return RestoredFile(state="exact", how="in place", **facts)
            self._folder.link(name, path)
            return RestoredFile(state="exact", how="link", **facts)
        if now is None and (name is None or name not in self._tree.written):
            return RestoredFile(state="missing", reason=f"{reason}, and it is gone", **facts)
        return RestoredFile(state="changed", reason=reason, **facts)

    def _is_named(self, path: str) -> bool:
        return any(path == named or path.startswith(f"{named}/") for named in self._named)

    def _write_unreached(
        self, path: str, digest: str, how: Any, facts: dict[str, Any]
    ) -> RestoredFile:
        """Tell of a file outside of the project that the program opens by a path in its code: it
        has what is there now, wherever the recorded content is written.
        """
        now = _digest_of_file(Path(path))
        if now == digest:
            return RestoredFile(state="exact", how="in place", **facts)
        reason = "the program opens it there, by a path of its own"
        if how and not self._write_object(path, None, digest):
            reason += f"; as it was: {ELSEWHERE}{path}"
        return RestoredFile(state="missing" if now is None else "changed", reason=reason, **facts)

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
            executable = target in self._tree.executables
            self._folder.write(target, stream, is_executable=executable)
        return ""

    def _tell_untracked(self, git: dict[str, Any]) -> None:
        seen = {self._places.inside(path) for role in ROLES for path in self._record.files(role)}
        untracked = git.get("untracked")
        unused = [p for p in untracked if p not in seen] if isinstance(untracked, list) else []
        if unused:
            named = ", ".join(unused[:UNTRACKED_TOLD]) + (", …" if unused[UNTRACKED_TOLD:] else "")
            self.inexact.append(
                f"files that lay untracked beside the code and were not used: {named}"
            )


def _digest_of_file(path: Path) -> str | None:
    """Return the digest of a file as it is now; None when there is none to read."""
    try:
        return blake3().update_mmap(path).hexdigest() if path.is_file() else None
    except (OSError, ValueError):
        return None

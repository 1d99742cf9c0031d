"""The paths of a lab and of its run folders, how a lab is found, and how a run is born.

    .peira/                       0700, holds a .gitignore with `*`
      runs/<run-id>/run.json      written once, atomically, before anything else of the run
      runs/<run-id>/…             docs/formats/run-folder.md
      young/<run-id>              record/young.py

Files are 0600 and folders 0700, whatever the umask. A path is only ever built from a run id or a
writer id that was checked, never from a name that a person gave.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from peira.core import ids
from peira.core.errors import DamagedError, LabError, NotFoundError, UnsupportedError, UsageError
from peira.record import young
from peira.record.events import FORMAT, Birth

LAB_NAME = ".peira"
_GITIGNORE = "*\n"
_LINES = re.compile(r"(events|points)(?:\.([0-9a-v]{6}))?\.jsonl\Z")


def find_lab(start: str | os.PathLike[str] | None = None, setting: str | None = None) -> Path:
    """Return the lab's folder, as git finds a repository. Nothing is made; see `make_lab`.

    The first of these stands: `setting` (what `PEIRA_LAB` or `peira.Lab(...)` names); the nearest
    `.peira` folder from `start` (the working directory when None) upward; `start`/.peira, which
    need not exist. A setting may name the lab itself or the folder that holds it.

    Raises:
        UnsupportedError: the setting is an `http(s)://` address.
        LabError: the working directory was removed.
    """
    if setting:
        return _named_lab(os.fspath(setting))
    try:
        here = Path(start or Path.cwd()).absolute()
    except FileNotFoundError as error:
        raise LabError(
            "No lab can be found: the working directory was removed.",
            hint="Name the lab with PEIRA_LAB.",
        ) from error
    for folder in (here, *here.parents):
        candidate = folder / LAB_NAME
        if candidate.is_dir() and not _is_planted(candidate):
            return candidate
    return here / LAB_NAME


def _named_lab(setting: str) -> Path:
    if setting.startswith(("http://", "https://")):
        raise UnsupportedError(
            f"The lab {setting} is a server; this version of Peira only knows folders.",
            hint="Name a folder, or unset PEIRA_LAB.",
        )
    path = Path(setting).expanduser().absolute()
    return path if path.name == LAB_NAME or is_lab(path) else path / LAB_NAME


def is_lab(path: Path) -> bool:
    """Whether `path` is a lab's folder, by what it holds: a copy may have any name."""
    try:
        return (path / "runs").is_dir() and (path / ".gitignore").read_text() == _GITIGNORE
    except (OSError, ValueError):
        return False


def _is_planted(lab: Path) -> bool:
    """Whether another user could have put `lab` there: someone else's folder where anyone may
    write (/tmp).
    """
    try:
        parent = lab.parent.stat()
        return bool(parent.st_mode & stat.S_IWOTH) and lab.stat().st_uid not in (0, os.getuid())
    except OSError:
        return True


def make_lab(root: Path) -> Path:
    """Make the lab's folder with what it needs, unless it is there; safe to race.

    Raises:
        LabError: it cannot be made.
    """
    try:
        if not (root / "runs").is_dir():
            for folder in (root, root / "runs"):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        ignore = root / ".gitignore"
        if not ignore.exists():
            write_atomically(ignore, _GITIGNORE.encode())
    except OSError as error:
        raise LabError(
            f"The lab {root} cannot be made: {error.strerror or error}.",
            hint="Choose a folder that you may write to with PEIRA_LAB.",
        ) from error
    return root


def write_atomically(path: Path, data: bytes) -> None:
    """Write a small file so that it is either whole and durable, or absent. 0600.

    Raises:
        OSError: it cannot be written; nothing of it remains.
    """
    descriptor, temporary = open_temporary(path.parent)
    try:
        _fill(descriptor, data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def write_once(path: Path, data: bytes) -> bool:
    """Write a small file unless there is one of that name; return whether it was written. Of any
    number of processes one writes it; it is whole and durable, or absent. 0600.

    Raises:
        OSError: it cannot be written; nothing of it remains.
    """
    descriptor, temporary = open_temporary(path.parent)
    try:
        _fill(descriptor, data)
        if not link_new(temporary, path):
            return False
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)
    return True


def link_new(temporary: Path, path: Path) -> bool:
    """Give a new file the name `path` unless there is one; return whether it has it now.

    Raises:
        OSError: it cannot be linked.
    """
    try:
        os.link(temporary, path)  # fails when the name is there: renaming would replace it
    except FileExistsError:
        # Over NFS the answer may be lost and the request repeated: then the name is this file's
        # (open(2) of Linux, at O_EXCL).
        return temporary.stat().st_nlink == 2
    return True


def _fill(descriptor: int, data: bytes) -> None:
    """Write all of a file durably, and close it."""
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def open_temporary(folder: Path) -> tuple[int, Path]:
    """Open a new file, 0600, under a name nobody can guess. (`tempfile` costs 5 ms to import.)"""
    path = folder / f".tmp-{os.urandom(8).hex()}"
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(path, flags, 0o600), path


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable, where the file system can.

    Raises:
        OSError: it can, and failed.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # SMB, some of FUSE
            raise
    finally:
        os.close(descriptor)


class RunFolder(NamedTuple):
    """The paths of one run's folder. `path` ends with the run id."""

    path: Path

    @property
    def id(self) -> str:
        """The run id."""
        return self.path.name

    @property
    def birth(self) -> Path:
        """`run.json`"""
        return self.path / "run.json"

    @property
    def console(self) -> Path:
        """`console.log`"""
        return self.path / "console.log"

    @property
    def sealed(self) -> Path:
        """`metrics.parquet`, there once the run is sealed."""
        return self.path / "metrics.parquet"

    @property
    def spool(self) -> Path:
        """`spool/`, there while a launched program runs: what its processes tell on the way to the
        run's events. Readers pass it over.
        """
        return self.path / "spool"

    def events(self, writer: str = "") -> Path:
        """The events file of a writer; the main writer's is named by the empty text."""
        return self.path / _lines_name("events", writer)

    def points(self, writer: str = "") -> Path:
        """The points file of a writer."""
        return self.path / _lines_name("points", writer)

    def events_files(self) -> list[Path]:
        """All events files that are there, the main writer's first."""
        return self._files("events")

    def points_files(self) -> list[Path]:
        """All points files that are there, the main writer's first."""
        return self._files("points")

    def _files(self, kind: str) -> list[Path]:
        try:
            names = [entry.name for entry in self.path.iterdir() if entry.name.startswith(kind)]
        except FileNotFoundError:
            return []
        wanted = [name for name in names if _LINES.match(name)]
        return [
            self.path / name
            for name in sorted(wanted, key=lambda name: (writer_of(name) or "", name))
        ]

    def read_birth(self) -> Birth:
        """Return the birth certificate.

        Raises:
            NotFoundError: there is no such run.
            DamagedError: `run.json` cannot be understood.
            UnsupportedError: it is of a newer Peira.
        """
        try:
            data = self.birth.read_bytes()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotFoundError(f"There is no run {self.id} at {self.path}.") from error
        return decode_birth(data, self.id)


def _lines_name(kind: str, writer: str) -> str:
    if not writer:
        return f"{kind}.jsonl"
    name = f"{kind}.{writer}.jsonl"
    if not _LINES.match(name):
        raise UsageError(f"{writer!r:.60} is not a writer id.")
    return name


def writer_of(name: str) -> str | None:
    """Return the writer id in the name of an events or points file ("" for the main one), None for
    other names.

    >>> writer_of("points.0a1b2c.jsonl"), writer_of("events.jsonl"), writer_of("run.json")
    ('0a1b2c', '', None)
    """
    found = _LINES.match(name)
    return (found.group(2) or "") if found else None


class _Format(msgspec.Struct):
    format: int


def decode_birth(data: bytes, run_id: str) -> Birth:
    """Decode the bytes of `run.json`, which must be of `run_id`.

    Raises:
        DamagedError, UnsupportedError: as `RunFolder.read_birth`.
    """
    try:
        written = msgspec.json.decode(data, type=_Format).format
        if written > FORMAT:
            raise UnsupportedError(
                f"Run {run_id} has format {written}; this Peira reads up to {FORMAT}.",
                hint="Upgrade: pip install -U peira.",
            )
        birth = msgspec.json.decode(data, type=Birth)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise DamagedError(f"run.json of run {run_id} cannot be read: {error!s:.200}") from error
    if birth.id != run_id:
        raise DamagedError(f"run.json in the folder {run_id} is of run {birth.id!r:.60}.")
    return birth


def run_folder(lab: Path, run_id: str) -> RunFolder:
    """Return the folder of a run below a lab's folder; it need not exist.

    Raises:
        UsageError: `run_id` does not have the form of one.
    """
    if not ids.is_run_id(run_id):
        raise UsageError(
            f"{run_id!r:.60} is not a run id.", hint="Run ids have 12 characters, 0-9 and a-v."
        )
    return RunFolder(lab / "runs" / run_id)


def run_folders(lab: Path) -> Iterator[RunFolder]:
    """Yield the folders of all runs that were born, in order of their ids. Anything else in
    `runs/` is passed over.
    """
    try:
        names = sorted(entry.name for entry in (lab / "runs").iterdir())
    except FileNotFoundError:
        return
    for name in names:
        if ids.is_run_id(name):
            yield RunFolder(lab / "runs" / name)


def make_run(lab: Path, now_s: float | None = None) -> RunFolder:
    """Make an empty run folder with a fresh id; the caller writes the birth at once.

    Raises:
        LabError: it cannot be made.
    """
    make_lab(lab)
    try:
        while True:
            folder = run_folder(lab, ids.new_run_id(now_s))
            try:
                folder.path.mkdir(mode=0o700)
            except FileExistsError:
                continue
            young.mark(lab, folder.id)
            return folder
    except OSError as error:
        raise LabError(
            f"A run cannot be made in {lab}: {error.strerror or error}.",
            hint="Choose a folder that you may write to with PEIRA_LAB.",
        ) from error


def write_birth(folder: RunFolder, birth: Birth) -> None:
    """Write `run.json`, whole and durable.

    Raises:
        OSError: it cannot be written.
    """
    assert birth.id == folder.id
    write_atomically(
        folder.birth, msgspec.json.format(msgspec.json.encode(birth), indent=1) + b"\n"
    )

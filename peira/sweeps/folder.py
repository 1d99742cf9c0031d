"""The folder of a sweep, and how sweeps are made and found.

.peira/sweeps/<sweep-id>/
    sweep.json                definition.py; written once, atomically
    trials/000017.1.json      claim of trial 17, attempt 1; made exclusively
    told.<writer>.jsonl       what became of trials; each writer appends to its own
    control.<writer>.jsonl    what people decided
    workers/<writer>.json     a worker that lives
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from peira.core import ids
from peira.core.clock import now_s
from peira.core.errors import (
    AmbiguousError,
    DamagedError,
    NotFoundError,
    UnsupportedError,
)
from peira.record import lines
from peira.record.append import AppendFile
from peira.record.folder import link_new, make_lab, open_temporary, write_atomically
from peira.record.liveness import SILENT_AFTER_S
from peira.sweeps.definition import FORMAT, Definition
from peira.sweeps.records import Claim, Control

NAME = "sweeps"
_CLAIM = re.compile(r"(\d{6,})\.(\d{1,4})\.json\Z")


class SweepFolder(NamedTuple):
    """The paths of one sweep's folder. `path` ends with the sweep's id."""

    path: Path

    @property
    def id(self) -> str:
        """The sweep's id."""
        return self.path.name

    @property
    def lab(self) -> Path:
        """The lab's folder."""
        return self.path.parent.parent

    @property
    def trials(self) -> Path:
        """The claims."""
        return self.path / "trials"

    @property
    def workers(self) -> Path:
        """The workers that live."""
        return self.path / "workers"

    def told(self, writer: str) -> Path:
        """What a writer tells of trials."""
        return self.path / f"told.{writer}.jsonl"

    def read(self) -> Definition:
        """Return the definition.

        Raises:
            NotFoundError: there is no such sweep.
            DamagedError, UnsupportedError: it cannot be understood.
        """
        path = self.path / "sweep.json"
        try:
            data = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotFoundError(f"There is no sweep {self.id} in {self.lab}.") from error
        try:
            version = msgspec.json.decode(data, type=_Format).format
            if version > FORMAT:
                raise UnsupportedError(
                    f"The sweep {self.id} has format {version}; this Peira reads up to {FORMAT}.",
                    hint="Upgrade: pip install -U peira.",
                )
            return msgspec.json.decode(data, type=Definition)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise DamagedError(f"{path} cannot be read: {error!s:.200}") from error

    def claim(self, claim: Claim) -> bool:
        """Take a trial; return whether it is this process's now.

        The claim survives the death of the process, not that of the system: then the trial is dead,
        too, and is claimed anew.
        """
        descriptor, temporary = open_temporary(self.trials)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(msgspec.json.encode(claim) + b"\n")
            return link_new(temporary, self._claim_path(claim.trial, claim.attempt))
        finally:
            temporary.unlink(missing_ok=True)

    def _claim_path(self, trial: int, attempt: int) -> Path:
        return self.trials / f"{trial:06d}.{attempt}.json"

    def claims(self, known: set[str]) -> dict[str, tuple[int, int]]:
        """Return (number, attempt) of the claims by the names of their files, those in `known`
        apart.
        """
        try:
            names = os.listdir(self.trials)  # noqa: PTH208 - may be many
        except FileNotFoundError:
            return {}
        found = ((name, _CLAIM.match(name)) for name in names if name not in known)
        return {name: (int(match[1]), int(match[2])) for name, match in found if match}

    def read_claim(self, trial: int, attempt: int) -> Claim | None:
        """Return a claim; None when it cannot be read."""
        try:
            data = self._claim_path(trial, attempt).read_bytes()
            return msgspec.json.decode(data, type=Claim)
        except (OSError, msgspec.MsgspecError, ValueError):
            return None

    def is_broken(self, trial: int, attempt: int) -> bool:
        """Whether a claim that cannot be read will never be: the system crashed as it was made. On
        another machine's file system it may only be late.
        """
        try:
            age_s = now_s() - self._claim_path(trial, attempt).stat().st_mtime
        except OSError:
            return False
        return age_s > SILENT_AFTER_S

    def decide(self, control: Control, writer: str) -> None:
        """Record what a person decided; durable when it returns."""
        file = AppendFile(self.path / f"control.{writer}.jsonl")
        try:
            file.append(lines.encode(control))
            file.sync()
        finally:
            file.close()


class _Format(msgspec.Struct):
    format: int


def make_sweep(lab: Path, definition: Definition) -> SweepFolder:
    """Write a new sweep, whole and durable. Its id is the definition's, see `new_sweep_id`.

    Raises:
        OSError: it cannot be written, or another process has made it.
    """
    make_lab(lab)
    (lab / NAME).mkdir(mode=0o700, exist_ok=True)
    # Its own: others may be making the same one, or may have died over it.
    temporary = lab / NAME / f".new-{definition.id}-{ids.new_writer_id()}"
    temporary.mkdir(mode=0o700)
    for part in ("trials", "workers"):
        (temporary / part).mkdir(mode=0o700)
    data = msgspec.json.format(msgspec.json.encode(definition), indent=1)
    write_atomically(temporary / "sweep.json", data + b"\n")
    try:
        return SweepFolder(temporary.rename(lab / NAME / definition.id))
    except OSError:
        shutil.rmtree(temporary)
        raise


def new_sweep_id(lab: Path) -> str:
    """Return an id that no sweep of the lab has."""
    while True:
        found = ids.new_run_id()
        if not (lab / NAME / found).exists():
            return found


def free_name(lab: Path, name: str) -> str:
    """Return a name that no sweep of the lab has: this one, else with the next number behind it."""
    taken = {_name(folder) for folder in sweep_folders(lab)}
    number = 1
    while (name if number == 1 else f"{name}-{number}") in taken:
        number += 1
    return name if number == 1 else f"{name}-{number}"


def sweep_folders(lab: Path) -> Iterator[SweepFolder]:
    """Yield the folders of all sweeps of a lab, the latest first."""
    try:
        names = sorted((entry.name for entry in (lab / NAME).iterdir()), reverse=True)
    except (FileNotFoundError, NotADirectoryError):
        return
    for name in names:
        if ids.is_run_id(name):
            yield SweepFolder(lab / NAME / name)


def find_sweep(lab: Path, text: str) -> SweepFolder:
    """Return the sweep whose id or name is `text`, or whose id begins or ends with it; `last` is
    the latest.

    Raises:
        NotFoundError, AmbiguousError: there is none, or more than one.
    """
    if ids.is_run_id(text) and (lab / NAME / text / "sweep.json").exists():
        return SweepFolder(lab / NAME / text)
    folders = list(sweep_folders(lab))
    if text == "last" and folders:
        return folders[0]
    named = [folder for folder in folders if text and _name(folder) == text]
    near = [f for f in folders if text and (f.id.startswith(text) or f.id.endswith(text))]
    found = named or near
    if not found:
        raise NotFoundError(f"There is no sweep {text!r:.60} in {lab}.", hint="peira sweep ls")
    if len(found) > 1:
        raise AmbiguousError(
            f"{text!r:.60} fits {len(found)} sweeps.", suggestions=tuple(f.id for f in found)
        )
    return found[0]


def _name(folder: SweepFolder) -> str:
    try:
        return folder.read().name
    except (NotFoundError, DamagedError, UnsupportedError):
        return ""

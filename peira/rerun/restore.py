"""Restores a run in a folder: its code, what it read, its params, its command, its environment.

    DIR/                the project's files, as the run had them
        .venv/          the environment, built by uv
        .restored/      note.md, params.json, command.sh, report.json, and `elsewhere/`: files from
                        outside of the project's folder

The files are written beside DIR and named DIR when they are whole; the environment is built in
place afterwards. Nothing of the run is started.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from peira.core.errors import LabError, NotRepeatableError, UsageError
from peira.core.values import plain
from peira.lab.lab import Lab
from peira.lab.reading import RunRef
from peira.lab.runs import RunRecord
from peira.record.folder import write_atomically
from peira.rerun import environment
from peira.rerun.command import moved, recorded_command, shell_text
from peira.rerun.files import FilesOfRun
from peira.rerun.newfolder import NewFolder
from peira.rerun.note import note
from peira.rerun.pins import read_pins, recorded_packages
from peira.rerun.places import NOTES, Places, places_of
from peira.rerun.restored import Restored, RestoredEnvironment
from peira.rerun.variables import restored_variables

ENVIRONMENT = ".venv"

Say = Callable[[str], None]


def restore(
    lab: Lab,
    run: RunRef,
    folder: str | os.PathLike[str],
    *,
    with_environment: bool = True,
    say: Say = lambda _: None,
) -> Restored:
    """Restore a run in `folder`, which must not exist or be empty.

    Whatever cannot be had is named in the result and in the note; only a run of which neither files
    nor a commit are recorded is refused. When this is interrupted nothing half-written remains:
    all of the files are there or none, and the environment likewise.

    Args:
        with_environment: build the recorded environment with uv.
        say: is told what is being done.

    Raises:
        NotFoundError, AmbiguousError: there is no such run, or several.
        NotRepeatableError: nothing of it can be restored.
        UsageError: the folder is not empty.
        LabError: the folder cannot be written.
        UnsupportedError: uv is not installed.
    """
    record = lab.run(run)
    target = Path(folder).expanduser().absolute()
    _check_empty(target)
    if with_environment:
        environment.Uv()  # it is there, or nothing is begun
    places = places_of(record, target)
    say("writing its files")
    try:
        restored = write_files(lab, record, places)
    except OSError as error:
        raise LabError(
            f"The run cannot be restored in {target}: {error.strerror or error}.",
            hint="Name a folder that you may write to.",
        ) from error
    _write_notes(record, places, restored, target)
    if with_environment:
        say("building its environment")
        built = build_environment(record, places, target / ENVIRONMENT)
        restored = with_built(record, places, restored, built)
        _write_notes(record, places, restored, target)
    return restored


def build_environment(record: RunRecord, places: Places, folder: Path) -> RestoredEnvironment:
    """Build the environment of a run in `folder`, which must not exist; nothing of it remains when
    this is interrupted.
    """
    pins = read_pins(recorded_packages(record), places)
    if not pins.versions and not record.captured("python"):
        return RestoredEnvironment(python="", version="")  # it was no Python program
    try:
        return environment.build(pins, environment.interpreters(record), folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def with_built(
    record: RunRecord, places: Places, restored: Restored, built: RestoredEnvironment
) -> Restored:
    """Return what was restored, with an environment: its command starts programs of that."""
    version = str(record.birth.get("python") or "")
    inexact = list(built.inexact)
    if built.version and version and built.version != version:
        inexact.insert(0, f"Python is {built.version}, and was {version}")
    command = moved(recorded_command(record), places, old_prefix(record), built.python)
    built = msgspec.structs.replace(built, inexact=inexact)
    return msgspec.structs.replace(restored, environment=built, command=command)


def old_prefix(record: RunRecord) -> str:
    """Return the environment that a run was started with."""
    return str(record.captured("python").get("prefix") or "")


def write_files(lab: Lab, record: RunRecord, places: Places) -> Restored:
    """Write all files of a run beside the folder of `places`, then give them its name; where it is
    there, and empty, in it, then move them up: somebody may stand in it.

    Raises:
        NotRepeatableError: nothing of the run can be had. OSError: the disk refuses.
    """
    target = places.folder
    is_there = target.exists()
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = (target if is_there else target.parent) / f".{target.name}-{os.urandom(6).hex()}"
    beside.mkdir()
    try:
        written = FilesOfRun(lab, record, places, NewFolder(beside))
        written.write()
        if not written.files and not written.from_commit:
            raise NotRepeatableError(
                f"Nothing of run {record.name} ({record.id}) can be restored: neither its files"
                " nor a commit that can be had were recorded.",
                hint="Record runs with `peira run`, or with peira.init() of this version.",
            )
        (beside / NOTES).mkdir(exist_ok=True)
        restored = _restored(record, places, written)
        if is_there:
            _move_up(beside)
        else:
            beside.rename(target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return restored


def _move_up(folder: Path) -> None:
    """Move all that is in a folder into the one that it is in, or nothing of it."""
    moved: list[Path] = []
    try:
        for path in sorted(folder.iterdir()):
            moved.append(folder.parent / path.name)
            path.rename(moved[-1])
    except BaseException:  # Ctrl-C, too
        for path in moved:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        raise


def _restored(record: RunRecord, places: Places, written: FilesOfRun) -> Restored:
    inexact = list(written.inexact)
    try:
        command = moved(recorded_command(record), places, "", "")
    except NotRepeatableError as error:
        command = []
        inexact.append(error.message.rstrip("."))
    directory = places.inside(str(record.birth.get("directory") or places.root)) or "."
    _, untold = restored_variables(record, places)
    return Restored(
        run=record.id,
        name=record.name,
        root=places.root,
        folder=str(places.folder),
        directory=directory,
        command=command,
        files=written.files,
        from_commit=written.from_commit,
        inexact=[*inexact, *untold],
    )


def _write_notes(record: RunRecord, places: Places, restored: Restored, target: Path) -> None:
    folder = target / NOTES
    variables, _ = restored_variables(record, places)
    parts = {
        "params.json": msgspec.json.format(msgspec.json.encode(plain(record.params)), indent=2),
        "report.json": msgspec.json.format(msgspec.json.encode(restored), indent=1),
        "command.sh": _script(restored, variables).encode(),
        "note.md": note(record, restored).encode(),
    }
    for name, data in parts.items():
        write_atomically(folder / name, data.rstrip(b"\n") + b"\n")
    (folder / "command.sh").chmod(0o700)


def _script(restored: Restored, variables: dict[str, str]) -> str:
    """Return the command as a script for a shell."""
    place = Path(restored.folder, restored.directory)
    lines = ["#!/bin/sh", f"# Run {restored.run} again, as it was started."]
    lines += [f"export {shell_text([f'{name}={value}'])}" for name, value in variables.items()]
    lines += [f"cd {shell_text([str(place)])} || exit 1"]
    if restored.environment is not None and restored.environment.python:
        programs = Path(restored.environment.python).parent
        lines.append(f"PATH={shell_text([str(programs)])}:$PATH; export PATH")
    command = shell_text(restored.command) if restored.command else "# its command is not known"
    return "\n".join([*lines, f"exec {command}" if restored.command else command])


def _check_empty(target: Path) -> None:
    try:
        has_something = any(target.iterdir())
    except FileNotFoundError:
        return
    except NotADirectoryError:
        raise UsageError(f"{target} is a file, not a folder to restore in.") from None
    if has_something:
        raise UsageError(
            f"{target} is not empty; a run is restored in a folder of its own.",
            hint="Name a folder that does not exist yet.",
        )

"""A scratch folder in which a run is made ready to be started again, any number of times.

<folder>/project        the files of the run; fresh for each start, always at this path
<folder>/environment    its environment, unless the recorded one is still there unchanged
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from peira.core.errors import NotRepeatableError
from peira.lab.lab import Lab
from peira.lab.runs import RunRecord
from peira.rerun import environment
from peira.rerun.command import moved, recorded_command
from peira.rerun.newfolder import clear
from peira.rerun.pins import read_pins, recorded_packages
from peira.rerun.places import places_of
from peira.rerun.restore import Say, build_environment, old_prefix, write_files
from peira.rerun.restored import Restored, RestoredEnvironment
from peira.rerun.variables import overrides, restored_variables

REASONS_TOLD = 3

# What would make the new run a part of the one that is running, or record it elsewhere.
_OURS = ("PEIRA_RUN", "PEIRA_SPOOL", "PEIRA_METRICS", "PEIRA_LAB")


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """How a program is started."""

    command: list[str]
    directory: str
    variables: Mapping[str, str | None]
    """To set, or to take away."""
    settings: Mapping[str, Any] = {}
    """Values of constants of the script that are not those of the file."""
    inexact: list[str] = []
    """What is not as it was, as sentences without full stops."""


class Scratch:
    """Makes one run ready in a folder that exists.

    Args:
        is_rebuilt: whether the environment is the recorded one; else the interpreter of the run is
            used as it is now.
    """

    def __init__(
        self,
        lab: Lab,
        record: RunRecord,
        folder: Path,
        *,
        is_rebuilt: bool = True,
        say: Say = lambda _: None,
    ) -> None:
        self.record = record
        self.folder = folder
        self.command = recorded_command(record)
        self.places = places_of(record, folder / "project")
        self._lab = lab
        self._is_rebuilt = is_rebuilt
        self._say = say
        self._environment: RestoredEnvironment | None = None

    def ready(self) -> Start:
        """Write the files afresh and return how the run is started.

        Raises:
            NotRepeatableError: something is gone without which the run cannot be the same.
        """
        clear(self.places.folder)
        restored = write_files(self._lab, self.record, self.places)
        built = self.environment()
        refuse_what_is_gone(restored, built)
        return self.start(restored, built)

    def environment(self) -> RestoredEnvironment:
        """Return the environment, built when first asked for; after the files, for it may lead to
        packages among them.
        """
        if self._environment is None:
            self._environment = self._find_environment()
        return self._environment

    def start(self, restored: Restored, built: RestoredEnvironment) -> Start:
        """Return how the run is started in its restored folder, with an environment."""
        place = Path(restored.folder, restored.directory)
        place.mkdir(parents=True, exist_ok=True)
        variables, _ = restored_variables(self.record, self.places)
        return Start(
            command=moved(self.command, self.places, old_prefix(self.record), built.python),
            directory=str(place),
            variables=with_environment(overrides(variables, os.environ), built.python),
            settings=recorded_settings(self.record),
            inexact=[*restored.sentences(), *built.inexact],
        )

    def _find_environment(self) -> RestoredEnvironment:
        pins = read_pins(recorded_packages(self.record), self.places)
        if not self._is_rebuilt:
            return environment.as_it_is(self.record, pins)
        same = environment.in_place(self.record, pins, self.places.folder)
        if same is not None:
            return same
        self._say("building its environment")
        return build_environment(self.record, self.places, self.folder / "environment")


def recorded_settings(record: RunRecord) -> dict[str, Any]:
    """Return the constants of its script that a run was started with other values of."""
    found: dict[str, Any] = record.captured("launch").get("set") or {}
    return found


def refuse_what_is_gone(restored: Restored, built: RestoredEnvironment) -> None:
    """Raise NotRepeatableError when a file or a package cannot be had."""
    reasons = [
        f"{file.path} {'has changed since' if file.state == 'changed' else 'is gone'}"
        f" ({file.reason})"
        for file in restored.blocking
    ]
    reasons += [f"{p.name} {p.version} cannot be had: {p.reason}" for p in built.unavailable]
    if not built.python and built.inexact:
        reasons += built.inexact
    if not reasons:
        return
    more = f"; and {len(reasons) - REASONS_TOLD} more" if len(reasons) > REASONS_TOLD else ""
    raise NotRepeatableError(
        f"Run {restored.name} cannot be run again: {'; '.join(reasons[:REASONS_TOLD])}{more}.",
        reasons=tuple(reasons),
        hint=f"See what can be had: peira restore {restored.run} DIR",
    )


def with_environment(variables: Mapping[str, str | None], python: str) -> dict[str, str | None]:
    """Return variables under which programs of an environment are found first."""
    found = {**variables, **dict.fromkeys((*_OURS, "PYTHONHOME"))}
    if python:
        programs = Path(python).parent
        found["PATH"] = f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        is_virtual = (programs.parent / "pyvenv.cfg").exists()
        found["VIRTUAL_ENV"] = str(programs.parent) if is_virtual else None
    return found


def discard(folder: Path) -> None:
    """Remove a scratch folder, also what a program made unwritable in it."""
    shutil.rmtree(folder, ignore_errors=True)

"""Mixes of two runs: some factors from run A, all others from run B, ready to be started.

<folder>/a, <folder>/b      both runs restored, once
<folder>/project            the mix: b, with files and hunks of a; fresh for each start
<folder>/environments/      one for each mix of packages
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from peira.compare.textdiff import Budget, change
from peira.core.errors import NotRepeatableError
from peira.lab.lab import Lab
from peira.lab.runs import RunRecord
from peira.rerun import environment
from peira.rerun.causes import THREADS, threads_of
from peira.rerun.command import moved, recorded_command, with_arguments_of
from peira.rerun.newfolder import clear
from peira.rerun.patch import lines_of
from peira.rerun.pins import read_pins, recorded_packages
from peira.rerun.places import ROLES, places_of
from peira.rerun.restore import Say, old_prefix, write_files
from peira.rerun.restored import Restored, RestoredEnvironment, RestoredFile
from peira.rerun.scratch import Start, recorded_settings, with_environment
from peira.rerun.variables import overrides, restored_variables

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
Mix = Collection[str]
"""Ids of causes (peira/rerun/causes.py) that are as in run A."""


class Side:
    """One of the two runs, restored."""

    def __init__(self, lab: Lab, record: RunRecord, folder: Path, project: Path) -> None:
        self.record = record
        self.command = recorded_command(record)
        places = places_of(record, folder)
        self.restored: Restored = write_files(lab, record, places)
        self.folder = folder
        self.places = places.at(project)
        """Where its files are in a mix."""

    @cached_property
    def variables(self) -> dict[str, str]:
        """Variables that choose something."""
        return restored_variables(self.record, self.places)[0]

    @property
    def packages(self) -> dict[str, Any]:
        """The recorded aspect."""
        return recorded_packages(self.record)

    @property
    def python(self) -> str:
        """The version of its Python."""
        return str(self.record.captured("python").get("version") or "")

    def absolute(self, name: str) -> str:
        """Return the absolute path of a file that a cause names as it was recorded."""
        return name if name.startswith("/") else f"{self._told_root}/{name}"

    @cached_property
    def _told_root(self) -> str:
        for role in ROLES:
            for path, file in self.record.files(role).items():
                if not file.path.startswith("/"):
                    return path.removesuffix(f"/{file.path}")
        return self.places.root

    def name_of(self, name: str) -> str:
        """Return where a file that a cause names is in the restored folder, relative to it."""
        found = self.places.moved(self.absolute(name))
        return name if found is None else str(found.relative_to(self.places.folder))


class Mixture:
    """Makes mixes of two runs in a folder that exists.

    Args:
        differing: ids of all causes in which the two runs differ.
        is_rebuilt: whether environments are the recorded ones; else the packages of now are used.

    Raises:
        NotRepeatableError: a file that both runs had alike cannot be had.
    """

    def __init__(
        self,
        lab: Lab,
        records: tuple[RunRecord, RunRecord],
        folder: Path,
        *,
        differing: Mix,
        is_rebuilt: bool = True,
        say: Say = lambda _: None,
    ) -> None:
        self.folder = folder
        self.project = folder / "project"
        self.a = Side(lab, records[0], folder / "a", self.project)
        self.b = Side(lab, records[1], folder / "b", self.project)
        self.unavailable = self._complete(differing)
        """Causes that cannot be tried, for the content of one side cannot be had, and why."""
        self._differing = differing
        self._is_rebuilt = is_rebuilt
        self._say = say
        self._environments: dict[frozenset[str], RestoredEnvironment] = {}

    def ready(self, mix: Mix) -> Start:
        """Make a mix and return how it is started.

        Raises:
            NotRepeatableError: its packages cannot be had.
        """
        clear(self.project)
        shutil.copytree(self.b.folder, self.project, symlinks=True)
        for kind, name in (split_id(cause) for cause in sorted(mix)):
            if kind == "data" or (kind == "code" and "#" not in name):
                self._take_file(name)
        for name, numbers in _hunks(mix).items():
            self._take_hunks(name, numbers)
        built = self.environment(frozenset(n for k, n in map(split_id, mix) if k == "packages"))
        return self._start(mix, built)

    def environment(self, packages: frozenset[str]) -> RestoredEnvironment:
        """Return the environment of B with these packages (and `python`) as in A."""
        if packages not in self._environments:
            self._environments[packages] = self._build(packages)
        return self._environments[packages]

    def _start(self, mix: Mix, built: RestoredEnvironment) -> Start:
        flags = {name for kind, name in map(split_id, mix) if kind == "config"}
        commands = [
            moved(side.command, side.places, old_prefix(side.record), built.python)
            for side in (self.b, self.a)
        ]
        place = self.project / self.b.restored.directory
        place.mkdir(parents=True, exist_ok=True)
        variables: dict[str, str | None] = overrides(self.b.variables, os.environ)
        if THREADS in self._differing:
            count = threads_of((self.a if THREADS in mix else self.b).record)
            variables |= dict.fromkeys(_THREAD_VARIABLES, str(count))
        for cause in self._differing:
            kind, name = split_id(cause)
            if kind == "variable":
                side = self.a if cause in mix else self.b
                variables[name] = side.variables.get(name)
        return Start(
            command=with_arguments_of(commands[0], commands[1], flags),
            directory=str(place),
            variables=with_environment(variables, built.python),
            settings=self._settings(mix),
        )

    def _settings(self, mix: Mix) -> dict[str, Any]:
        """Return the constants to set: those of B, some as in A."""
        found, other = recorded_settings(self.b.record), recorded_settings(self.a.record)
        taken = {name for kind, name in map(split_id, mix) if kind == "set"}
        kept = {name: value for name, value in found.items() if name not in taken}
        return kept | {name: other[name] for name in taken if name in other}

    def _take_file(self, name: str) -> None:
        """Give the mix a file as A had it, or take it away."""
        target = self.project / self.b.name_of(name)
        source = self.a.folder / self.a.name_of(name)
        target.unlink(missing_ok=True)
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)

    def _take_hunks(self, name: str, numbers: Collection[int]) -> None:
        """Give the mix some hunks of a file as A had them."""
        old = (self.a.folder / self.a.name_of(name)).read_bytes()
        target = self.project / self.b.name_of(name)
        target.write_bytes(with_hunks(old, target.read_bytes(), numbers))

    def _build(self, packages: frozenset[str]) -> RestoredEnvironment:
        side = self.a if "python" in packages else self.b
        facts = mixed_packages(self.b.packages, self.a.packages, packages)
        pins = read_pins(facts, self.b.places)
        if not self._is_rebuilt or not (pins.versions or side.python):
            return environment.as_it_is(self.b.record, pins)
        if not packages:
            same = environment.in_place(self.b.record, pins, self.project)
            if same is not None:
                return same
        self._say("building an environment")
        place = self.folder / "environments" / str(len(self._environments))
        built = environment.build(pins, environment.interpreters(side.record), place)
        if not built.python or built.unavailable:
            gone = [f"{p.name} {p.version} cannot be had: {p.reason}" for p in built.unavailable]
            reasons = gone or built.inexact
            raise NotRepeatableError(f"{reasons[0]}.", reasons=tuple(reasons))
        return built

    def _complete(self, differing: Mix) -> dict[str, str]:
        """Take files that both runs had alike from the side that has them; return the causes of
        which one side cannot be had.
        """
        gone: dict[str, str] = {}
        names = {cause: split_id(cause)[1].partition("#")[0] for cause in differing}
        for side, other in ((self.a, self.b), (self.b, self.a)):
            for file in side.restored.blocking:
                concerned = [c for c, name in names.items() if side.absolute(name) == file.path]
                for cause in concerned:
                    gone[cause] = f"{names[cause]} of run {side.record.name}: {file.reason}"
                if not concerned:
                    _copy_from_other(file, side, other)
        for cause, name in names.items():
            # Outside of the mix nothing is ever written.
            if split_id(cause)[0] in ("data", "code") and Path(self.b.name_of(name)).is_absolute():
                gone.setdefault(cause, f"{name} lies outside of the project, and stays as it is")
        return gone


def _copy_from_other(file: RestoredFile, side: Side, other: Side) -> None:
    """Take a file that both runs had alike from the one that has it."""
    inside = side.places.inside(file.path)
    name = file.path if inside is None else inside
    source, target = other.folder / name.lstrip("/"), side.folder / name.lstrip("/")
    if inside is None or not source.exists():
        raise NotRepeatableError(
            f"Neither run can be run again: {name} cannot be had: {file.reason}.",
            reasons=(file.reason,),
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target, follow_symlinks=False)


def split_id(cause: str) -> tuple[str, str]:
    """Return kind and place of a cause's id.

    >>> split_id("code:fit.py#0")
    ('code', 'fit.py#0')
    """
    kind, _, name = cause.partition(":")
    return kind, name


def with_hunks(old: bytes, new: bytes, numbers: Collection[int]) -> bytes:
    """Return the new text with some hunks as the old one has them, counted as
    `peira.compare.textdiff` counts.

    >>> with_hunks(b"a\\n", b"b\\n", [0])
    b'a\\n'
    """
    hunks = change(old, new, [1], Budget(lines=1 << 40)).hunks
    before, after = lines_of(old), lines_of(new)
    for i in sorted(numbers, reverse=True):
        hunk = hunks[i]
        start = hunk.new_start - (hunk.new_count > 0)
        first = hunk.old_start - (hunk.old_count > 0)
        after[start : start + hunk.new_count] = before[first : first + hunk.old_count]
    return b"".join(after)


def mixed_packages(
    b: Mapping[str, Any], a: Mapping[str, Any], names: Collection[str]
) -> dict[str, Any]:
    """Return the aspect `packages` of B with some packages as in A."""
    found: dict[str, Any] = {
        "installed": dict(b.get("installed") or {}),
        "sources": dict(b.get("sources") or {}),
    }
    if "imported" in a and "imported" in b:
        found["imported"] = list(dict.fromkeys([*b["imported"], *a["imported"]]))
    for part in ("installed", "sources"):
        for name in names:
            found[part].pop(name, None)
            if name in (a.get(part) or {}):
                found[part][name] = a[part][name]
    return found


def _hunks(mix: Mix) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for kind, name in map(split_id, mix):
        path, mark, number = name.rpartition("#")
        if kind == "code" and mark:
            found.setdefault(path, []).append(int(number))
    return found

"""What restoring a run gave, and what could not be had: the record `report.json` and its note."""

from __future__ import annotations

from typing import Literal

import msgspec

from peira.record.events import FileRole

How = Literal["kept", "commit", "artifact", "link", "in place", ""]
State = Literal["exact", "unchecked", "changed", "missing"]


class RestoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that the run ran or read, and whether it is here again."""

    path: str
    """Absolute, as the run had it."""
    role: FileRole
    state: State
    """`exact`: its digest is the recorded one. `unchecked`: no digest was recorded. `changed`: only
    other content can be had. `missing`: none.
    """
    how: How = ""
    """From the object store (`kept`), the `commit` with the recorded changes, an `artifact`; a
    `link` to where it still is, or left `in place` outside of the project.
    """
    digest: str | None = None
    reason: str = ""
    is_needed: bool = True
    """False when another process may have opened it, or the run wrote it, too."""


class Unavailable(msgspec.Struct, frozen=True):
    """A package that cannot be had, and why."""

    name: str
    version: str
    reason: str


class RestoredEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """The environment that was built, held against the recorded one."""

    python: str
    """The interpreter to start programs with; empty when there is none."""
    version: str
    packages: int = 0
    """How many the run had imported."""
    exact: int = 0
    """How many of them are here in the recorded version."""
    unavailable: list[Unavailable] = []
    inexact: list[str] = []
    """What is not as it was, as sentences without full stops."""


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """A run, restored in a folder."""

    run: str
    name: str
    root: str
    """The project's folder of the run."""
    folder: str
    directory: str
    """Where the command is started, relative to `folder`."""
    command: list[str]
    """As it is started here: paths into the project's folder are mapped."""
    files: list[RestoredFile]
    from_commit: int = 0
    """Files of the commit that were written besides: the run is not known to have used them."""
    environment: RestoredEnvironment | None = None
    inexact: list[str] = []
    """What else is not as it was, as sentences without full stops."""

    @property
    def blocking(self) -> list[RestoredFile]:
        """Files without which the run cannot be the same."""
        return [f for f in self.files if f.is_needed and f.state in ("changed", "missing")]

    def sentences(self) -> list[str]:
        """Return what is not exact, most important first."""
        found = [
            f"{file.path} {'has changed since' if file.state == 'changed' else 'cannot be had'}"
            f"{f': {file.reason}' if file.reason else ''}"
            for file in (*self.blocking, *self._doubtful())
        ]
        if self.environment is not None:
            found += [
                f"the package {p.name} {p.version} cannot be had: {p.reason}"
                for p in self.environment.unavailable
            ]
            found += self.environment.inexact
        return [*found, *self.inexact]

    def _doubtful(self) -> list[RestoredFile]:
        return [f for f in self.files if not f.is_needed and f.state in ("changed", "missing")]

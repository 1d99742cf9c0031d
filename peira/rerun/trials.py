"""The trials of a search, on disk, so that it can go on where it was stopped.

`<lab>/bisect/<A>-<B>.jsonl`: a line for each trial that ended, the mix and its run; see
docs/formats/bisect.md. Results are read from the runs, so another metric needs no other trials.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

import msgspec

from peira.core.clock import now_s
from peira.core.errors import LabError
from peira.record import lines
from peira.record.reader import chunks

FOLDER = "bisect"


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """A mix that was run to its end."""

    mix: list[str]
    """Ids of the causes that were as in run A, sorted."""
    run: str
    """Its run; empty when it could not be started, and `reason` says why."""
    reason: str = ""
    time: float = 0.0


_decoder = msgspec.json.Decoder(Trial)


class Trials:
    """The trials of the search between two runs. What `add` returned from is on disk."""

    def __init__(self, root: Path, a: str, b: str) -> None:
        self.path = root / FOLDER / f"{a}-{b}.jsonl"
        self._found: dict[frozenset[str], list[Trial]] = {}
        for trial in self._read():
            self._found.setdefault(frozenset(trial.mix), []).append(trial)

    def of(self, mix: Collection[str]) -> list[Trial]:
        """Return the trials of a mix, oldest first."""
        return self._found.get(frozenset(mix), [])

    def __len__(self) -> int:
        return sum(len(trials) for trials in self._found.values())

    def add(self, trial: Trial) -> None:
        """Keep a trial.

        Raises:
            LabError: it cannot be written.
        """
        trial = msgspec.structs.replace(trial, time=now_s())
        try:
            self.path.parent.mkdir(mode=0o700, exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            with os.fdopen(os.open(self.path, flags, 0o600), "ab", buffering=0) as stream:
                stream.write(lines.encode(trial))
                os.fsync(stream.fileno())
        except OSError as error:
            raise LabError(f"Cannot write {self.path}: {error.strerror}.") from error
        self._found.setdefault(frozenset(trial.mix), []).append(trial)

    def forget(self) -> None:
        """Begin anew; the runs of the trials stay."""
        self.path.unlink(missing_ok=True)
        self._found.clear()

    def _read(self) -> list[Trial]:
        if not self.path.exists():
            return []
        return [
            _decoder.decode(body) for scanned in chunks(self.path, 0) for body in scanned.bodies
        ]

"""Results of the same function with the same params, in this sweep's lab: what `reuse` takes.

Sweeps of the same function and objectives are looked through. A trial stands for a new one when
its code and the files that it read are still what they were, byte by byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
from blake3 import blake3

from peira.core.errors import DamagedError, NotFoundError, UnsupportedError
from peira.record import events, reader
from peira.record.folder import RunFolder, run_folder
from peira.sweeps.definition import Definition
from peira.sweeps.domain import Value
from peira.sweeps.folder import sweep_folders
from peira.sweeps.ledger import Ledger
from peira.sweeps.task import Outcome


class EarlierTrials:
    """The trials that may stand for new ones."""

    def __init__(self, lab: Path, definition: Definition) -> None:
        self._lab = lab
        self._known: dict[bytes, tuple[str, tuple[float, ...]]] = {}
        function = definition.function
        if function is None or not function.place:
            return
        for folder in sweep_folders(lab):
            try:
                other = folder.read()
            except (NotFoundError, DamagedError, UnsupportedError):
                continue
            is_same = other.function is not None and other.function.place == function.place
            if is_same and other.objectives == definition.objectives:
                self._take(Ledger(folder, other))

    def _take(self, ledger: Ledger) -> None:
        ledger.catch_up()
        for entry in ledger.trials.values():
            last = entry.last
            if last.end is not None and last.end.state == "complete" and last.run:
                self._known.setdefault(_key(last.params), (last.run, last.values))

    def find(self, params: Mapping[str, Value]) -> Outcome | None:
        """Return the result that stands for a trial with these params; None when there is none."""
        found = self._known.get(_key(params))
        if found is None or not _is_unchanged(run_folder(self._lab, found[0])):
            return None
        return Outcome(state="reused", values=found[1], run=found[0], reason="it was run before")


def _key(params: Mapping[str, Value]) -> bytes:
    return msgspec.json.encode(dict(sorted(params.items())))


def _is_unchanged(folder: RunFolder) -> bool:
    """Whether the code of a run and what it read are what they were. Without a record of the code
    nobody knows.
    """
    met: dict[Path, str] = {}
    has_code = False
    for path in folder.events_files():
        for piece in reader.chunks(path, is_final=True):
            for _, event in reader.events(piece).records:
                if isinstance(event, events.Files) and event.role != "output":
                    has_code = has_code or event.role == "source"
                    met |= {Path(event.root, f.path): f.object for f in event.files if f.object}
    return has_code and all(_has(path, digest) for path, digest in met.items())


def _has(path: Path, digest: str) -> bool:
    try:
        return blake3().update_mmap(path).hexdigest() == digest
    except OSError:
        return False

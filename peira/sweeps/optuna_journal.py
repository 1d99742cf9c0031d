"""Where Optuna's journal of studies lives in a lab: `.peira/optuna/<name>.jsonl`.

Optuna's `JournalStorage` turns every change of a study into an entry; entries are numbered by their
order in the file. Each is a framed line (docs/formats/lines.md), so a torn or damaged line is no
entry for anybody, and costs that one only. See docs/formats/optuna-journal.md.
"""

from __future__ import annotations

import json
import os
from array import array
from pathlib import Path
from typing import Any

from optuna.storages.journal import BaseJournalBackend

from peira.record import lines
from peira.sweeps.lock import FolderLock


class LabJournal(BaseJournalBackend):
    """Optuna's journal in a file of framed lines. Safe for many processes, on many machines with
    the folder in common.

    Args:
        path: the file; made with its folder at the first entry.

    >>> import tempfile
    >>> journal = LabJournal(Path(tempfile.mkdtemp()) / "studies.jsonl")
    >>> journal.append_logs([{"op_code": 0}, {"op_code": 1}])
    >>> journal.read_logs(1)
    [{'op_code': 1}]
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path).absolute()
        self._lock = FolderLock(self.path)
        self._starts = array("q", [0])
        """Where each known entry begins, and last where the next one would."""

    def read_logs(self, log_number_from: int) -> list[dict[str, Any]]:
        """Return the entries from a number on. A line that is being written is not there yet."""
        known = min(log_number_from, len(self._starts) - 1)
        try:
            with self.path.open("rb") as stream:
                stream.seek(self._starts[known])
                data = stream.read()
        except FileNotFoundError:
            return []
        del self._starts[known + 1 :]
        found = []
        position = self._starts[known]
        for line in data.split(b"\n")[:-1]:
            position += len(line) + 1
            body = lines.body(line)
            if body is None:
                continue
            found.append(json.loads(body))
            self._starts.append(position)
        return found[log_number_from - known :]

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append entries; they survive the death of this process when this returns."""
        encoded = b"".join(
            lines.frame(json.dumps(log, separators=(",", ":")).encode()) for log in logs
        )
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._lock.held():
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            descriptor = os.open(self.path, flags, 0o600)
            try:
                size = os.fstat(descriptor).st_size
                if size and os.pread(descriptor, 1, size - 1) != b"\n":
                    encoded = b"\n" + encoded  # ends what a dead writer left
                while encoded:
                    encoded = encoded[os.write(descriptor, encoded) :]
            finally:
                os.close(descriptor)

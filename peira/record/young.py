"""Which runs are young: begun since somebody last read the lab, or not ended then.

    .peira/young/<run-id>      an empty file, made when the run is born

A look into the index finds all other runs; who must find these, too, within milliseconds, would
have to list a hundred thousand folders. The reader that brings the run's end into the lab's own
index removes the mark. Without any marks everything works, and the look takes longer.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from peira.core.ids import is_run_id

NAME = "young"


def mark(lab: Path, run_id: str) -> None:
    """Mark a run that is being born. What the disk refuses is not marked."""
    path = lab / NAME / run_id
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
    try:
        try:
            descriptor = os.open(path, flags, 0o600)
        except FileNotFoundError:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            descriptor = os.open(path, flags, 0o600)
    except OSError:
        return
    os.close(descriptor)


def marked(lab: Path) -> list[str] | None:
    """Return the ids of the runs that are marked; None when the lab has no marks at all."""
    try:
        return [name for name in os.listdir(lab / NAME) if is_run_id(name)]  # noqa: PTH208 - may be many
    except OSError:
        return None


def unmark(lab: Path, runs: Iterable[str]) -> None:
    """Remove marks, as far as one may."""
    for run_id in runs:
        try:
            (lab / NAME / run_id).unlink()
        except OSError:
            continue

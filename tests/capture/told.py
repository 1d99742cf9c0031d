"""What a run told of its files, read from the files of the lab themselves."""

from __future__ import annotations

from pathlib import Path

from peira.record.events import Captured, FileRole, Files, SeenFile
from peira.record.folder import run_folders
from tests.sdk.reading import read_run


def told_files(lab: Path, role: FileRole) -> dict[str, SeenFile]:
    """Return the files that the newest run told of in a role, by absolute path."""
    told = [line for line in read_run([*run_folders(lab)][-1]).of(Files) if line.role == role]
    return {str(Path(line.root, file.path)): file for line in told for file in line.files}


def told_seeds(lab: Path) -> dict[str, object]:
    """Return the seeds that the newest run told of."""
    told = read_run([*run_folders(lab)][-1]).of(Captured)
    return ([line.value for line in told if line.aspect == "seeds"] or [{}])[-1]

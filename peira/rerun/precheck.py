"""Whether a program that is about to be launched has run already."""

from __future__ import annotations

import os

from peira.core.settings import read_settings
from peira.lab.earlier import EarlierRuns
from peira.launch.launcher import Prepared, Request
from peira.record.folder import find_lab
from peira.rerun import guard
from peira.rerun.beginning import beginning
from peira.rerun.guard import Found
from peira.session import project_name


def precheck(request: Request) -> Found:
    """Return what launching it would repeat.

    Raises:
        UsageError, NotStartedError: as `peira.launch.launcher.launch`.
        LabError: the lab cannot be found.
    """
    settings = read_settings()
    if settings.off:
        return Found()
    prepared = Prepared.of(request)
    directory = str(prepared.directory)
    root = find_lab(None, os.fspath(request.lab or "") or settings.lab)
    now = beginning(prepared.command, directory, prepared.environment, prepared.given, root)
    with EarlierRuns(root) as earlier:
        return guard.before(
            earlier, now, project_name(prepared.wanted.project, settings, directory)
        )

"""How the program was started: command, directory, user, parent."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from peira.capture.birth import command, user_name, working_directory


def process() -> dict[str, Any]:
    """Return command (redacted), directory, user, pid, parent program and interpreter."""
    return {
        "command": command(),
        "directory": working_directory(),
        "executable": sys.executable,
        "user": user_name(),
        "pid": os.getpid(),
        "parent": _parent(),
    }


def _parent() -> dict[str, Any]:
    """The parent's name only: its arguments are somebody else's."""
    pid = os.getppid()
    try:
        return {"pid": pid, "program": Path(f"/proc/{pid}/comm").read_text().strip()}
    except OSError:
        pass
    import psutil

    try:
        return {"pid": pid, "program": psutil.Process(pid).name()}
    except psutil.Error:
        return {"pid": pid}

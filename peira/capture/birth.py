"""What a run must know about itself before its first line: cheap facts only."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from peira.capture.redaction import redact_arguments
from peira.record.liveness import boot_id, host, process_started

_ARGUMENT_CHARACTERS_MAX = 4_096
_ARGUMENTS_MAX = 1_000


def script_now() -> str | None:
    """Return the path of the program's script as Python knows it now, or None."""
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    return str(Path(file).resolve()) if file and Path(file).is_file() else None


SCRIPT = script_now()
"""The path of the program's script, or None. Read here, in the thread that makes the run: Python
forgets `__main__.__file__` when the last line of a script has run, and a short script is collected
after that. The directory may have changed by then, too.
"""


def birth_facts(launched: Sequence[str] | None = None, directory: str = "") -> dict[str, Any]:
    """Return the fields of `Birth` that the process itself knows.

    Args:
        launched: the command line of the program that this process starts and whose run it records;
            None when it records itself.
        directory: the working directory of that program.

    The keys are `user, host, boot, pid, pid_started, command, directory, python`. The command line
    is redacted. What cannot be found out is empty (`""`, `0.0`). Takes below 5 ms; safe from any
    thread and after a fork.
    """
    pid = os.getpid()
    return {
        "user": user_name(),
        "host": host(),
        "boot": boot_id(),
        "pid": pid,
        "pid_started": process_started(pid),
        "command": command(launched),
        "directory": printable_path(directory) or working_directory(),
        "python": sys.version.split()[0] if launched is None else "",
    }


def user_name() -> str:
    """Return who runs this: `PEIRA_USER` when set, else the name the system knows."""
    for variable in ("PEIRA_USER", "LOGNAME", "USER", "LNAME", "USERNAME"):
        name = os.environ.get(variable, "").strip()
        if name:
            return name
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user without an entry in the password file
        return f"uid-{os.getuid()}"


def command(launched: Sequence[str] | None = None) -> list[str]:
    """Return a command line, this process's own when None, redacted; long words are cut."""
    words = list(launched or sys.orig_argv or sys.argv)[:_ARGUMENTS_MAX]
    return [
        w if len(w) <= _ARGUMENT_CHARACTERS_MAX else w[:_ARGUMENT_CHARACTERS_MAX] + "…"
        for w in redact_arguments([printable_path(w) for w in words])
    ]


def working_directory() -> str:
    """Return the working directory, or "" when it has been removed."""
    try:
        return printable_path(str(Path.cwd()))
    except OSError:
        return ""


def printable_path(text: str) -> str:
    """Bytes of file names that are not UTF-8 come as lone surrogates, which JSON cannot carry."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")

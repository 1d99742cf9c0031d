"""Which files are none of a run's: those of the interpreter, of installed packages, of the system
and of Peira itself.
"""

from __future__ import annotations

import os
import sys

_PARTS = ("/site-packages/", "/dist-packages/", "/.peira/", "/.git/", "/node_modules/")
_ENDS = (".pyc", ".pyo", ".pth", ".egg-link")
_SYSTEM = ("/proc/", "/sys/", "/dev/", "/etc/", "/run/", "/usr/share/", "/usr/lib")
_DATA = ("/dev/shm/", "/run/media/")
"""Below what is the system's, and data all the same: memory, and disks that were plugged in."""
_OF_PREFIX = ("lib/", "lib64/", "Lib/", "bin/", "include/", "share/", "pyvenv.cfg")
_OF_HOME = (".config", ".cache/matplotlib", ".cache/fontconfig", ".nv", ".triton", ".local/lib")


def _starts() -> tuple[str, ...]:
    peira = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    starts = [peira + os.sep]
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    # Not the whole prefix: a project may be its own virtual environment.
    starts += [os.path.join(prefix, part) for prefix in prefixes for part in _OF_PREFIX]
    starts.append(os.path.dirname(os.__file__) + os.sep)
    home = os.path.expanduser("~")
    if home not in ("~", os.sep):
        starts += [os.path.join(home, part) + os.sep for part in _OF_HOME]
    starts += [
        os.path.join(os.path.abspath(os.environ[name]), "")
        for name in ("PEIRA_SPOOL", "PEIRA_LAB")
        if os.environ.get(name) and "://" not in os.environ[name]
    ]
    return tuple(starts)


STARTS = _starts()


def is_ignored(path: str) -> bool:
    """Whether the file of an absolute path is none of a run's."""
    if path.startswith(STARTS) or path.endswith(_ENDS) or any(part in path for part in _PARTS):
        return True
    return path.startswith(_SYSTEM) and not path.startswith(_DATA)
